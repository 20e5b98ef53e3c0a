"""Pages are merged, and what did not arrive is a fault with an address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cloud.clients import Clients
from collectors import metrics
from collectors.planning import Allowance, plan
from collectors.query import MetricQuery
from core.money import Money
from core.reading import Fault, FaultKind, Reading
from core.series import MetricId, Series
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
T0 = int((NOW - timedelta(minutes=5)).timestamp())
DENIED = (403, {"__type": "AccessDenied", "message": "no identity-based policy allows it"})
THROTTLED = (400, {"__type": "Throttling", "message": "Rate exceeded"})
BROKEN = (500, {"__type": "InternalServiceFault"})


def query(clients: Clients, statistic: str = "Average", place: int = 0) -> MetricQuery:
    metric = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", f"i-{place}"),))
    return MetricQuery(clients.scopes()[0], metric, statistic, 60, Timespan(NOW - timedelta(minutes=5), NOW))


def paid(clients: Clients, *queries: MetricQuery) -> Reading[Mapping[MetricQuery, Series]]:
    planned = plan(queries, allowance=Allowance({}, Money(Decimal(1))))
    return metrics.fetch(planned, clients, now=NOW)


def result(place: int, minutes: list[int], status: str = "Complete", **more: Any) -> dict[str, Any]:
    times = [T0 + 60 * minute for minute in minutes]
    return {"Id": f"q{place}", "StatusCode": status, "Timestamps": times, "Values": [float(m) for m in minutes], **more}


def values(reading: Reading[Mapping[MetricQuery, Series]], asked: MetricQuery) -> dict[int, float]:
    series = reading.value[asked]
    return dict(zip(((series.times - T0) // 60).tolist(), series.values.tolist(), strict=True))


def pages(*answers: dict[str, Any]) -> Any:
    """Answer page by page; the token is the page's number."""

    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        number = int(request.get("NextToken", 0))
        more = {"NextToken": str(number + 1)} if number + 1 < len(answers) else {}
        return {**answers[number], **more}

    return answer


def test_a_metric_split_over_pages_is_one_series_and_no_fault(endpoint: Endpoint, rich: Clients) -> None:
    asked = query(rich)
    endpoint.answers["GetMetricData"] = pages(
        {"MetricDataResults": [result(0, [0, 1], "PartialData")]},
        {"MetricDataResults": []},
        {"MetricDataResults": [result(0, [2, 4])]},
    )
    reading = paid(rich, asked)
    assert values(reading, asked) == {0: 0, 1: 1, 2: 2, 4: 4}
    assert reading.complete


def test_what_stays_partial_is_given_with_a_fault(endpoint: Endpoint, rich: Clients) -> None:
    asked = query(rich)
    endpoint.answers["GetMetricData"] = pages({"MetricDataResults": [result(0, [0], "PartialData")]})
    reading = paid(rich, asked)
    assert values(reading, asked) == {0: 0}
    [fault] = reading.faults
    assert (fault.kind, fault.retryable) == (FaultKind.PARTIAL_DATA, True)
    assert "CPUUtilization {InstanceId=i-0} in 111111111111/us-east-1" in fault.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [("Forbidden", FaultKind.ACCESS_DENIED), ("InternalError", FaultKind.SERVICE_FAILURE)],
)
def test_one_refused_metric_leaves_the_others(endpoint: Endpoint, rich: Clients, status: str, kind: FaultKind) -> None:
    first, second = query(rich, place=0), query(rich, place=1)
    endpoint.answers["GetMetricData"] = pages({"MetricDataResults": [result(0, [], status), result(1, [3])]})
    reading = paid(rich, first, second)
    assert first not in reading.value
    assert values(reading, second) == {3: 3}
    assert [fault.kind for fault in reading.faults] == [kind]


def test_a_result_that_never_came_is_a_fault_and_an_empty_one_is_none(endpoint: Endpoint, rich: Clients) -> None:
    first, second = query(rich, place=0), query(rich, place=1)
    endpoint.answers["GetMetricData"] = pages({"MetricDataResults": [result(0, [])]})
    reading = paid(rich, first, second)
    assert values(reading, first) == {}
    assert second not in reading.value
    assert [fault.kind for fault in reading.faults] == [FaultKind.SERVICE_FAILURE]


def test_messages_of_aws_are_passed_on(endpoint: Endpoint, rich: Clients) -> None:
    note = {"Code": "MaxMetricsExceeded", "Value": "500 of 700 metrics"}
    endpoint.answers["GetMetricData"] = pages({"MetricDataResults": [result(0, [1])], "Messages": [note]})
    [fault] = paid(rich, query(rich)).faults
    assert fault.message == "AWS says of this answer: 500 of 700 metrics"


def free(clients: Clients, *queries: MetricQuery) -> Reading[Mapping[MetricQuery, Series]]:
    return metrics.read(queries, clients, now=NOW)


def test_the_free_call_gives_its_unit_and_leaves_gaps(endpoint: Endpoint, clients: Clients) -> None:
    average, count = query(clients), query(clients, "SampleCount")
    endpoint.answers["GetMetricStatistics"] = lambda _: {
        "Datapoints": [
            {"Timestamp": T0 + 180, "Average": 3.0, "SampleCount": 2.0, "Unit": "Percent"},
            {"Timestamp": T0, "Average": 1.0, "SampleCount": 1.0, "Unit": "Percent"},
        ]
    }
    reading = free(clients, average, count)
    assert values(reading, average) == {0: 1, 3: 3}
    assert values(reading, count) == {0: 1, 3: 2}
    assert reading.value[average].unit == "Percent"
    assert len(endpoint.requests("GetMetricStatistics")) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "attempts"),
    [(DENIED, FaultKind.ACCESS_DENIED, 1), (THROTTLED, FaultKind.THROTTLED, 3), (BROKEN, FaultKind.SERVICE_FAILURE, 3)],
)
def test_a_failed_call_is_a_fault_that_names_its_action(
    endpoint: Endpoint, clients: Clients, answer: Any, kind: FaultKind, attempts: int
) -> None:
    endpoint.answers["GetMetricStatistics"] = lambda _: answer
    reading = free(clients, query(clients))
    assert reading.value == {}
    [fault] = reading.faults
    assert (fault.kind, fault.what) == (kind, "cloudwatch:GetMetricStatistics")
    assert len(endpoint.requests("GetMetricStatistics")) == attempts


def test_one_failure_is_said_once_however_many_calls_it_hits(endpoint: Endpoint, clients: Clients) -> None:
    endpoint.answers["GetMetricStatistics"] = lambda _: DENIED
    reading = free(clients, *(query(clients, place=n) for n in range(12)))
    assert len(reading.faults) == 1


def test_a_call_beyond_the_cap_is_not_made_and_said(endpoint: Endpoint, clients: Clients) -> None:
    reading = free(clients, query(clients, "tm90"))
    assert endpoint.asked == []
    assert [fault.kind for fault in reading.faults] == [FaultKind.NOT_FREE]
    assert reading.faults[0].message == (
        "cloudwatch:GetMetricData in 111111111111/us-east-1 was not called: "
        "1 statistic (tm90) would take GetMetricData calls for $0.00001, and the monthly cap on our own calls is $0.00"
    )


def test_an_endpoint_that_is_gone_is_unreachable(endpoint: Endpoint, clients: Clients) -> None:
    gone = clients.settings.model_copy(update={"demo_port": 1})
    away = Clients(gone, clients.meter)
    [fault] = metrics.read([query(away)], away, now=NOW).faults
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.retryable) == (FaultKind.UNREACHABLE, True)
