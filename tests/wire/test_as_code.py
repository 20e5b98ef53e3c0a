"""What is written as code is taken where it is meant to go, and a folder of it makes the alarms of a cloud."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cfnlint.api import lint

from access.audit import Audit
from alarms.__main__ import main
from alarms.as_code.folder import Standing, compare
from alarms.as_code.writing import as_boto3, as_cli, as_cloudformation, as_requests
from alarms.definition import Alarm, from_response, parse, to_request
from tests.wire.clouds import Cloud, aws_cli

pytestmark = pytest.mark.wire

STAT = {"Metric": {"Namespace": "Shop", "MetricName": "Visits"}, "Period": 60, "Stat": "Sum"}
PLAIN = {"EvaluationPeriods": 2, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
SINGLE = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Period": 60} | PLAIN
KINDS: dict[str, dict[str, Any]] = {
    "a single metric": SINGLE
    | {
        "Statistic": "Average",
        "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
        "AlarmActions": ["arn:aws:sns:us-east-1:111111111111:ops"],
        "TreatMissingData": "notBreaching",
        "DatapointsToAlarm": 1,
        "Tags": [{"Key": "owner", "Value": 'it\'s "ours" $(whoami)'}],
    },
    "a percentile": SINGLE | {"ExtendedStatistic": "p99.9", "EvaluateLowSampleCountPercentile": "ignore"},
    "metric math": PLAIN
    | {
        "Metrics": [
            {"Id": "m1", "MetricStat": STAT, "ReturnData": False},
            {"Id": "e1", "Expression": "m1 * 100", "Label": "times", "ReturnData": True},
        ]
    },
    "an anomaly band": {
        "EvaluationPeriods": 3,
        "ThresholdMetricId": "band",
        "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
        "Metrics": [
            {"Id": "m1", "MetricStat": STAT, "ReturnData": True},
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": True},
        ],
    },
    "a window by the clock": SINGLE
    | {"Statistic": "Sum", "EvaluationWindow": {"WallClockWindow": {"Timezone": "Europe/Paris"}}},
    "a warm-up": SINGLE | {"Statistic": "Sum", "WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 30}},
    "PromQL": {"EvaluationCriteria": {"PromQLCriteria": {"Query": "up == 0"}}, "EvaluationInterval": 60},
    "a composite": {"AlarmRule": 'ALARM("a single metric") AND NOT OK("a percentile")', "AlarmDescription": "both"},
}


def of_kind(kind: str) -> Alarm:
    return parse({"AlarmName": kind, "ActionsEnabled": True} | KINDS[kind])


def live(cloud: Cloud) -> dict[str, Alarm]:
    """Every alarm of a cloud by its name, with its tags, which DescribeAlarms leaves out."""
    client = cloud.client("cloudwatch")
    answer = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = {}
    for described in (*answer["MetricAlarms"], *answer["CompositeAlarms"]):
        tags = client.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"]
        found[described["AlarmName"]] = from_response(described | {"Tags": tags})
    return found


NOT_IN_THE_CLI = {"a composite", "a warm-up"}
"""A composite needs its children first; the newest aws CLI of the registry has no warm-up yet, boto3 has."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NOT_IN_THE_CLI])
def test_the_command_line_makes_the_alarm(kind: str, bare: Cloud) -> None:
    _, *arguments = shlex.split(as_cli(of_kind(kind)))
    bare.aws(*arguments)
    assert live(bare) == {kind: of_kind(kind)}


def test_a_shell_runs_the_command_as_it_is_shown(bare: Cloud) -> None:
    command = as_cli(of_kind("a single metric"))
    environ = {
        "PATH": f"{os.path.dirname(aws_cli())}:{os.environ['PATH']}",  # noqa: PTH120 - a PATH is text
        "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": bare.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    subprocess.run(command, shell=True, check=True, env=environ, timeout=60)  # noqa: S602 - that is what is tested
    assert live(bare) == {"a single metric": of_kind("a single metric")}


@pytest.mark.parametrize("kind", KINDS)
def test_boto3_makes_the_alarm(kind: str, bare: Cloud) -> None:
    for child in ("a single metric", "a percentile") if kind == "a composite" else ():
        _run(as_boto3(of_kind(child)), bare)
    _run(as_boto3(of_kind(kind)), bare)
    assert live(bare)[kind] == of_kind(kind)


def _run(code: str, cloud: Cloud) -> None:
    exec(code.replace("import boto3\n", ""), {"boto3": cloud})  # noqa: S102 - our own code, over loopback


def test_cloudformations_own_schemas_accept_the_template() -> None:
    assert _found(as_cloudformation(map(of_kind, KINDS))) == []


def test_the_schemas_refuse_what_is_wrong() -> None:
    template = as_cloudformation([of_kind("a single metric")]).replace("MetricName:", "MetricNames:")
    assert _found(template) != []


def _found(template: str) -> list[str]:
    """What cfn-lint, which carries AWS's schemas of every resource, has against a template."""
    return [match.message for match in lint(template, regions=["us-east-1"])]


HERE = ("--account", "111111111111", "--region", "us-east-1")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `python -m alarms …` against a cloud."""

    def run_it(cloud: Cloud, *arguments: str, **settings: str) -> tuple[int, str, str]:
        chosen = {"CLOUD": "demo", "DEMO_PORT": str(urlsplit(cloud.url).port), "DATA_DIR": str(tmp_path)} | settings
        for name, value in chosen.items():
            monkeypatch.setenv(f"WATCHKEEPER_{name}", value)
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run_it


ENDINGS = {"json": "alarms.json", "cloudformation": "template.yaml", "terraform": "main.tf"}


@pytest.mark.parametrize("language", ENDINGS)
def test_exported_and_made_again_in_an_empty_cloud_nothing_differs(
    language: str, fresh_cloud: Cloud, run: Run, tmp_path: Path
) -> None:
    code, text, left_out = run(fresh_cloud, "export", "--format", language, *HERE)
    assert (code, left_out) == (0, "")
    folder, nothing = tmp_path / "alarms", tmp_path / "nothing"
    folder.mkdir()
    nothing.mkdir()
    (folder / ENDINGS[language]).write_text(text)
    before = live(fresh_cloud)
    assert run(fresh_cloud, "diff", str(folder), *HERE)[0] == 0
    assert run(fresh_cloud, "apply", str(nothing), "--prune", "--yes", *HERE)[0] == 0
    assert live(fresh_cloud) == {}
    code, out, _ = run(fresh_cloud, "diff", str(folder), *HERE)
    assert code == 1
    assert f": {len(before)} new, 0 changed, 0 as written, 0 only live" in out
    assert run(fresh_cloud, "apply", str(folder), "--yes", *HERE)[0] == 0
    assert run(fresh_cloud, "diff", str(folder), "--prune", *HERE)[0] == 0
    assert {each.standing for each in compare(live(fresh_cloud).values(), before.values())} == {Standing.SAME}


@pytest.mark.parametrize("language", ["json", "cloudformation"])
def test_every_kind_of_alarm_comes_back(language: str, bare: Cloud, run: Run, tmp_path: Path) -> None:
    folder, nothing = tmp_path / "alarms", tmp_path / "nothing"
    folder.mkdir()
    nothing.mkdir()
    for kind in KINDS:
        _run(as_boto3(of_kind(kind)), bare)
    before = live(bare)
    (folder / ENDINGS[language]).write_text(run(bare, "export", "--format", language, *HERE)[1])
    run(bare, "apply", str(nothing), "--prune", "--yes", *HERE)
    code, out, err = run(bare, "apply", str(folder), "--yes", *HERE)
    assert (code, err) == (0, ""), out
    assert live(bare) == before


def test_terraform_says_what_it_has_no_name_for(bare: Cloud, run: Run) -> None:
    _run(as_boto3(of_kind("a warm-up")), bare)
    code, out, err = run(bare, "export", "--format", "terraform", *HERE)
    assert code == 0
    assert "WarmUpConfiguration" in err
    assert out.startswith("# ")


def test_drift_is_shown_by_its_field_and_mended(bare: Cloud, run: Run, tmp_path: Path) -> None:
    (tmp_path / "alarms.json").write_text(as_requests([of_kind("a single metric")]))
    folder = str(tmp_path)
    assert run(bare, "apply", folder, "--yes", *HERE)[0] == 0
    changed = to_request(of_kind("a single metric")) | {"Threshold": 7.0}
    bare.client("cloudwatch").put_metric_alarm(**changed)
    code, out, _ = run(bare, "plan", folder, *HERE)
    assert code == 0
    assert out.splitlines()[:2] == ["~ a single metric", "    Threshold: 7.0 → 5.0"]
    assert "price a month: $0.00 → $0.00" in out
    assert live(bare)["a single metric"] != of_kind("a single metric"), "a plan changes nothing"
    assert run(bare, "apply", folder, "--yes", *HERE)[0] == 0
    assert live(bare)["a single metric"] == of_kind("a single metric")


def test_a_viewer_sees_the_plan_and_may_not_apply_it(bare: Cloud, run: Run, tmp_path: Path) -> None:
    (tmp_path / "alarms.json").write_text(as_requests([of_kind("a single metric")]))
    code, out, err = run(bare, "plan", str(tmp_path), *HERE, ROLE="viewer")
    assert (code, out.splitlines()[0]) == (0, "+ a single metric")
    assert "It would be refused: " in err
    code, out, _ = run(bare, "apply", str(tmp_path), "--yes", *HERE, ROLE="viewer")
    assert code == 1
    assert "refused: " in out
    assert live(bare) == {}
    assert [record.allowed for record in Audit(tmp_path / "demo").newest(5)] == [False]


def test_nothing_is_applied_unasked_nor_from_a_folder_that_is_not_understood(
    bare: Cloud, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "alarms.json").write_text(as_requests([of_kind("a single metric")]))
    code, _, err = run(bare, "apply", str(tmp_path), *HERE)
    assert (code, live(bare)) == (2, {})
    assert "give --yes" in err
    (tmp_path / "broken.json").write_text("{")
    code, _, err = run(bare, "apply", str(tmp_path), "--yes", "--prune", *HERE)
    assert (code, live(bare)) == (2, {})
    assert "broken.json, line 1: not JSON" in err


def test_several_places_are_no_place(fresh_cloud: Cloud, run: Run) -> None:
    code, _, err = run(fresh_cloud, "export")
    assert code == 2
    assert "say which is meant, with --account and --region" in err
