"""What alarms cost: every tariff, the free ten, and that the parts add up to the whole."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alarms.definition import Alarm, from_response, parse
from alarms.pricing import AlarmBill, AlarmPrice, Tariff, bill_of, price_of
from core.money import ZERO, Money


def usd(text: str) -> Money:
    return Money(Decimal(text))


def simple(name: str, *, period: int = 60) -> Alarm:
    return parse(
        {
            "AlarmName": name,
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Statistic": "Maximum",
            "Period": period,
            "EvaluationPeriods": 1,
            "Threshold": 60,
            "ComparisonOperator": "GreaterThanThreshold",
        }
    )


def entry(query_id: str, *, period: int = 60) -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": query_id}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}, "ReturnData": False}


def ratio(name: str, *, period: int = 60) -> Alarm:
    ids = ("failed", "all")
    return parse(
        {
            "AlarmName": name,
            "Metrics": [*(entry(i, period=period) for i in ids), {"Id": "rate", "Expression": "failed / all"}],
            "EvaluationPeriods": 1,
            "Threshold": 0.1,
            "ComparisonOperator": "GreaterThanThreshold",
        }
    )


def band(name: str, *, period: int = 60) -> Alarm:
    return parse(
        {
            "AlarmName": name,
            "Metrics": [
                entry("m", period=period) | {"ReturnData": True},
                {"Id": "b", "Expression": "ANOMALY_DETECTION_BAND(m, 2)"},
            ],
            "ThresholdMetricId": "b",
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanUpperThreshold",
        }
    )


def insights(name: str) -> Alarm:
    query = 'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)'
    return parse(
        {
            "AlarmName": name,
            "Metrics": [{"Id": "q", "Expression": query, "Period": 60}],
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
        }
    )


def composite(name: str) -> Alarm:
    return parse({"AlarmName": name, "AlarmRule": "ALARM(a)"})


def prom(name: str) -> Alarm:
    criteria = {"PromQLCriteria": {"Query": "up == 0"}}
    return parse({"AlarmName": name, "EvaluationCriteria": criteria, "EvaluationInterval": 60})


def standing(count: int) -> list[Alarm]:
    return [simple(f"standing {number}") for number in range(count)]


def test_one_more_of_no_others_is_free() -> None:
    sentence = "Free: it takes 1 of the 10 free alarm metrics; 9 stay free."
    assert price_of(simple("a"), others=[]) == AlarmPrice(ZERO, Tariff.STANDARD, 1, 1, 9, sentence)


@pytest.mark.parametrize(
    ("existing", "month", "used", "sentence"),
    [
        (9, "0", 10, "Free: it takes 1 of the 10 free alarm metrics; 0 stay free."),
        (10, "0.10", 10, "$0.10 a month for 1 alarm metric; the 10 free ones are used up."),
        (11, "0.10", 10, "$0.10 a month for 1 alarm metric; the 10 free ones are used up."),
    ],
)
def test_the_eleventh_alarm_metric_is_the_first_that_costs(existing: int, month: str, used: int, sentence: str) -> None:
    found = price_of(simple("a"), others=standing(existing))
    assert found == AlarmPrice(usd(month), Tariff.STANDARD, 1, used, 10 - used, sentence)


def test_a_ratio_that_straddles_the_allowance_pays_for_the_rest() -> None:
    found = price_of(ratio("a"), others=standing(9))
    sentence = "$0.10 a month for 2 alarm metrics at $0.10 each; 1 of them free."
    assert found == AlarmPrice(usd("0.10"), Tariff.STANDARD, 2, 10, 0, sentence)


@pytest.mark.parametrize(
    ("alarm", "month", "kind", "units"),
    [
        (simple("a"), "0.10", Tariff.STANDARD, 1),
        (simple("a", period=10), "0.30", Tariff.HIGH_RESOLUTION, 1),
        (ratio("a"), "0.20", Tariff.STANDARD, 2),
        (ratio("a", period=30), "0.60", Tariff.HIGH_RESOLUTION, 2),
        (band("a"), "0.30", Tariff.STANDARD, 3),
        (band("a", period=10), "0.90", Tariff.HIGH_RESOLUTION, 3),
        (composite("a"), "0.50", Tariff.COMPOSITE, 1),
    ],
)
def test_every_kind_has_its_price_beyond_the_allowance(alarm: Alarm, month: str, kind: Tariff, units: int) -> None:
    found = price_of(alarm, others=standing(10))
    assert (found.month, found.kind, found.units) == (usd(month), kind, units)


@pytest.mark.parametrize("alarm", [simple("a", period=10), composite("a")])
def test_the_allowance_is_for_standard_alarm_metrics_only(alarm: Alarm) -> None:
    found = price_of(alarm, others=[])
    assert (found.free_used, found.free_left) == (0, 10)
    assert found.month != ZERO
    assert found.sentence.endswith("; none is ever free.")


def test_a_metrics_insights_alarm_is_priced_by_what_its_query_is_expected_to_read() -> None:
    found = price_of(insights("a"), others=[], analysed=40)
    assert (found.month, found.kind, found.units) == (usd("4.00"), Tariff.INSIGHTS, 40)
    assert found.sentence == "$4.00 a month for 40 analysed metrics at $0.10 each; none is ever free."


@pytest.mark.parametrize("alarm", [insights("a"), prom("a")])
def test_a_price_nobody_knows_says_why(alarm: Alarm) -> None:
    found = price_of(alarm, others=[])
    assert found.month is None
    assert found.sentence.startswith("The price is not known, because ")


def test_a_log_alarm_has_no_price_either() -> None:
    described = {"AlarmName": "a", "ScheduledQueryConfiguration": {"QueryString": "fields @message"}}
    assert price_of(from_response(described), others=[]).month is None


def test_the_alarm_that_is_replaced_is_not_counted_beside_the_new_one() -> None:
    assert price_of(ratio("standing 0"), others=standing(9)).month == ZERO


def test_the_bill_of_an_account_names_what_it_could_not_price() -> None:
    assert bill_of([*standing(11), composite("c"), prom("p")]) == AlarmBill(
        usd("0.60"), {Tariff.STANDARD: 11, Tariff.COMPOSITE: 1}, 10, 0, ("p",)
    )


KINDS = {make.__name__: make("a") for make in (simple, ratio, band, insights, composite, prom)} | {
    f"{make.__name__} in high resolution": make("a", period=10) for make in (simple, ratio, band)
}


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=25))
def test_alarms_added_one_by_one_cost_what_they_cost_together(kinds: Sequence[str]) -> None:
    everything = [replace(KINDS[kind], name=f"alarm {place}") for place, kind in enumerate(kinds)]
    one_by_one = [price_of(alarm, others=everything[:place]) for place, alarm in enumerate(everything)]
    bill = bill_of(everything)
    assert sum((price.month for price in one_by_one if price.month is not None), ZERO) == bill.month
    unknown = [a.name for a, price in zip(everything, one_by_one, strict=True) if price.month is None]
    assert unknown == list(bill.unknown)
    last = price_of(simple("last"), others=everything)
    assert last.free_used == min(10, bill.free_used + 1)
