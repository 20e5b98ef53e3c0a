"""Alarms that other people wrote: each one is loaded, or refused with a reason that its author would accept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alarms.as_code import Loaded, load
from alarms.as_code.hcl_expressions import closing

SHARED = Path(__file__).parents[4] / "shared" / "data"
DATA = SHARED / "alarm_definitions"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the sample data (../shared/data/alarm_definitions) are not on this machine"
)


def records(name: str) -> list[dict[str, Any]]:
    return list(json.loads((DATA / name).read_text(encoding="utf-8")))


def as_sub(value: Any) -> Any:
    """A record has `${X}` where its template had a function; give the function back."""
    if isinstance(value, str) and value == "${Fn::ImportValue}":
        return {"Fn::ImportValue": "an export"}
    if isinstance(value, str) and "${" in value:
        return {"Fn::Sub": value}
    if isinstance(value, list):
        return [as_sub(entry) for entry in value]
    if isinstance(value, dict):
        return {name: as_sub(member) for name, member in value.items()}
    return value


def without_comments(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if not name.startswith("__")}


def load_cloudformation(record: dict[str, Any], folder: Path) -> Loaded:
    path = folder / "template.json"
    resource = {"Type": record["type"], "Properties": as_sub(record["properties"])}
    path.write_text(json.dumps({"Resources": {record["logical_id"]: resource}}), encoding="utf-8")
    (loaded,) = load(path)
    return loaded


def load_terraform(record: dict[str, Any], folder: Path) -> Loaded:
    path = folder / "alarm.tf.json"
    name = record["logical_id"].split(".")[-1]
    resource = {record["type"]: {name: without_comments(record["properties"])}}
    path.write_text(json.dumps({"resource": resource}), encoding="utf-8")
    (loaded,) = load(path)
    return loaded


def test_every_cloudformation_alarm_loads(tmp_path: Path) -> None:
    loaded = [load_cloudformation(record, tmp_path) for record in records("alarms_cloudformation.json")]
    assert len(loaded) == 46
    assert [(alarm.name, alarm.refusal) for alarm in loaded if alarm.definition is None] == []


def test_every_terraform_alarm_loads_or_says_what_is_open(tmp_path: Path) -> None:
    every = records("alarms_terraform.json")
    loaded = [load_terraform(record, tmp_path) for record in every]
    refused = [alarm for alarm in loaded if alarm.definition is None]
    assert (len(loaded), len(refused)) == (131, 48)
    for alarm in refused:
        assert re.search(r" is \$\{.+\}: .+", alarm.refusal), alarm.refusal
        assert re.search(r"is not in these files|when Terraform plans|for_each stands beside", alarm.refusal)


def test_the_files_of_records_themselves_are_read(tmp_path: Path) -> None:
    """`python -m alarms check` on the files as they lie says the same of each alarm as on a template made of it."""
    for name, load_one in (
        ("alarms_cloudformation.json", load_cloudformation),
        ("alarms_terraform.json", load_terraform),
    ):
        whole = load(DATA / name)
        singly = [load_one(record, tmp_path) for record in records(name)]
        assert [(alarm.definition, alarm.name) for alarm in whole] == [(one.definition, one.name) for one in singly]
        assert [alarm.refusal for alarm in whole] == [one.refusal for one in singly]
        assert len({alarm.line for alarm in whole}) == len(whole)


def test_what_aws_answered_or_documents_loads(tmp_path: Path) -> None:
    answers = [
        json.loads(path.read_text(encoding="utf-8"))["data"]
        for path in sorted((SHARED / "recorded_aws" / "cloudwatch").glob("DescribeAlarms*/*.json"))
    ]
    examples = json.loads((SHARED / "aws_cli_documented" / "examples.json").read_text(encoding="utf-8"))
    answers += [example["json"] for example in examples if example["operation"].startswith("describe-alarms")]
    path = tmp_path / "alarms.json"
    loaded: list[Loaded] = []
    for answer in answers:
        path.write_text(json.dumps(answer), encoding="utf-8")
        loaded += load(path)
    assert len(loaded) == 9
    assert [(alarm.name, alarm.refusal) for alarm in loaded if alarm.definition is None] == []


def hcl(value: Any) -> str:
    """Write a value of a record in Terraform's own language, its `${…}` as expressions."""
    if isinstance(value, str):
        is_one = value.startswith("${") and closing(value, 2) == len(value) - 1
        plain = re.sub(r"(\$\{[^}]*\})|\"", lambda found: found[1] or '\\"', value)
        return (value[2:-1] if is_one else f'"{plain}"').replace("\n", "\\n")
    if isinstance(value, list):
        return f"[{', '.join(map(hcl, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{name}" = {hcl(member)}' for name, member in value.items()) + " }"
    return json.dumps(value)


def hcl_body(properties: dict[str, Any]) -> str:
    lines = []
    for name, value in properties.items():
        if name in {"metric_query", "metric"}:
            lines += [f"{name} {{\n{hcl_body(block)}\n}}" for block in value]
        else:
            lines.append(f"{name} = {hcl(value)}")
    return "\n".join(lines)


def test_terraforms_own_language_reads_as_its_json_does(tmp_path: Path) -> None:
    path = tmp_path / "own" / "alarm.tf"
    path.parent.mkdir()
    for record in records("alarms_terraform.json"):
        own = hcl_body(without_comments(record["properties"]))
        name = record["logical_id"].split(".")[-1]
        path.write_text(f'resource "{record["type"]}" "{name}" {{\n{own}\n}}\n', encoding="utf-8")
        (loaded,) = load(path)
        expected = load_terraform(record, tmp_path)
        assert (loaded.definition, loaded.refusal) == (expected.definition, expected.refusal)
