"""The alarm form loses nothing: not a field, not a member of a request, not what was typed wrong."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.definition import parse, to_request
from core.series import MetricId
from dashboard.drafts import Drafts
from dashboard.state import MetricChoice
from dashboard.views.alarm_draft import Draft, Kind, MarkedIncident, QueryDraft, document, read_document
from dashboard.views.alarm_form import check, live_alarm, place_of
from dashboard.views.alarm_starts import copied, draft_of, edited, of_metric, started, with_kind
from dashboard.views.draft_text import LONGEST_IN_LINK, DraftError, carried, unpacked
from tests.places import NewPlace
from tests.unit.alarms.strategies import requests

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
CPU = MetricId("AWS/EC2", "CPUUtilization", (("AutoScalingGroupName", "web"),))
GOOD = Draft(name="cpu", namespace="AWS/EC2", metric="CPUUtilization", threshold="70", n="3")
HOSTILE = "![x](https://attacker.example/p.png) <img src=x onerror=alert(1)> $a$ \u202e\n'; DROP TABLE"

texts = st.text(max_size=12)
queries = st.builds(
    QueryDraft, texts, texts, texts, texts, texts, texts, texts, st.none() | texts, texts, st.booleans(), texts
)
drafts = st.builds(
    Draft,
    kind=st.sampled_from(Kind), name=texts, description=st.none() | texts, namespace=texts, metric=texts,
    dimensions=texts, statistic=texts, period=texts, unit=texts, comparison=texts, threshold=texts, width=texts,
    band_comparison=texts, m=texts, n=texts, missing=texts, window=st.sampled_from(["", "clock", "sliding", "x"]),
    timezone=texts, warm_up=texts, warm_up_whole=texts, queries=st.lists(queries, max_size=3).map(tuple),
    threshold_id=texts, rule=texts, suppressor=texts, suppressor_wait=texts, actions_enabled=st.booleans(),
    alarm_actions=st.lists(texts, max_size=3).map(tuple), tags=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    document=texts, rest=texts, live=texts,
    incidents=st.lists(st.builds(MarkedIncident, texts, texts), max_size=2).map(tuple),
)  # fmt: skip
"""Whatever somebody may have typed, and worse."""


@settings(deadline=None)
@given(requests)
def test_every_alarm_comes_back_from_the_form(request: dict[str, Any]) -> None:
    alarm = parse(request)
    draft = draft_of(alarm)
    assert check(draft).alarm == alarm
    assert draft_of(check(draft).alarm or alarm) == draft


@settings(deadline=None)
@given(requests)
def test_what_the_form_asks_for_is_what_was_asked_for(request: dict[str, Any]) -> None:
    asked = check(draft_of(parse(request))).params
    assert to_request(parse(asked)) == to_request(parse(request))


@settings(deadline=None)
@given(drafts)
def test_no_draft_is_lost_on_its_way_through_a_link(draft: Draft) -> None:
    text = document(draft)
    assert read_document(text) == draft
    short = carried(text)
    assert short is None or read_document(unpacked(short)) == draft


@settings(deadline=None)
@given(drafts)
def test_whatever_is_typed_is_judged_and_never_fails(draft: Draft) -> None:
    checked = check(draft)
    assert checked.ready != bool(checked.errors or checked.missing)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: "c" + data.hex()))
def test_a_link_that_nobody_here_wrote_is_refused_in_a_sentence(token: str) -> None:
    store = Drafts()
    with pytest.raises(DraftError):
        read_document(store.document(token))
    store.close()


@pytest.mark.parametrize(
    "text",
    ["[]", "7", '{"kind": "budget"}', '{"name": 7}', '{"tags": [["a"]]}', '{"x": ""}', '{"queries": [7]}', "[" * 9000],
)
def test_a_document_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(DraftError):
        read_document(text)


def test_a_small_link_cannot_swell() -> None:
    small = carried("a" * 800_000)
    assert small is not None
    assert len(small) < LONGEST_IN_LINK
    with pytest.raises(DraftError, match="too long"):
        unpacked(small)


def test_a_long_draft_is_kept_and_a_short_one_travels(new_place: NewPlace) -> None:
    place = new_place()
    store = Drafts(place)
    short, long = document(GOOD), document(Draft(rule="".join(f"ALARM(a{i * 7919}) OR " for i in range(400))))
    assert store.token(short, now=NOW)[0] == "c"
    token = store.token(long, now=NOW)
    assert token[0] == "k"
    assert Drafts(place).document(token) == long
    store.token(long + " ", now=NOW + timedelta(days=31))
    with pytest.raises(DraftError, match="30 days"):
        store.document(token)
    store.close()


def test_a_draft_that_can_be_kept_nowhere_has_no_token_and_stays_in_the_session() -> None:
    long = document(Draft(rule="".join(f"ALARM(a{i * 7919}) OR " for i in range(400))))
    assert Drafts().token(long, now=NOW) == ""
    with pytest.raises(DraftError, match="not kept here"):
        Drafts().document("k123")


def test_hostile_text_stays_what_it_is() -> None:
    draft = Draft(name=HOSTILE, rule=HOSTILE, tags=((HOSTILE, HOSTILE),))
    store = Drafts()
    assert read_document(store.document(store.token(document(draft), now=NOW))) == draft
    store.close()


def test_an_empty_form_says_what_is_missing_and_finds_no_fault() -> None:
    checked = check(Draft())
    assert not checked.errors
    assert list(checked.missing) == ["name", "metric", "threshold"]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"threshold": "7o"}, "threshold", "'7o' is no number"),
        ({"threshold": "nan"}, "threshold", "not a finite number"),
        ({"threshold": "1e999"}, "threshold", "not a finite number"),
        ({"period": "90"}, "period", "90 s is not accepted"),
        ({"period": "1.5"}, "period", "no whole number"),
        ({"m": "4"}, "m", "4 datapoints of 3 periods"),
        ({"n": "2000"}, "n", "longer than 86400 s"),
        ({"statistic": "p101"}, "statistic", "is not a CloudWatch statistic"),
        ({"dimensions": "InstanceId"}, "metric", "write Name=Value"),
        ({"window": "clock", "timezone": "Mars/Olympus"}, "window", "no time zone"),
        ({"window": "clock", "period": "120"}, "window", "wall-clock window"),
        ({"warm_up": "99999"}, "warm_up", "outside"),
        ({"alarm_actions": ("ops",)}, "alarm_actions", "is not an ARN"),
        ({"tags": (("a", "1"), ("a", "2"))}, "tags", "each key once"),
        ({"kind": Kind.COMPOSITE, "rule": "ALARM(a"}, "rule", "at character"),
        ({"kind": Kind.BAND, "width": "0"}, "width", "above 0"),
        ({"kind": Kind.REQUEST, "document": "{"}, "document", "line 1, character 2"),
        ({"kind": Kind.REQUEST, "document": "[]"}, "document", "one JSON object"),
    ],
)
def test_an_error_stands_beside_its_field(change: dict[str, Any], field: str, said: str) -> None:
    checked = check(replace(GOOD, **change))
    assert said in checked.errors[field]
    assert not checked.ready


def test_math_says_where_in_which_expression() -> None:
    draft = with_kind(GOOD, Kind.MATH)
    broken = Draft(**{**_fields(draft), "queries": (draft.queries[0], _expression("m1 + * 2"))})
    assert check(draft).ready
    assert "at character 6" in check(broken).errors["queries.1.expression"]


def test_an_anomaly_alarm_cannot_scale_and_the_form_says_so_at_once() -> None:
    policy = "arn:aws:autoscaling:us-east-1:111111111111:scalingPolicy:a:autoScalingGroupName/web:policyName/out"
    checked = check(Draft(**{**_fields(GOOD), "kind": Kind.BAND, "alarm_actions": (policy,)}))
    assert "cannot run Auto Scaling actions" in checked.errors["alarm_actions"]


def test_an_alarm_on_a_metric_starts_with_what_suits_the_metric() -> None:
    draft = of_metric(MetricChoice(CPU, "Average"))
    assert (draft.period, draft.statistic, draft.name) == ("300", "Average", "web-CPUUtilization-Average")
    assert list(check(draft).missing) == ["threshold"]


def test_a_copy_has_a_free_name_and_an_edit_remembers_what_was_live() -> None:
    alarm = check(GOOD).alarm
    assert alarm is not None
    assert copied(alarm, taken=frozenset({"cpu", "cpu copy"})).name == "cpu copy 2"
    assert live_alarm(edited(alarm)) == alarm
    assert live_alarm(GOOD) is None


def test_a_band_alarm_of_another_making_is_metric_math() -> None:
    band = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "Label": "usual", "ReturnData": True}
    stat = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    alarm = parse(
        {
            "AlarmName": "a", "Metrics": [{"Id": "m1", "MetricStat": stat, "ReturnData": True}, band],
            "ThresholdMetricId": "ad1", "ComparisonOperator": "GreaterThanUpperThreshold", "EvaluationPeriods": 2,
        }
    )  # fmt: skip
    assert draft_of(alarm).kind is Kind.MATH


def test_paths_of_the_request_have_places_in_the_form() -> None:
    assert place_of(Kind.BAND, "Metrics[0].MetricStat.Stat") == "statistic"
    assert place_of(Kind.BAND, "Metrics[1].Expression") == "width"
    assert place_of(Kind.MATH, "Metrics[2].MetricStat.Metric.Namespace") == "queries.2.metric"
    assert place_of(Kind.METRIC, "nothing known") == ""


def _expression(text: str) -> QueryDraft:
    return QueryDraft("e1", statistic="", period="", expression=text, watched=True)


def _fields(draft: Draft) -> dict[str, Any]:
    return {each.name: getattr(draft, each.name) for each in fields(draft)}


@pytest.mark.parametrize(
    ("given", "threshold"), [("2.5", "2.5"), ("70.0", "70"), ("", ""), ("soon", ""), ("nan", ""), ("1e999", "")]
)
def test_a_link_to_a_metric_may_name_the_threshold(given: str, threshold: str) -> None:
    params = {"metric": ["Shop~PageLoadTime~p90~Page~/"], "threshold": [given]}
    draft = started(params, lambda _: pytest.fail("no alarm is asked for"), taken=frozenset)
    assert draft is not None
    assert (draft.statistic, draft.threshold) == ("p90", threshold)
