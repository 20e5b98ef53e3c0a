"""Terraform: expressions as far as the files answer them, instances, plans, and a folder read as one module."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from alarms.as_code import Loaded, SourceError, load
from alarms.definition import CompositeAlarm, MetricAlarm, MetricMath, PromQL, SingleMetric

ALARM = {
    "metric_name": '"CPUUtilization"',
    "namespace": '"AWS/EC2"',
    "statistic": '"Average"',
    "period": "60",
    "evaluation_periods": "3",
    "threshold": "80",
    "comparison_operator": '"GreaterThanThreshold"',
}


def resource(members: str = "", *, name: str = "cpu") -> str:
    """An alarm with ALARM's members, but for `members`."""
    own = {line.split("=")[0].strip() for line in members.splitlines() if "=" in line}
    rest = [f"  {key} = {value}" for key, value in ALARM.items() if key not in own]
    return "\n".join([f'resource "aws_cloudwatch_metric_alarm" "{name}" {{', *rest, dedent(members), "}", ""])


def load_hcl(text: str, folder: Path, **parameters: str) -> tuple[Loaded, ...]:
    path = folder / "main.tf"
    path.write_text(text, encoding="utf-8")
    return load(path, parameters=parameters)


def one(text: str, folder: Path, **parameters: str) -> Loaded:
    (loaded,) = load_hcl(text, folder, **parameters)
    return loaded


def metric_alarm(loaded: Loaded) -> MetricAlarm:
    assert isinstance(loaded.definition, MetricAlarm), loaded.refusal
    return loaded.definition


MODULE = """
variable "limit" {
  type    = number
  default = 80
}
variable "topic" {}
locals {
  stage  = "dev"
  limits = { dev = { cpu = 70, "queue" = 5 }, prod = { cpu = 60 } }
  names  = ["a", "b"]
}
"""


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        ("80", 80),
        ('"80"', 80),
        ("-1.5", -1.5),
        ("var.limit", 80),
        ("var.limit / 2 + 1", 41),
        ("60 * 15 % 7", 4),
        ("(1 + 2) * 3", 9),
        ("-var.limit", -80),
        ("local.limits.dev.cpu", 70),
        ("local.limits[local.stage].cpu", 70),
        ('local.limits["prod"]["cpu"]', 60),
        ('lookup(local.limits, "none", 7)', 7),
        ('local.stage == "prod" ? 60 : 95', 95),
        ("length(local.names)", 2),
        ("max(1, var.limit, 3)", 80),
        ("sum_is_unknown(1)", None),
        ('tonumber("5")', 5),
        ("try(local.limits.none.cpu, 12)", 12),
        ("coalesce(null, 4)", 4),
        ("[for name in local.names : length(name)][0]", 1),
        ('{ for key, value in local.limits : key => value.cpu }["prod"]', 60),
        ("[for limit in local.limits : limit.cpu if limit.cpu > 60][0]", 70),
        ('merge({ a = 1 }, { a = 2 })["a"]', 2),
        ("values(local.limits)[*].cpu[1]", None),
        ('true && local.stage != "dev" ? 1 : 2', 2),
        ("data.aws_lambda_function.f.timeout * 1000", None),
        ("module.base.limit", None),
        ("var.topic", None),
        ("aws_instance.host.cpu", None),
    ],
)
def test_a_number_from_an_expression(threshold: str, expected: float | None, tmp_path: Path) -> None:
    loaded = one(MODULE + resource(f"threshold = {threshold}"), tmp_path)
    found = loaded.definition.threshold if isinstance(loaded.definition, MetricAlarm) else None
    assert (found, loaded.refusal == "") == (expected, expected is not None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a-${local.stage}"', "a-dev"),
        ('"${upper("x")}-$${kept}"', "X-${kept}"),
        ('format("%s-%03d%%", local.stage, 7)', "dev-007%"),
        ('join("+", concat(local.names, ["c"]))', "a+b+c"),
        ('"${var.topic}!"', "${var.topic}!"),
        ('"say \\"hi\\"\\n"', 'say "hi"\n'),
        ("<<-EOT\n    two\n      ${local.stage}\n  EOT\n", "two\n  dev\n"),
        ("<<EOT\n  kept\nEOT\n", "  kept\n"),
        ('replace("a-b", "-", "_")', "a_b"),
        ("jsonencode({ a = [1, true] })", '{"a":[1,true]}'),
    ],
)
def test_a_text_from_an_expression(text: str, expected: str, tmp_path: Path) -> None:
    loaded = one(MODULE + resource(f"alarm_description = {text}"), tmp_path)
    assert metric_alarm(loaded).description == expected


def test_a_given_variable_goes_before_the_files_and_these_before_its_default(tmp_path: Path) -> None:
    text = MODULE + resource("threshold = var.limit")
    (tmp_path / "terraform.tfvars").write_text("limit = 55\n", encoding="utf-8")
    assert metric_alarm(one(text, tmp_path)).threshold == 55
    (tmp_path / "z.auto.tfvars").write_text("limit = 44\n", encoding="utf-8")
    assert metric_alarm(one(text, tmp_path)).threshold == 44
    assert metric_alarm(one(text, tmp_path, limit="33")).threshold == 33


def test_a_folder_is_one_module_and_only_the_named_files_alarms_are_given(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(MODULE + resource(name="other"), encoding="utf-8")
    (tmp_path / "broken.tf").write_text("{{{{", encoding="utf-8")
    (loaded,) = load_hcl(resource("threshold = local.limits.dev.cpu"), tmp_path)
    assert (loaded.address, metric_alarm(loaded).threshold) == ("aws_cloudwatch_metric_alarm.cpu", 70)


def test_what_is_open_is_said_once_with_the_line(tmp_path: Path) -> None:
    text = MODULE + resource("threshold = var.nowhere\nperiod = var.nowhere")
    loaded = one(text, tmp_path)
    assert loaded.refusal == (
        "period is ${var.nowhere}, threshold is ${var.nowhere}: "
        "variable nowhere is not in these files; give it with --set nowhere=…"
    )
    assert "var.nowhere" in text.splitlines()[loaded.line - 1]


def test_dimensions_actions_and_tags(tmp_path: Path) -> None:
    text = resource("""
      dimensions    = { InstanceId = aws_instance.host.id, (local.key) = "x" }
      alarm_actions = [aws_sns_topic.ops.arn, "arn:aws:sns:us-east-1:1:b"]
      ok_actions    = var.nowhere
      tags          = { team = "web" }
      actions_enabled = false
    """)
    alarm = metric_alarm(one(text + 'locals {\n key = "Zone"\n}\nresource "aws_sns_topic" "ops" {}\n', tmp_path))
    assert isinstance(alarm.source, SingleMetric)
    assert alarm.source.metric.dimensions == (("InstanceId", "${aws_instance.host.id}"), ("Zone", "x"))
    assert alarm.actions.alarm == ("arn:${aws_sns_topic.ops.arn}", "arn:aws:sns:us-east-1:1:b")
    assert (alarm.actions.ok, alarm.actions.enabled) == (("arn:${var.nowhere}",), False)
    assert alarm.tags == (("team", "web"),)


def test_count_makes_one_alarm_each(tmp_path: Path) -> None:
    text = resource('count = 2\nalarm_name = "cpu-${count.index}"')
    loaded = load_hcl(text, tmp_path)
    assert [alarm.name for alarm in loaded] == ["cpu-0", "cpu-1"]
    assert loaded[1].address == "aws_cloudwatch_metric_alarm.cpu[1]"


def test_for_each_makes_one_alarm_each(tmp_path: Path) -> None:
    text = resource(
        'for_each = { low = 10, high = 90 }\nalarm_name = "cpu-${each.key}"\nthreshold = each.value'
    ) + resource('for_each = toset(["b", "a"])\nalarm_name = each.value', name="set")
    loaded = load_hcl(text, tmp_path)
    assert [(alarm.name, metric_alarm(alarm).threshold) for alarm in loaded] == [
        ("cpu-low", 10),
        ("cpu-high", 90),
        ("a", 80),
        ("b", 80),
    ]
    assert loaded[0].address == 'aws_cloudwatch_metric_alarm.cpu["low"]'


@pytest.mark.parametrize("zero", ["count = 0", "count = false ? 1 : 0", "for_each = {}", "for_each = toset([])"])
def test_none_is_left_out(zero: str, tmp_path: Path) -> None:
    loaded = one(resource(zero), tmp_path)
    assert (loaded.left_out, loaded.definition) == (True, None)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ("count = var.many", "read once, because count is ${var.many}: variable many is not in these files"),
        ("for_each = module.x.all", "read once, because for_each is ${module.x.all}: another module says it"),
    ],
)
def test_an_open_number_of_instances_is_read_once_and_says_so(given: str, note: str, tmp_path: Path) -> None:
    loaded = one(resource(given), tmp_path)
    assert loaded.definition is not None
    assert loaded.notes[0].startswith(note)


MATH = """
resource "aws_cloudwatch_metric_alarm" "rate" {
  alarm_name          = "rate"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  threshold           = 5
  metric_query {
    id          = "e1"
    expression  = "100 * m1 / m2"
    return_data = "true"
  }
  dynamic "metric_query" {
    for_each = { m1 = "Errors", m2 = "Requests" }
    content {
      id = metric_query.key
      metric {
        metric_name = metric_query.value
        namespace   = "Shop"
        period      = 300
        stat        = "Sum"
        dimensions  = { Shop = "x" }
      }
    }
  }
}
"""


def test_metric_math_with_dynamic_blocks(tmp_path: Path) -> None:
    alarm = metric_alarm(one(MATH, tmp_path))
    assert isinstance(alarm.source, MetricMath)
    assert [(query.id, query.return_data) for query in alarm.source.queries] == [
        ("e1", True),
        ("m1", False),
        ("m2", False),
    ]
    assert [str(metric) for metric in alarm.metrics] == ["Shop Errors {Shop=x}", "Shop Requests {Shop=x}"]


def test_a_dynamic_block_over_the_unknown_is_refused(tmp_path: Path) -> None:
    loaded = one(MATH.replace('{ m1 = "Errors", m2 = "Requests" }', "var.queries"), tmp_path)
    assert loaded.refusal.startswith("dynamic metric_query is not written out: variable queries")


def test_promql(tmp_path: Path) -> None:
    text = """
    resource "aws_cloudwatch_metric_alarm" "up" {
      alarm_name          = "up"
      evaluation_interval = 60
      evaluation_criteria {
        promql_criteria {
          query          = "up == 0"
          pending_period = 120
        }
      }
    }
    """
    assert metric_alarm(one(text, tmp_path)).source == PromQL("up == 0", 60, 120, None)


def test_a_composite_alarm_follows_names(tmp_path: Path) -> None:
    text = (
        resource('alarm_name = "cpu-${local.stage}"')
        + """
    locals {
      stage = "dev"
    }
    resource "aws_cloudwatch_composite_alarm" "both" {
      alarm_name = "both"
      alarm_rule = "ALARM(${aws_cloudwatch_metric_alarm.cpu.alarm_name}) OR OK(${aws_cloudwatch_metric_alarm.cpu.id})"
      actions_suppressor {
        alarm            = "deploying"
        wait_period      = 60
        extension_period = 120
      }
    }
    """
    )
    both = load_hcl(text, tmp_path)[1]
    assert isinstance(both.definition, CompositeAlarm), both.refusal
    assert both.definition.rule == "ALARM(cpu-dev) OR OK(cpu-dev)"
    assert (both.definition.suppressor, both.definition.suppressor_wait) == ("deploying", 60)


def test_terraforms_json(tmp_path: Path) -> None:
    path = tmp_path / "main.tf.json"
    body: dict[str, Any] = {key: value.strip('"') for key, value in ALARM.items()}
    document = {
        "variable": {"limit": {"default": 5}},
        "locals": {"twice": "${var.limit * 2}"},
        "resource": {"aws_cloudwatch_metric_alarm": {"cpu": [body | {"threshold": "${local.twice}"}]}},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    (loaded,) = load(path)
    assert metric_alarm(loaded).threshold == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('${join("-", ["a ${upper("x")} b", "}"])}!', "a X b-}!"),
        ('${1 + 1}${"${2}"}', "22"),
        ("$${kept} %%{kept} %{if x}", "${kept} %{kept} ${%{…}}"),
        ('${"\\"{"}', '"{'),
    ],
)
def test_templates_within_templates_in_terraforms_json(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "main.tf.json"
    body: dict[str, Any] = {key: value.strip('"') for key, value in ALARM.items()} | {"alarm_description": text}
    path.write_text(json.dumps({"resource": {"aws_cloudwatch_metric_alarm": {"cpu": body}}}), encoding="utf-8")
    (loaded,) = load(path)
    assert metric_alarm(loaded).description == expected


def plan(values: dict[str, Any], *, after_unknown: Any = None) -> dict[str, Any]:
    address = "module.web.aws_cloudwatch_metric_alarm.cpu[0]"
    alarm = {"address": address, "type": "aws_cloudwatch_metric_alarm", "name": "cpu", "index": 0, "values": values}
    inner = {"address": "module.web", "resources": [{"type": "aws_instance", "values": {}}, alarm]}
    changes = [{"address": address, "change": {"after_unknown": after_unknown or {}}}]
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": [inner]}},
        "resource_changes": changes,
    }


PLANNED: dict[str, Any] = {
    "alarm_name": "cpu",
    "alarm_description": None,
    "metric_name": "CPUUtilization",
    "namespace": "AWS/EC2",
    "statistic": "Average",
    "extended_statistic": "",
    "period": 60,
    "evaluation_periods": 3,
    "datapoints_to_alarm": 0,
    "threshold": 80,
    "threshold_metric_id": None,
    "comparison_operator": "GreaterThanThreshold",
    "metric_query": [],
    "dimensions": {"InstanceId": "i-1"},
    "treat_missing_data": "missing",
    "unit": None,
    "tags": {"a": "b"},
    "tags_all": {"a": "b", "by": "default"},
}


def load_json(document: Any, folder: Path) -> Loaded:
    path = folder / "plan.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    (loaded,) = load(path)
    return loaded


def test_a_plan_has_modules_within_modules(tmp_path: Path) -> None:
    loaded = load_json(plan(PLANNED), tmp_path)
    alarm = metric_alarm(loaded)
    assert loaded.address == "module.web.aws_cloudwatch_metric_alarm.cpu[0]"
    assert (alarm.datapoints_to_alarm, alarm.tags) == (None, (("a", "b"), ("by", "default")))


def test_what_a_plan_does_not_know_yet_is_open(tmp_path: Path) -> None:
    unknown = {"alarm_actions": True, "dimensions": {"InstanceId": True}, "id": True}
    loaded = load_json(plan(PLANNED | {"dimensions": {}}, after_unknown=unknown), tmp_path)
    alarm = metric_alarm(loaded)
    assert alarm.actions.alarm == ("arn:${alarm_actions after apply}",)
    assert loaded.notes[0] == "AlarmActions[0] is ${alarm_actions after apply}: it is known only after apply"
    refused = load_json(plan(PLANNED, after_unknown={"threshold": True}), tmp_path)
    assert refused.refusal == "threshold is ${threshold after apply}: it is known only after apply"


def test_a_state_has_values(tmp_path: Path) -> None:
    document = {"format_version": "1.0", "values": plan(PLANNED)["planned_values"]}
    assert load_json(document, tmp_path).definition is not None


@pytest.mark.parametrize(
    ("threshold", "reason"),
    [
        ("local.a", "threshold: local.a asks for itself"),
        ('1 + "x"', "threshold: 'x' is no number"),
        ("1 / 0", "threshold: 1 / 0 has no value"),
        ("[1][3]", "threshold: [1][3] has no entry '3'"),
        ("length()", "threshold: length is given what it does not take"),
        ('"${[1]}x"', "threshold: a list or an object cannot stand within a text; use join or jsonencode"),
    ],
)
def test_what_terraform_would_not_take_is_refused(threshold: str, reason: str, tmp_path: Path) -> None:
    text = "locals {\n  a = local.b\n  b = local.a\n}\n" + resource(f"threshold = {threshold}")
    assert reason in one(text, tmp_path).refusal


def test_bad_syntax_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not Terraform's language, near 'threshold = = 5'") as caught:
        load_hcl(resource("threshold = = 5"), tmp_path)
    assert caught.value.line == 8
