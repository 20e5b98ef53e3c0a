"""Every query is covered once, limits are kept, and the price is known before."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import planning
from collectors.planning import Allowance, DataCall, Plan, StatisticsCall, data_batch, key_of, plan
from collectors.query import PLAIN_STATISTICS, MetricQuery
from core.money import ZERO, Money
from core.reading import Scope
from core.series import MetricId
from core.timespan import Timespan

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PROD, DR = Scope("111111111111", "us-east-1"), Scope("222222222222", "eu-west-1")
MILLION = Allowance({PROD.account: 10**6, DR.account: 10**6})
RICH = Allowance({}, Money(Decimal(1000)))


def query(
    statistic: str = "Average", *, place: int = 0, period: int = 60, hours: float = 3, scope: Scope = PROD
) -> MetricQuery:
    metric = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", f"i-{place}"),))
    return MetricQuery(scope, metric, statistic, period, Timespan.last(timedelta(hours=hours), now=NOW))


QUERIES = st.lists(
    st.builds(
        query,
        st.sampled_from([*PLAIN_STATISTICS, "p50", "p99", "p99.9", "tm90", "IQM"]),
        place=st.integers(0, 5),
        period=st.sampled_from([10, 60, 300, 3600]),
        hours=st.sampled_from([0.001, 0.5, 3, 24, 24 * 15]),
        scope=st.sampled_from([PROD, DR]),
    ),
    max_size=30,
)
ALLOWANCES = st.builds(
    Allowance,
    st.fixed_dictionaries({}, optional={PROD.account: st.integers(0, 3000), DR.account: st.integers(0, 30)}),
    st.builds(lambda cents: Money(Decimal(cents) / 100), st.integers(0, 3)),
)


def parts(planned: Plan, asked: MetricQuery) -> list[Timespan]:
    """The spans that calls ask of a query, in order."""
    found = [call.span for call in planned.calls if key_of(asked) in call.keys]
    return sorted(found, key=lambda span: span.start)


@settings(deadline=None)
@given(QUERIES, ALLOWANCES)
def test_every_period_of_every_query_is_asked_once_or_refused_as_a_whole(
    queries: list[MetricQuery], allowance: Allowance
) -> None:
    planned = plan(queries, allowance=allowance)
    for asked in queries:
        spans = parts(planned, asked)
        if asked in planned.unaffordable:
            assert spans == []
        else:
            whole = asked.span.aligned(asked.period)
            assert [span.start for span in spans] == [whole.start, *(span.end for span in spans[:-1])]
            assert spans[-1].end == whole.end


@settings(deadline=None)
@given(QUERIES, ALLOWANCES)
def test_calls_keep_aws_limits_and_the_plan_its_allowance(queries: list[MetricQuery], allowance: Allowance) -> None:
    planned = plan(queries, allowance=allowance)
    free = Counter(call.scope.account for call in planned.calls if isinstance(call, StatisticsCall))
    assert all(count <= allowance.free_requests.get(account, 0) for account, count in free.items())
    assert planned.cost.amount <= allowance.money.amount
    for call in planned.calls:
        points = call.span.seconds // call.period
        if isinstance(call, StatisticsCall):
            assert points <= planning.STATISTICS_DATAPOINTS
            assert len(call.statistics) <= (
                planning.STATISTICS_EXTENDED if call.extended else planning.STATISTICS_PLAIN
            )
            assert len({name in PLAIN_STATISTICS for name in call.statistics}) == 1
        else:
            assert len(call.items) <= planning.DATA_QUERIES
            assert len(call.items) * points <= planning.DATA_DATAPOINTS or len(call.items) == 1


def test_limits_are_those_of_botocores_model() -> None:
    model = botocore.session.get_session().get_service_model("cloudwatch")
    asked = model.operation_model("GetMetricStatistics").input_shape
    assert asked is not None
    assert asked.members["Statistics"].metadata["max"] == planning.STATISTICS_PLAIN
    assert asked.members["ExtendedStatistics"].metadata["max"] == planning.STATISTICS_EXTENDED


def test_five_plain_statistics_of_a_metric_take_one_free_call() -> None:
    planned = plan([query(name) for name in PLAIN_STATISTICS], allowance=MILLION)
    assert [type(call) for call in planned.calls] == [StatisticsCall]
    assert planned.cost == ZERO
    assert planned.explanation == "1 GetMetricStatistics call inside the free million."


def test_percentiles_take_a_call_of_their_own() -> None:
    planned = plan([query("Average"), query("p50"), query("p99")], allowance=MILLION)
    assert [call.statistics for call in planned.calls if isinstance(call, StatisticsCall)] == [
        ("Average",),
        ("p50", "p99"),
    ]


@pytest.mark.parametrize(("minutes", "calls"), [(1439, 1), (1440, 1), (1441, 2), (2880, 2), (2881, 3)])
def test_a_free_call_holds_1440_points(minutes: int, calls: int) -> None:
    planned = plan([query(hours=minutes / 60)], allowance=MILLION)
    assert len(planned.calls) == calls


def test_what_only_get_metric_data_knows_is_refused_at_a_cap_of_zero() -> None:
    planned = plan([query("Average"), query("tm90")], allowance=MILLION)
    assert planned.unaffordable == (query("tm90"),)
    assert planned.cost == ZERO
    assert planned.refusal == "1 statistic (tm90) would take GetMetricData calls for $0.00001, and the cap leaves $0.00"
    assert [call.operation for call in planned.calls] == ["cloudwatch:GetMetricStatistics"]


def test_and_bought_where_the_cap_allows_it() -> None:
    planned = plan([query("Average"), query("tm90")], allowance=Allowance({PROD.account: 5}, Money(Decimal("0.01"))))
    assert [call.operation for call in planned.calls] == ["cloudwatch:GetMetricStatistics", "cloudwatch:GetMetricData"]
    assert planned.cost == Money(Decimal("0.00001"))


def test_one_free_call_left_serves_one_metric_and_the_rest_is_paid() -> None:
    planned = plan([query(place=n) for n in range(3)], allowance=Allowance({PROD.account: 1}, Money(Decimal(1))))
    assert [type(call) for call in planned.calls] == [StatisticsCall, DataCall]
    assert planned.cost == Money(Decimal("0.00002"))


def test_paid_calls_bill_five_statistics_of_a_metric_once() -> None:
    six = [*PLAIN_STATISTICS, "p99"]
    assert plan([query(name) for name in six[:5]], allowance=RICH).cost == Money(Decimal("0.00001"))
    assert plan([query(name) for name in six], allowance=RICH).cost == Money(Decimal("0.00002"))


@pytest.mark.parametrize(
    ("points", "batch"), [(1, 500), (201, 500), (202, 499), (1440, 70), (100_800, 1), (200_000, 1), (0, 500)]
)
def test_a_batch_fills_one_page(points: int, batch: int) -> None:
    assert data_batch(points) == batch


def test_nothing_to_ask_is_said() -> None:
    assert plan([], allowance=MILLION).explanation == "Nothing to ask: the store has it all."


@pytest.mark.parametrize(
    ("statistics", "calls"),
    [
        (("Average", "p99"), [("Average",), ("p99",)]),
        (("p99", "Sum", "p50", "Average"), [("Average", "Sum"), ("p50", "p99")]),
        (tuple(f"p{n}" for n in range(1, 12)), [tuple(sorted(f"p{n}" for n in range(1, 12)))[:10], ("p9",)]),
    ],
)
def test_plain_statistics_and_percentiles_never_share_a_free_call(
    statistics: tuple[str, ...], calls: list[tuple[str, ...]]
) -> None:
    planned = plan([query(name) for name in statistics], allowance=MILLION)
    assert [call.statistics for call in planned.calls if isinstance(call, StatisticsCall)] == calls
    assert planned.cost == ZERO


@pytest.mark.parametrize(("period", "minutes", "calls"), [(1, 24, 1), (1, 25, 2), (10, 240, 1), (10, 241, 2)])
def test_high_resolution_is_cut_at_1440_points_too(period: int, minutes: int, calls: int) -> None:
    asked = query(period=period, hours=minutes / 60)
    planned = plan([asked], allowance=MILLION)
    assert len(planned.calls) == calls
    assert [part.start for part in parts(planned, asked)] == sorted(call.span.start for call in planned.calls)
    assert parts(planned, asked)[-1].end == NOW


def test_one_accounts_free_requests_do_not_serve_another() -> None:
    allowance = Allowance({PROD.account: 1, DR.account: 0}, Money(Decimal("0.00001")))
    planned = plan([query(), query(scope=DR)], allowance=allowance)
    free, paid = planned.calls
    assert (free.scope, free.operation) == (PROD, "cloudwatch:GetMetricStatistics")
    assert (paid.scope, paid.operation) == (DR, "cloudwatch:GetMetricData")
    assert planned.bought == (query(scope=DR),)
    assert (
        planned.explanation == "1 GetMetricStatistics call inside the free million; 1 GetMetricData call for $0.00001."
    )
