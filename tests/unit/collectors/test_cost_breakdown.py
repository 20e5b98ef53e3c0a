"""Costs by account, region and tag, and what changed: bought once a day, within the cap, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from collectors import cost_breakdown
from collectors.cost_breakdown import Cause, Share
from collectors.store import Store
from core.money import Money
from core.reading import FaultKind
from tests.unit.collectors.endpoint import Endpoint, clients_of

ACCOUNT = "111111111111"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DENIED = (400, {"__type": "AccessDeniedException", "message": "no"})
TEAM = cost_breakdown.by("TAG", "team")


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def month(start: str, *groups: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": start, "End": "2026-12-01"},
        "Groups": [
            {"Keys": [value, record], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
            for value, record, amount in groups
        ],
    }


@pytest.fixture
def paying(endpoint: Endpoint, tmp_path: Path) -> Iterator[Clients]:
    first = month("2026-10-01", ("team$web", "Usage", "10"))
    second = month("2026-11-01", ("team$", "Usage", "3"), ("team$web", "Usage", "4.5"), ("team$web", "Credit", "-4.5"))
    endpoint.answers["GetCostAndUsage"] = lambda request: (
        {"ResultsByTime": [second]}
        if request.get("NextPageToken")
        else {"ResultsByTime": [first], "NextPageToken": "2"}
    )
    clients = clients_of(endpoint, tmp_path / "own", cap=dollars("1"))
    yield clients
    clients.close()


def test_at_the_default_cap_nothing_is_asked(endpoint: Endpoint, clients: Clients, store: Store) -> None:
    quote = cost_breakdown.quote(clients, TEAM, ACCOUNT, store=store, now=NOW)
    assert (quote.cost, quote.affordable, quote.left) == (
        dollars("0.01"), False, "the monthly cap on our own calls is $0.00",
    )  # fmt: skip
    [fault] = cost_breakdown.buy(clients, TEAM, ACCOUNT, store=store, now=NOW).faults
    assert fault.kind is FaultKind.NOT_FREE
    assert endpoint.asked == []


def test_an_answer_has_all_pages_and_credits_apart(paying: Clients, store: Store, endpoint: Endpoint) -> None:
    assert cost_breakdown.known(TEAM, ACCOUNT, store=store, now=NOW).value is None
    assert cost_breakdown.buy(paying, TEAM, ACCOUNT, store=store, now=NOW).faults == ()
    october, november = date(2026, 10, 1), date(2026, 11, 1)
    assert cost_breakdown.known(TEAM, ACCOUNT, store=store, now=NOW).value == (
        Share(october, "web", given_back=False, cost=dollars("10")),
        Share(november, "", given_back=False, cost=dollars("3")),
        Share(november, "web", given_back=False, cost=dollars("4.5")),
        Share(november, "web", given_back=True, cost=dollars("-4.5")),
    )
    assert paying.meter.spent_this_month() == dollars("0.02")
    asked = endpoint.requests("GetCostAndUsage")[0]
    assert asked["TimePeriod"] == {"Start": "2026-10-01", "End": "2026-11-24"}


@pytest.mark.parametrize(("hours", "asked"), [((0, 1, 23.9), 1), ((0, 24), 2)])
def test_it_is_bought_once_a_day(
    paying: Clients, store: Store, endpoint: Endpoint, hours: tuple[float, ...], asked: int
) -> None:
    for each in hours:
        cost_breakdown.buy(paying, TEAM, ACCOUNT, store=store, now=NOW + timedelta(hours=each))
    assert len(endpoint.requests("GetCostAndUsage")) == 2 * asked


def test_a_failure_leaves_the_answer_before_and_is_kept_for_six_hours(
    paying: Clients, store: Store, endpoint: Endpoint
) -> None:
    cost_breakdown.buy(paying, TEAM, ACCOUNT, store=store, now=NOW)
    before = cost_breakdown.known(TEAM, ACCOUNT, store=store, now=NOW)
    endpoint.answers["GetCostAndUsage"] = lambda _: DENIED
    later = NOW + timedelta(days=1)
    for hours in (0, 5.9, 6):
        cost_breakdown.buy(paying, TEAM, ACCOUNT, store=store, now=later + timedelta(hours=hours))
    known = cost_breakdown.known(TEAM, ACCOUNT, store=store, now=later)
    assert (known.value, known.at) == (before.value, NOW)
    assert [(fault.what, fault.kind) for fault in known.faults] == [("ce:GetCostAndUsage", FaultKind.ACCESS_DENIED)]
    assert len(endpoint.requests("GetCostAndUsage")) == 2 + 2


def test_an_answer_that_the_cap_breaks_off_is_not_kept(
    paying: Clients, store: Store, endpoint: Endpoint, tmp_path: Path
) -> None:
    clients = clients_of(endpoint, tmp_path / "poor", cap=dollars("0.01"))
    [fault] = cost_breakdown.buy(clients, TEAM, ACCOUNT, store=store, now=NOW).faults
    assert fault.kind is FaultKind.NOT_FREE
    assert cost_breakdown.known(TEAM, ACCOUNT, store=store, now=NOW).value is None
    clients.close()


def test_drivers_compare_the_last_two_whole_months(paying: Clients, store: Store, endpoint: Endpoint) -> None:
    def compared(before: str, after: str) -> dict[str, Any]:
        difference = str(Decimal(after) - Decimal(before))
        return {
            "UnblendedCost": {
                "BaselineTimePeriodAmount": before, "ComparisonTimePeriodAmount": after, "Difference": difference,
                "Unit": "USD",
            }
        }  # fmt: skip

    def selected(service: str, usage_type: str) -> dict[str, Any]:
        parts = (("SERVICE", service), ("USAGE_TYPE", usage_type))
        return {"And": [{"Dimensions": {"Key": key, "Values": [value]}} for key, value in parts]}

    cause = {"Type": "USAGE_CHANGE", "Name": "more hours", "Metrics": compared("1", "4")}
    endpoint.answers["GetCostComparisonDrivers"] = lambda _: {
        "CostComparisonDrivers": [
            {"CostSelector": selected("S3", "Bytes"), "Metrics": compared("2", "1"), "CostDrivers": []},
            {"CostSelector": selected("EC2", "Box"), "Metrics": compared("1", "4"), "CostDrivers": [cause]},
        ]
    }
    at = datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert cost_breakdown.buy(paying, cost_breakdown.DRIVERS, ACCOUNT, store=store, now=at).faults == ()
    found = cost_breakdown.known(cost_breakdown.DRIVERS, ACCOUNT, store=store, now=at).value
    assert found is not None
    assert (found.before, found.after) == (date(2025, 11, 1), date(2025, 12, 1))
    assert [(each.service, each.usage_type) for each in found.found] == [("EC2", "Box"), ("S3", "Bytes")]
    assert found.found[0].causes == (Cause("USAGE_CHANGE", "more hours", dollars("3")),)
    [asked] = endpoint.requests("GetCostComparisonDrivers")
    assert asked["BaselineTimePeriod"] == {"Start": "2025-11-01", "End": "2025-12-01"}
    assert asked["ComparisonTimePeriod"] == {"Start": "2025-12-01", "End": "2026-01-01"}
