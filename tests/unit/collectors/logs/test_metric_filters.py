"""Metric filters: the request and back, what AWS would refuse, real lines held against one, plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access.audit import Audit
from access.changes import ChangePlan, Ending, Outcome, carry_out
from access.identity import Actor, Role
from collectors.logs import publishing
from collectors.logs.metric_filters import Judged, MetricFilter, from_response, selector_words, to_request, wrong
from collectors.logs.question import LogBucket
from collectors.logs.trial import asked, counted, disagreements, metrics, minutes, tried
from core.filter_pattern import parse
from core.log_lines import EPOCH, LogLine
from core.timespan import Timespan
from tests.unit.collectors.logs.fake_groups import HERE, FakeGroups, errors, line

ANA = Actor("ana", Role.ENGINEER)
SLOW = errors(
    name="slow",
    pattern="{ $.ms > 100 && $.path = * && $.user.id = * }",
    value="$.ms",
    metric="Slow",
    unit="Milliseconds",
)


@pytest.mark.parametrize(
    "definition",
    [
        errors(),
        errors(default=0.0, unit="Count", value="2.5"),
        replace(SLOW, dimensions=(("path", "$.path"), ("id", "$.user.id"))),
        errors(
            pattern="", other={"applyOnTransformedLogs": True, "fieldSelectionCriteria": '@aws.region = "us-east-1"'}
        ),
        errors(pattern="[..., size > 10]", value="$size"),
    ],
)
def test_a_filter_is_its_request_and_back(definition: MetricFilter) -> None:
    assert from_response(to_request(definition)) == definition
    assert not wrong(definition)


def test_what_aws_writes_out_is_no_difference() -> None:
    document = to_request(errors()) | {"creationTime": 1_500}
    document["metricTransformations"][0]["unit"] = "None"
    found = from_response(document)
    assert found == errors()
    assert found.created is not None
    assert (found.created - EPOCH).total_seconds() == 1.5


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"name": ""}, "name", "0 characters given; 1 to 512"),
        ({"name": " "}, "name", "this is needed"),
        ({"name": "a:b"}, "name", "leave out :"),
        ({"metric": "a*"}, "metric", "leave out *"),
        ({"metric": ""}, "metric", "this is needed"),
        ({"namespace": ""}, "namespace", "this is needed"),
        ({"namespace": "AWS/Logs"}, "namespace", "AWS keeps namespaces"),
        ({"pattern": "a:b"}, "pattern", "At character 2"),
        ({"value": "many"}, "value", "'many' is no number; only patterns of JSON properties or of fields have values"),
        ({"value": "$.ms", "pattern": "{ $.s = 1 }"}, "value", "'$.ms' is no number; the pattern has $.s"),
        ({"unit": "Furlongs"}, "unit", "Seconds"),
        ({"default": float("nan")}, "default", "number"),
        ({"dimensions": (("p", "$.p"),)}, "dimensions", "'$.p' is nothing to take a dimension from"),
        (
            {"pattern": "{ $.p = * }", "dimensions": (("p", "$.p"),), "default": 0.0},
            "default",
            "AWS takes no default value where there are dimensions",
        ),
        (
            {"pattern": "[a, b, c, d]", "dimensions": tuple((n, f"${n}") for n in "abcd")},
            "dimensions",
            "a filter has at most 3 dimensions",
        ),
    ],
)
def test_what_aws_would_refuse_stands_beside_its_field(changed: dict[str, Any], field: str, sentence: str) -> None:
    found = wrong(errors(**changed))
    assert sentence in found[field]


def test_quotas_of_a_group() -> None:
    others = [errors(name=f"f{number}") for number in range(100)]
    assert "at most 100" in wrong(errors(), others=others)["name"]
    assert not wrong(errors(name="f3"), others=others)
    regexes = [errors(name=f"r{number}", pattern=pattern) for number, pattern in enumerate(
        ["%a%", "{ $.a = %b% }", "[a = %c%, ...]", "%d%", "%e%"]
    )]  # fmt: skip
    assert "AWS takes at most 5" in wrong(errors(pattern="%x%"), others=regexes)["pattern"]
    assert not wrong(errors(), others=regexes)


LINES = (
    line('{"ms": 150, "path": "/a", "user": {"id": 7}}', 1),
    line('{"ms": 50, "path": "/a", "user": {"id": 7}}', 2),
    line('{"ms": 250, "path": "/b", "user": {"id": 7}}', 3),
    line('{"ms": 350, "path": "/b", "user": {"id": 8}}', 4),
    line("no JSON", 5),
)


def test_lines_give_values_and_metrics() -> None:
    definition = replace(SLOW, dimensions=(("path", "$.path"),))
    found = tried(definition, parse(definition.pattern), LINES)
    assert [(each.matches, each.value, each.dimensions) for each in found] == [
        (True, "150", (("path", "/a"),)),
        (False, None, None),
        (True, "250", (("path", "/b"),)),
        (True, "350", (("path", "/b"),)),
        (False, None, None),
    ]
    made = metrics(definition, found)
    assert [metric.dimensions for metric in made.found] == [(("path", "/a"),), (("path", "/b"),)]
    assert (made.late, made.lines) == (1, 3)
    assert len(metrics(errors(), tried(errors(), parse("ERROR"), LINES)).found) == 1


def test_a_value_that_is_no_number_is_no_datapoint_and_a_missing_dimension_is_counted() -> None:
    definition = errors(pattern="{ $.a = * }", value="$.a", dimensions=(("b", "$.b"),))
    lines = (line('{"a": "slow"}'), line('{"a": 1, "b": "x"}'), line('{"a": 2}'))
    found = tried(definition, parse(definition.pattern), lines)
    assert [each.value for each in found] == [None, "1", "2"]
    assert len(metrics(definition, found).found) == 2


def test_aws_is_asked_about_both_kinds_of_lines_newest_first() -> None:
    lines = [line(f"ERROR {number}", number) for number in range(60)] + [line(f"fine {n}", n) for n in range(60)]
    chosen = asked(parse("ERROR"), [*lines, line(""), line("ERROR " + "x" * 20_000, 99)])
    assert len(chosen) == 50
    assert chosen[0] == "ERROR 59"
    assert sum(message.startswith("ERROR") for message in chosen) == 25
    few = asked(parse("ERROR"), lines[:60])
    assert len(few) == 50


def test_where_aws_and_we_differ_is_named_line_by_line() -> None:
    pattern = parse("{ $.ms > 100 }")
    messages = ('{"ms": 150}', '{"ms": 50}', '{"ms": 2e2}', '{"ms": 300}')
    judged = Judged({messages[1]: {}, messages[2]: {"$.ms": "200"}, messages[3]: {"$.ms": "3"}})
    assert [(each.message, each.ours, each.aws, each.values) for each in disagreements(pattern, messages, judged)] == [
        (messages[0], True, False, ()),
        (messages[1], False, True, ()),
        (messages[3], True, True, (("$.ms", "300", "3"),)),
    ]
    assert not disagreements(pattern, messages[:1], Judged({messages[0]: {}}))


@pytest.mark.parametrize(
    ("selector", "name"), [("$.user.id", "id"), ("$size", "size"), ("$.a[0]", "a_0"), ("$.a['b.c']", "b.c")]
)
def test_a_dimension_is_called_after_what_it_is_taken_from(selector: str, name: str) -> None:
    assert selector_words(selector) == name


# -- plans ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cloud() -> FakeGroups:
    return FakeGroups()


def applied(plan: ChangePlan, cloud: FakeGroups, folder: Path, actor: Actor = ANA) -> Outcome:
    return carry_out(plan, actor, cloud, Audit(folder), now=EPOCH)


def test_a_filter_is_created_and_taken_back(cloud: FakeGroups, tmp_path: Path) -> None:
    plan = publishing.put_filter(errors(), live=None, scope=HERE)
    assert [(each.field, each.after) for each in plan.changes][:3] == [
        ("logGroupName", "app"),
        ("filterName", "errors"),
        ("filterPattern", "ERROR"),
    ]
    done = applied(plan, cloud, tmp_path)
    assert done.done, done.sentence
    assert from_response(cloud.filters["app", "errors"]) == errors()
    assert done.undo is not None
    assert applied(done.undo, cloud, tmp_path).done
    assert not cloud.filters


def test_a_filter_is_changed_and_changed_back(cloud: FakeGroups, tmp_path: Path) -> None:
    applied(publishing.put_filter(errors(), live=None, scope=HERE), cloud, tmp_path)
    changed = errors(default=0.0)
    plan = publishing.put_filter(changed, live=errors(), scope=HERE)
    assert [(each.field, each.before, each.after) for each in plan.changes] == [("defaultValue", None, 0.0)]
    done = applied(plan, cloud, tmp_path)
    assert from_response(cloud.filters["app", "errors"]) == changed
    assert done.undo is not None
    assert applied(done.undo, cloud, tmp_path).done
    assert from_response(cloud.filters["app", "errors"]) == errors()
    assert not publishing.put_filter(errors(), live=errors(), scope=HERE).steps


def test_a_filter_that_somebody_made_meanwhile_is_not_overwritten(cloud: FakeGroups, tmp_path: Path) -> None:
    applied(publishing.put_filter(errors(pattern="WARN"), live=None, scope=HERE), cloud, tmp_path)
    found = applied(publishing.put_filter(errors(), live=None, scope=HERE), cloud, tmp_path)
    assert found.ending is Ending.CONFLICT
    assert from_response(cloud.filters["app", "errors"]).pattern == "WARN"


def test_a_filter_is_deleted_and_made_again(cloud: FakeGroups, tmp_path: Path) -> None:
    applied(publishing.put_filter(errors(), live=None, scope=HERE), cloud, tmp_path)
    done = applied(publishing.delete_filter(errors(), scope=HERE), cloud, tmp_path)
    assert not cloud.filters
    assert done.undo is not None
    assert applied(done.undo, cloud, tmp_path).done
    assert from_response(cloud.filters["app", "errors"]) == errors()


def test_a_viewer_is_told_why_not(cloud: FakeGroups, tmp_path: Path) -> None:
    plan = publishing.put_filter(errors(), live=None, scope=HERE)
    found = applied(plan, cloud, tmp_path, Actor("vera", Role.VIEWER))
    assert found.ending is Ending.REFUSED
    assert "how long log lines are kept takes an engineer" in found.sentence
    assert not cloud.written


def at(minute: int, second: int, message: str) -> LogLine:
    return line(message, (minute * 60 + second) * 1_000)


HOUR = Timespan(EPOCH, EPOCH + timedelta(minutes=5))


def test_what_the_metric_would_have_been_minute_by_minute() -> None:
    lines = [at(0, 1, "ERROR"), at(0, 59, "ERROR"), at(1, 0, "fine"), at(3, 0, "ERROR"), at(9, 0, "ERROR")]
    gaps = minutes(errors(value="2"), tried(errors(value="2"), parse("ERROR"), lines), HOUR)
    assert (gaps.times.tolist(), gaps.values.tolist(), gaps.label) == ([0, 180], [4.0, 2.0], "Sum")
    filled = minutes(errors(default=0.0), tried(errors(), parse("ERROR"), lines), HOUR)
    assert filled.values.tolist() == [2, 0, 0, 1, 0]


def test_values_are_averaged_and_what_is_no_number_is_left_out() -> None:
    definition = errors(pattern="{ $.ms = * }", value="$.ms", unit="Milliseconds")
    lines = [at(0, 1, '{"ms": 10}'), at(0, 2, '{"ms": 30}'), at(0, 3, '{"ms": "slow"}'), at(1, 0, '{"ms": "slow"}')]
    found = minutes(definition, tried(definition, parse(definition.pattern), lines), HOUR)
    assert (found.times.tolist(), found.values.tolist()) == ([0], [20.0])
    assert (found.unit, found.label) == ("Milliseconds", "Average")


def test_more_lines_than_are_held_are_counted_by_bars() -> None:
    def bucket(start: int, seconds: int, lines: int, *, whole: bool = True) -> LogBucket:
        begin = EPOCH + timedelta(seconds=start)
        return LogBucket(Timespan(begin, begin + timedelta(seconds=seconds)), lines, whole)

    halves = [bucket(0, 30, 3), bucket(30, 30, 4), bucket(60, 30, 5), bucket(90, 30, 6, whole=False)]
    found = counted(errors(value="2"), halves)
    assert (found.period, found.times.tolist(), found.values.tolist()) == (60, [0, 60], [14.0, 10.0])
    long = counted(errors(), [bucket(0, 180, 7), bucket(180, 180, 8)])
    assert (long.period, long.values.tolist()) == (180, [7.0, 8.0])
    assert not len(counted(errors(), []))
