"""What the documentation claims is compared with the code. Run with WATCHKEEPER_WRITE_DOCS=1 to write it anew."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import json
import os
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import botocore.session
import pytest
from botocore import xform_name

import dashboard.views
from alarms.doctor import Code
from cloud.permissions import (
    ALWAYS,
    IAM_PREFIX,
    LINE_PUSHES,
    PUSHES,
    READS,
    WRITES,
    export_policy,
    guarding_policy,
    policy,
    pushing_lines_policy,
    pushing_policy,
    writing_budgets_policy,
    writing_policy,
)
from cloud.settings import PREFIX, Settings
from collectors.exports import columns

ROOT = Path(__file__).parents[2]
NEEDS_NO_PERMISSION = {f"{service}:{operation}" for service, operation in ALWAYS}
"""GetCallerIdentity is always allowed; AssumeRole is the caller's own, on the roles that settings name."""


def compare(name: str, expected: str) -> None:
    path = ROOT / "docs" / name
    if os.environ.get("WATCHKEEPER_WRITE_DOCS") == "1":
        path.write_text(expected, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == expected, (
        f"docs/{name} is behind the code; run with WATCHKEEPER_WRITE_DOCS=1"
    )


def default_of(value: object) -> str:
    if value in (None, (), ""):
        return "none"
    return f"`{','.join(map(str, value)) if isinstance(value, tuple) else value}`"


def test_the_settings_page_lists_every_setting() -> None:
    rows = [
        f"| `{PREFIX}{name.upper()}` | {field.description} | {(field.json_schema_extra or {}).get('accepted')} "  # type: ignore[union-attr]
        f"| {default_of(field.default)} |"
        for name, field in Settings.model_fields.items()
    ]
    compare(
        "settings.md",
        "# Settings\n\n"
        "An environment variable wins over `watchkeeper.toml` (or the file that `WATCHKEEPER_CONFIG` names), which\n"
        "wins over the default. In the file a setting is its name without the prefix, in lower case. Credentials are\n"
        "no setting: botocore's ordinary chain finds them. `python -m cloud settings` prints what is in force.\n\n"
        "| setting | what it is | accepted | default |\n|---|---|---|---|\n" + "\n".join(rows) + "\n",
    )


def test_the_policy_in_the_docs_is_the_one_that_the_code_needs() -> None:
    compare("iam/read-only.json", json.dumps(policy(), indent=2) + "\n")


def test_the_policy_of_the_writing_role_is_the_one_that_the_code_needs() -> None:
    compare("iam/write-alarms.json", json.dumps(writing_policy(), indent=2) + "\n")
    compare("iam/write-budgets.json", json.dumps(writing_budgets_policy(), indent=2) + "\n")


def test_the_policy_of_the_guard_is_the_one_that_the_code_needs() -> None:
    compare("iam/guard.json", json.dumps(guarding_policy(), indent=2) + "\n")


def test_the_policy_of_what_pushes_metrics_is_the_one_that_the_code_needs() -> None:
    compare("iam/push-metrics.json", json.dumps(pushing_policy(), indent=2) + "\n")
    compare("iam/push-log-metrics.json", json.dumps(pushing_lines_policy(), indent=2) + "\n")


def test_the_policy_of_a_billing_export_is_the_one_that_the_code_needs() -> None:
    compare("iam/read-billing-export.json", json.dumps(export_policy(), indent=2) + "\n")


SERVICES = (
    "s3",
    "sts",
    "sns",
    "ec2",
    "autoscaling",
    "elbv2",
    "cloudwatch",
    "kms",
    "ce",
    "budgets",
    "freetier",
    "lambda",
    "logs",
)
CHANGES_NOTHING = {
    ("logs", name) for name in ("FilterLogEvents", "TestMetricFilter", "StartLiveTail", "StartQuery", "StopQuery")
}
"""Reads that are not named as such."""


@functools.cache
def operations(service: str) -> dict[str, str]:
    """Map the Python name and AWS's name of every operation of a service that we call to its IAM action."""
    model = botocore.session.get_session().get_service_model(service)
    return {
        name: f"{IAM_PREFIX.get(service, service)}:{operation}"
        for operation in model.operation_names
        for name in (operation, xform_name(operation))
    }


def nodes_in(room: str) -> list[ast.AST]:
    files = (ROOT / room).rglob("*.py")
    return [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]


def called() -> set[str]:
    """List the actions that stand in a room that calls AWS, and those that plans name as (service, operation)."""
    found: set[str] = set()
    for node in [*nodes_in("collectors"), *nodes_in("cloud")]:
        if not isinstance(node, ast.Call):
            continue
        words = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
        named = [service for service in SERVICES if service in words] or SERVICES
        words += [node.func.attr] if isinstance(node.func, ast.Attribute) else []
        found |= {operations(service)[word] for service in named for word in words if word in operations(service)}
    for room in ("access", "alarms", "budgets", "collectors"):
        for node in nodes_in(room):
            words = [str(word.value) for word in getattr(node, "elts", ()) if isinstance(word, ast.Constant)]
            if len(words) == 2 and words[0] in SERVICES:
                found.add(operations(words[0])[words[1]])
    return found - NEEDS_NO_PERMISSION


def test_the_policies_allow_just_what_is_called() -> None:
    calls = (READS | WRITES | PUSHES | LINE_PUSHES) - ALWAYS
    allowed = {f"{IAM_PREFIX.get(service, service)}:{operation}" for service, operation in calls}
    assert called() == allowed


def test_nothing_that_reads_is_on_the_list_of_what_writes() -> None:
    assert not READS & (WRITES | PUSHES | LINE_PUSHES)
    assert not WRITES & (PUSHES | LINE_PUSHES)
    named = ("Get", "List", "Describe", "AssumeRole")
    assert all(call in CHANGES_NOTHING or call[1].startswith(named) for call in READS)


def names(spellings: tuple[str, ...]) -> str:
    return ", else ".join(f"`{spelling}`" for spelling in spellings) or "nothing"


def test_the_names_of_exports_are_documented() -> None:
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    before, _, rest = page.partition("| name |")
    _, _, after = rest.partition("\n\n")
    rows = [
        f"| `{column.name}` | {names(column.focus)} | {names(column.cur)} |"
        for column in (*columns.TEXTS, *columns.AMOUNTS, columns.QUANTITY, columns.STARTS, columns.MONTH_STARTS)
    ]
    table = "| name | in FOCUS | in legacy CUR |\n|---|---|---|\n" + "\n".join(rows)
    compare("exports.md", f"{before}{table}\n\n{after}")


def view_modules() -> list[ModuleType]:
    return [
        importlib.import_module(f"dashboard.views.{found.name}")
        for found in pkgutil.iter_modules(dashboard.views.__path__)
    ]


@pytest.mark.parametrize("module", view_modules(), ids=lambda module: module.__name__)
def test_every_field_of_a_view_is_documented(module: ModuleType) -> None:
    """A string under the field, or the class's own docstring naming it."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef) or not dataclasses.is_dataclass(getattr(module, node.name)):
            continue
        doc = ast.get_docstring(node) or ""
        assert doc, f"{module.__name__}.{node.name} has no docstring"
        for here, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(here, ast.AnnAssign) and isinstance(here.target, ast.Name):
                explained = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                assert explained or f"`{here.target.id}`" in doc, f"{node.name}.{here.target.id} is not documented"


def test_every_finding_of_the_doctor_is_documented() -> None:
    page = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE) == [str(code) for code in Code]
