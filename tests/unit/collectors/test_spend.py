"""Costs by day: what is asked, what it costs, what is kept, and that nothing is asked that the cap does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from collectors import retention, spend
from collectors.spend_lines import CHARGE, SpendLines
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import FaultKind
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of

ACCOUNT = "111111111111"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TODAY = NOW.date()


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def day_result(day: str, *groups: tuple[str, str, str], estimated: bool = True) -> dict[str, Any]:
    """One day of an answer; groups are (service, second key, amount)."""
    return {
        "TimePeriod": {"Start": day, "End": (date.fromisoformat(day) + timedelta(days=1)).isoformat()},
        "Estimated": estimated,
        "Groups": [
            {
                "Keys": [service, second],
                "Metrics": {
                    "UnblendedCost": {"Amount": amount, "Unit": "USD"},
                    "UsageQuantity": {"Amount": "2.50", "Unit": "Hrs"},
                },
            }
            for service, second, amount in groups
        ],
    }


class Bill:
    """Answers GetCostAndUsage from pages of charges and pages of what was given back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.charges: list[list[dict[str, Any]]] = [[]]
        self.given_back: list[list[dict[str, Any]]] = [[]]
        self.fails_at: str | None = None
        endpoint.answers["GetCostAndUsage"] = self.answer

    def answer(self, request: Any) -> Any:
        token = request.get("NextPageToken", "0")
        if token == self.fails_at:
            return 400, {"__type": "DataUnavailableException", "message": "Data is unavailable."}
        pages = self.given_back if request["GroupBy"][1]["Key"] == "RECORD_TYPE" else self.charges
        following = {"NextPageToken": str(int(token) + 1)} if int(token) + 1 < len(pages) else {}
        return {"ResultsByTime": pages[int(token)], **following}


@pytest.fixture
def bill(endpoint: Endpoint) -> Bill:
    return Bill(endpoint)


@pytest.fixture
def spending(endpoint: Endpoint, tmp_path: Path) -> Iterator[Clients]:
    """Clients that may spend a dollar, and no more."""
    clients = clients_of(endpoint, tmp_path / "own", cap=dollars("1"))
    yield clients
    clients.close()


def test_nothing_is_asked_at_the_default_cap_and_the_reason_is_a_fault(
    endpoint: Endpoint, clients: Clients, store: Store, bill: Bill
) -> None:
    reading = spend.read_when_due(clients, ACCOUNT, store=store, now=NOW)
    assert [fault.kind for fault in reading.faults] == [FaultKind.NOT_FREE]
    assert "2 requests or more and costs $0.02" in reading.faults[0].message
    assert "the monthly cap on our own calls is $0.00" in reading.faults[0].message
    assert endpoint.asked == []
    assert spend.known(clients, ACCOUNT, store=store, now=NOW, start=TODAY).faults == reading.faults


def test_what_a_billing_export_will_need_is_left_to_it(endpoint: Endpoint, tmp_path: Path, store: Store) -> None:
    """An export in S3 says more than Cost Explorer, for a hundredth of the price."""
    clients = clients_of(endpoint, tmp_path / "own", cap=dollars("0.02"))
    [fault] = spend.read_when_due(clients, ACCOUNT, store=store, now=NOW, kept_back=dollars("0.001")).faults
    assert fault.kind is FaultKind.NOT_FREE
    assert "costs $0.02, and" in fault.message
    assert "of which $0.001 is kept for the billing export" in fault.message
    assert endpoint.asked == []
    clients.close()


def test_a_refused_reading_is_on_the_own_bill_with_its_price(clients: Clients, store: Store, bill: Bill) -> None:
    spend.read_when_due(clients, ACCOUNT, store=store, now=NOW)
    spend.read_when_due(clients, ACCOUNT, store=store, now=NOW + timedelta(seconds=15))
    [(refusal, times)] = clients.meter.statement().refusals
    assert (refusal.operation, refusal.cost, refusal.every, times) == ("GetCostAndUsage", dollars("0.02"), 86_400, 1)


def test_charges_and_credits_are_read_apart_over_all_pages(
    endpoint: Endpoint, spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [
        [day_result("2026-11-21", ("AmazonEC2", "BoxUsage:t2.micro", "0.5568"))],
        [
            day_result("2026-11-21", ("AmazonCloudWatch", "CW:Requests", "0.0000001")),
            day_result("2026-11-22", ("AmazonEC2", "BoxUsage:t2.micro", "0.25")),
        ],
    ]
    bill.given_back = [[day_result("2026-11-21", ("AmazonEC2", "Credit", "-0.5568"))]]
    assert spend.read_when_due(spending, ACCOUNT, store=store, now=NOW).faults == ()
    reading = spend.known(spending, ACCOUNT, store=store, now=NOW, start=date(2026, 11, 1))
    assert reading.complete
    assert [(line.day.day, line.usage_type, line.record, line.cost) for line in reading.value] == [
        (21, "CW:Requests", CHARGE, dollars("0.0000001")),
        (21, "", "Credit", dollars("-0.5568")),
        (21, "BoxUsage:t2.micro", CHARGE, dollars("0.5568")),
        (22, "BoxUsage:t2.micro", CHARGE, dollars("0.25")),
    ]
    assert spending.meter.spent_this_month() == dollars("0.03")
    charges, _, given_back = endpoint.requests("GetCostAndUsage")
    assert charges["TimePeriod"] == {"Start": "2026-09-01", "End": "2026-11-24"}
    assert charges["Filter"] == {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund"]}}}
    assert given_back["Filter"] == charges["Filter"]["Not"]


def test_it_is_read_once_a_day_however_often_it_is_due(
    endpoint: Endpoint, spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [[day_result("2026-11-21", ("AmazonEC2", "BoxUsage:t2.micro", "1"))]]
    for hours in (0, 1, 23, 24, 47, 48):
        spend.read_when_due(spending, ACCOUNT, store=store, now=NOW + timedelta(hours=hours))
    assert len(endpoint.requests("GetCostAndUsage")) == 2 * 3


def test_the_next_reading_begins_where_the_bill_may_still_change(
    endpoint: Endpoint, spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [
        [
            day_result("2026-10-31", ("AmazonEC2", "BoxUsage:t2.micro", "1"), estimated=False),
            day_result("2026-11-01", ("AmazonEC2", "BoxUsage:t2.micro", "1")),
        ]
    ]
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW + timedelta(days=1))
    assert endpoint.requests("GetCostAndUsage")[-1]["TimePeriod"] == {"Start": "2026-11-01", "End": "2026-11-25"}


def test_first_and_final_values_stay_apart_and_what_vanished_is_nothing(
    spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [[day_result("2026-11-21", ("EC2", "BoxUsage", "0.10"), ("EC2", "EBS", "0.07"))]]
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    bill.charges = [[day_result("2026-11-21", ("EC2", "BoxUsage", "0.30"), estimated=False)]]
    later = NOW + timedelta(days=1)
    spend.read_when_due(spending, ACCOUNT, store=store, now=later)
    box, volume = SpendLines(store).within(ACCOUNT, date(2026, 11, 21), date(2026, 11, 22))
    assert (box.first, box.cost, box.final, box.first_at, box.read_at) == (
        dollars("0.10"),
        dollars("0.30"),
        True,
        NOW,
        later,
    )
    assert (volume.first, volume.cost) == (dollars("0.07"), ZERO)


def test_of_a_reading_that_breaks_off_whole_days_are_kept(
    endpoint: Endpoint, spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [
        [day_result("2026-11-20", ("EC2", "BoxUsage", "1")), day_result("2026-11-21", ("EC2", "BoxUsage", "1"))],
        [],
    ]
    bill.fails_at = "1"
    [fault] = spend.read_when_due(spending, ACCOUNT, store=store, now=NOW).faults
    assert fault.what == "ce:GetCostAndUsage"
    known = spend.known(spending, ACCOUNT, store=store, now=NOW, start=date(2026, 11, 1))
    assert [line.day.day for line in known.value] == [20]
    assert known.faults == (fault,)
    asked = len(endpoint.asked)
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW + spend.AFTER_FAILURE - timedelta(seconds=1))
    assert len(endpoint.asked) == asked
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW + spend.AFTER_FAILURE)
    assert len(endpoint.asked) > asked


def test_a_refusal_of_aws_is_not_asked_and_paid_for_every_few_seconds(
    endpoint: Endpoint, spending: Clients, store: Store
) -> None:
    endpoint.answers["GetCostAndUsage"] = lambda _: (400, {"__type": "AccessDeniedException", "message": "no"})
    for seconds in range(0, 3600, 15):
        spend.read_when_due(spending, ACCOUNT, store=store, now=NOW + timedelta(seconds=seconds))
    assert len(endpoint.asked) == 1
    assert spending.meter.spent_this_month() == dollars("0.01")
    [fault] = spend.known(spending, ACCOUNT, store=store, now=NOW, start=TODAY).faults
    assert fault.kind is FaultKind.ACCESS_DENIED


def test_a_failed_attempt_does_not_make_costs_look_new(
    endpoint: Endpoint, spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [[day_result("2026-11-21", ("EC2", "BoxUsage", "1"))]]
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    bill.fails_at = "0"
    later = NOW + timedelta(days=1)
    spend.read_when_due(spending, ACCOUNT, store=store, now=later)
    known = spend.known(spending, ACCOUNT, store=store, now=later, start=date(2026, 11, 1))
    assert (known.at, len(known.value), len(known.faults)) == (NOW, 1, 1)


def test_nothing_is_asked_that_cost_explorer_forgot(
    endpoint: Endpoint, spending: Clients, store: Store, bill: Bill
) -> None:
    bill.charges = [[day_result("2024-01-05", ("EC2", "BoxUsage", "1"))]]
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    assert spend.plan(store, ACCOUNT, price=dollars("0.01"), now=NOW).start == date(2025, 11, 1)


def test_an_amount_that_is_no_number_is_a_fault_and_no_zero(spending: Clients, store: Store, bill: Bill) -> None:
    bill.charges = [[day_result("2026-11-21", ("EC2", "BoxUsage", "N/A"))]]
    [fault] = spend.read_when_due(spending, ACCOUNT, store=store, now=NOW).faults
    assert "'N/A'" in fault.message
    assert spend.known(spending, ACCOUNT, store=store, now=NOW, start=date(2026, 11, 1)).value == ()


def test_pages_beyond_the_cap_are_not_asked(endpoint: Endpoint, tmp_path: Path, store: Store, bill: Bill) -> None:
    clients = clients_of(endpoint, tmp_path / "own", cap=dollars("0.02"))
    bill.charges = [[day_result(f"2026-11-{day}", ("EC2", "BoxUsage", "1"))] for day in (20, 21, 22)]
    [fault] = spend.read_when_due(clients, ACCOUNT, store=store, now=NOW).faults
    assert fault.kind is FaultKind.NOT_FREE
    assert len(endpoint.requests("GetCostAndUsage")) == 2
    assert clients.meter.spent_this_month() == dollars("0.02")
    clients.close()


def test_a_reading_that_took_more_pages_is_planned_with_as_many(spending: Clients, store: Store, bill: Bill) -> None:
    assert spend.plan(store, ACCOUNT, price=dollars("0.01"), now=NOW).cost == dollars("0.02")
    bill.charges = [[], [], []]
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    assert spend.plan(store, ACCOUNT, price=dollars("0.01"), now=NOW).cost == dollars("0.04")


def test_costs_are_forgotten_when_the_setting_says_so(spending: Clients, store: Store, bill: Bill) -> None:
    bill.charges = [[day_result(f"2026-11-{day}", ("EC2", "BoxUsage", "1")) for day in (20, 21, 22)]]
    spend.read_when_due(spending, ACCOUNT, store=store, now=NOW)
    with store.writing() as connection:
        retention.forget(connection, datetime(2026, 11, 21, 12, tzinfo=UTC))
    left = SpendLines(store).within(ACCOUNT, date(2026, 11, 1), date(2026, 12, 1))
    assert [line.day.day for line in left] == [21, 22]


def test_clocks_of_other_processes_do_not_bring_back_older_values(
    endpoint: Endpoint, tmp_path: Path, store: Store, bill: Bill
) -> None:
    clients = clients_of(endpoint, tmp_path / "own", cap=dollars("1"), clock=Ticking(NOW))
    bill.charges = [[day_result("2026-11-21", ("EC2", "BoxUsage", "2"))]]
    spend.read_when_due(clients, ACCOUNT, store=store, now=NOW)
    [line] = SpendLines(store).within(ACCOUNT, date(2026, 11, 21), date(2026, 11, 22))
    stale = [replace(line, cost=ZERO, read_at=NOW - timedelta(days=1))]
    days = (date(2026, 11, 21), date(2026, 11, 22))
    SpendLines(store).put(ACCOUNT, stale, days=days, given_back=False, read_at=NOW - timedelta(days=1))
    assert SpendLines(store).within(ACCOUNT, *days) == (line,)
    clients.close()
