# Two commands do everything: `make run` and `make test`. Both make their own virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
AWSCLI := .tools/awscli
JSSDK := .tools/js

.PHONY: run test lint types layers pytest bench clean

run: $(VENV)/.run-ready
	@exec $(BIN)/python -m cloud run

test: lint types layers pytest

lint: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test-ready
	$(BIN)/mypy

layers: $(VENV)/.test-ready
	$(BIN)/lint-imports

pytest: $(VENV)/.test-ready $(AWSCLI)/bin/aws
	PYTHON=$(BIN)/python sh tests/browser/find_chromium.sh
	sh tests/find_postgres.sh
	WATCHKEEPER_AWS_CLI=$(CURDIR)/$(AWSCLI)/bin/aws $(BIN)/python -m pytest

bench: $(VENV)/.test-ready $(AWSCLI)/bin/aws $(JSSDK)/node_modules
	WATCHKEEPER_AWS_CLI=$(CURDIR)/$(AWSCLI)/bin/aws WATCHKEEPER_JS_SDK=$(CURDIR)/$(JSSDK) $(BIN)/python -m benchmarks.read_metrics
	$(BIN)/python -m benchmarks.alarms
	$(BIN)/python -m benchmarks.wall
	$(BIN)/python -m benchmarks.workbench
	$(BIN)/python -m benchmarks.own_cost
	$(BIN)/python -m benchmarks.push
	$(BIN)/python -m benchmarks.spend

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Watchkeeper needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Name another with: make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt constraints.txt | $(BIN)/python
	$(PIP) -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/.test-ready: requirements-dev.txt requirements.txt constraints.txt | $(BIN)/python
	$(PIP) -r requirements-dev.txt -c constraints.txt
	@touch $@ $(VENV)/.run-ready

# The AWS CLI pins its own botocore, so it lives apart from ours.
$(AWSCLI)/bin/aws: | $(BIN)/python
	$(BIN)/python -m venv $(AWSCLI)
	$(AWSCLI)/bin/python -m pip install --quiet --disable-pip-version-check awscli==1.46.3

# Only to be measured against; without npm its row is left out.
$(JSSDK)/node_modules:
	@mkdir -p $(JSSDK)
	-npm install --silent --no-audit --no-fund --prefix $(JSSDK) @aws-sdk/client-cloudwatch@3.1164.0

clean:
	rm -rf $(VENV) .tools .var
