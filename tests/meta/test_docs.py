"""What the documentation claims is compared with the code. Run with WATCHKEEPER_WRITE_DOCS=1 to write it anew."""

from __future__ import annotations

import ast
import dataclasses
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
from cloud.permissions import READ, policy
from cloud.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
IAM_PREFIX = {"elbv2": "elasticloadbalancing"}
NEEDS_NO_PERMISSION = {"sts:GetCallerIdentity", "sts:AssumeRole"}
"""GetCallerIdentity is always allowed; AssumeRole is the caller's own, on the roles that settings name."""


def compare(name: str, expected: str) -> None:
    path = ROOT / "docs" / name
    if os.environ.get("WATCHKEEPER_WRITE_DOCS") == "1":
        path.write_text(expected, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == expected, (
        f"docs/{name} is behind the code; run with WATCHKEEPER_WRITE_DOCS=1"
    )


def test_the_settings_page_lists_every_setting() -> None:
    rows = [
        f"| `{PREFIX}{name.upper()}` | {field.description} | {(field.json_schema_extra or {}).get('accepted')} "  # type: ignore[union-attr]
        f"| {'none' if field.default in (None, (), '') else f'`{field.default}`'} |"
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


def operations() -> dict[str, str]:
    """Map the Python name and AWS's name of every operation of the services that we call to its IAM action."""
    session = botocore.session.get_session()
    return {
        name: f"{IAM_PREFIX.get(service, service)}:{operation}"
        for service in ("sts", "sns", "ec2", "autoscaling", "elbv2", "cloudwatch", "kms")
        for operation in session.get_service_model(service).operation_names
        for name in (operation, xform_name(operation))
    }


def called(names: dict[str, str]) -> set[str]:
    """List the actions whose operation stands, as a method or as an argument, in a room that calls AWS."""
    found: set[str] = set()
    for path in [*(ROOT / "collectors").rglob("*.py"), *(ROOT / "cloud").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            words += [node.func.attr] if isinstance(node.func, ast.Attribute) else []
            found |= {names[word] for word in words if isinstance(word, str) and word in names}
    return found - NEEDS_NO_PERMISSION


def test_the_policy_allows_just_what_is_called() -> None:
    assert called(operations()) == {permission.action for permission in READ}


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
