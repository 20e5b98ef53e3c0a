"""`python -m cloud run` starts everything; `python -m cloud settings` prints the settings in force and their source."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime

from cloud import running
from cloud.clients import Clients
from cloud.faults import CloudError
from cloud.metering import Meter
from cloud.settings import Settings, SettingsError, load, sources


def clock() -> datetime:
    return datetime.now(UTC)


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m cloud", description=__doc__)
    parser.add_argument("command", choices=("run", "settings"))
    command = parser.parse_args(arguments).command
    try:
        settings = load()
    except SettingsError as error:
        print("Watchkeeper cannot start with these settings:", file=sys.stderr)
        for line in error.lines:
            print(f"  {line}", file=sys.stderr)
        return 2
    return run(settings) if command == "run" else show(settings)


def run(settings: Settings) -> int:
    found = running.problems(settings)
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        return 1
    try:
        say(f"Watchkeeper starts, watching {watched(settings)} …")
    except CloudError as error:
        print(f"AWS does not let us in: {error.detail or error.kind}.", file=sys.stderr)
        print("Check the credentials in the environment (AWS_PROFILE, SSO login, role) and try again;", file=sys.stderr)
        print("or watch the demo cloud, which needs none: WATCHKEEPER_CLOUD=demo make run", file=sys.stderr)
        return 1
    return running.run(settings, os.environ, say=say)


def watched(settings: Settings) -> str:
    """Say what will be watched; on AWS ask who we are, before anything starts."""
    if settings.is_demo:
        return "the embedded demo cloud"
    clients = Clients(settings, Meter(settings.data_dir, clock=clock))
    try:
        identity = clients.identity()
        places = ", ".join(f"{clients.account_name(scope.account)} in {scope.region}" for scope in clients.scopes())
    finally:
        clients.close()
    return f"AWS account {places} as {identity.arn}"


def show(settings: Settings) -> int:
    rows = sources(settings, os.environ)
    width = max(len(name) for name, _, _ in rows)
    for name, value, source in rows:
        say(f"{name:<{width}}  {value}  ({source})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
