"""AWS's own forecast and anomalies: read once a day, within the cap, each failure beside what did arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from collectors import cost_outlook
from collectors.cost_outlook import Outlook
from collectors.store import Store
from core.money import Money
from core.reading import FaultKind
from tests.unit.collectors.endpoint import Endpoint, clients_of

ACCOUNT = "111111111111"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FORECAST = {
    "Total": {"Amount": "40.5", "Unit": "USD"},
    "ForecastResultsByTime": [{"PredictionIntervalLowerBound": "30", "PredictionIntervalUpperBound": "50"}],
}


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def anomaly(day: str, **more: Any) -> dict[str, Any]:
    return {
        "AnomalyId": day,
        "AnomalyStartDate": day,
        "AnomalyScore": {"MaxScore": 1.0, "CurrentScore": 1.0},
        "Impact": {"MaxImpact": 2.5, "TotalActualSpend": 3.0, "TotalExpectedSpend": 0.5},
        "MonitorArn": "arn:m",
        "RootCauses": [{"Service": "AWS Lambda", "UsageType": "Request", "LinkedAccount": ACCOUNT}],
        **more,
    }


@pytest.fixture
def spending(endpoint: Endpoint, tmp_path: Path) -> Iterator[Clients]:
    endpoint.answers["GetCostForecast"] = lambda _: FORECAST
    endpoint.answers["GetAnomalies"] = lambda request: (
        {"Anomalies": [anomaly("2026-11-20")]}
        if request.get("NextPageToken")
        else {"Anomalies": [anomaly("2026-11-21"), anomaly("2026-11-02", RootCauses=[])], "NextPageToken": "2"}
    )
    clients = clients_of(endpoint, tmp_path / "own", cap=dollars("1"))
    yield clients
    clients.close()


def test_nothing_is_asked_at_the_default_cap(endpoint: Endpoint, clients: Clients, store: Store) -> None:
    reading = cost_outlook.read_when_due(clients, ACCOUNT, store=store, now=NOW)
    assert [fault.kind for fault in reading.faults] == [FaultKind.NOT_FREE]
    assert endpoint.asked == []
    assert cost_outlook.known(ACCOUNT, store=store, now=NOW).value == Outlook()
    [(refusal, _)] = clients.meter.statement().refusals
    assert (refusal.what, refusal.cost) == (f"AWS's own forecast and anomalies of {ACCOUNT}", dollars("0.02"))


def test_forecast_and_anomalies_are_read_over_all_pages(spending: Clients, store: Store, endpoint: Endpoint) -> None:
    assert cost_outlook.read_when_due(spending, ACCOUNT, store=store, now=NOW).faults == ()
    found = cost_outlook.known(ACCOUNT, store=store, now=NOW).value
    assert found.forecast is not None
    assert (found.forecast.amount, found.forecast.low, found.forecast.high) == (
        dollars("40.5"), dollars("30"), dollars("50"),
    )  # fmt: skip
    assert [each.start for each in found.anomalies] == [date(2026, 11, day) for day in (21, 20, 2)]
    assert (found.anomalies[0].service, found.anomalies[0].impact) == ("AWS Lambda", dollars("2.5"))
    assert found.anomalies[-1].usage_type == ""
    assert spending.meter.spent_this_month() == dollars("0.03")
    [asked] = endpoint.requests("GetCostForecast")
    assert asked["TimePeriod"] == {"Start": "2026-11-23", "End": "2026-12-01"}


def test_it_is_read_once_a_day(spending: Clients, store: Store, endpoint: Endpoint) -> None:
    for hours in (0, 1, 23, 24):
        cost_outlook.read_when_due(spending, ACCOUNT, store=store, now=NOW + timedelta(hours=hours))
    assert len(endpoint.requests("GetCostForecast")) == 2


def test_what_aws_cannot_forecast_yet_leaves_the_anomalies(spending: Clients, store: Store, endpoint: Endpoint) -> None:
    endpoint.answers["GetCostForecast"] = lambda _: (
        400,
        {"__type": "DataUnavailableException", "message": "Insufficient amount of historical data"},
    )
    [fault] = cost_outlook.read_when_due(spending, ACCOUNT, store=store, now=NOW).faults
    assert fault.what == "ce:GetCostForecast"
    found = cost_outlook.known(ACCOUNT, store=store, now=NOW).value
    assert found.forecast is None
    assert len(found.anomalies) == 3


def test_a_reading_that_failed_as_a_whole_leaves_the_one_before_with_its_age(
    spending: Clients, store: Store, endpoint: Endpoint
) -> None:
    cost_outlook.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    before = cost_outlook.known(ACCOUNT, store=store, now=NOW)
    denied = (400, {"__type": "AccessDeniedException", "message": "no"})
    endpoint.answers["GetCostForecast"] = endpoint.answers["GetAnomalies"] = lambda _: denied
    later = NOW + timedelta(days=1)
    for seconds in (0, 15, 30):
        cost_outlook.read_when_due(spending, ACCOUNT, store=store, now=later + timedelta(seconds=seconds))
    known = cost_outlook.known(ACCOUNT, store=store, now=later)
    assert (known.value, known.at, len(known.faults)) == (before.value, NOW, 2)
    assert len(endpoint.requests("GetCostForecast")) == 2


def test_the_last_day_of_a_month_is_forecast_too(spending: Clients, store: Store, endpoint: Endpoint) -> None:
    cost_outlook.read_when_due(spending, ACCOUNT, store=store, now=datetime(2026, 12, 31, 23, tzinfo=UTC))
    assert endpoint.requests("GetCostForecast")[0]["TimePeriod"] == {"Start": "2026-12-31", "End": "2027-01-01"}
