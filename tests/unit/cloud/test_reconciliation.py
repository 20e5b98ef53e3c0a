"""Our count beside the bill: settled days, days that may change, days that the bill does not show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.ledger import HourTotal, Total
from cloud.reconciliation import BillLine, Item, Reconciliation, Standing, reconcile, usage_type, without_region
from core.money import ZERO, Money

PROD = "111111111111"
START = date(2026, 11, 1)
READ_AT = datetime(2026, 11, 5, 12, tzinfo=UTC)


def counted(days: str, *, service: str = "cloudwatch", operation: str = "DescribeAlarms") -> list[HourTotal]:
    """Our units from 1 November on, a day a word, such as `10 10 _ 5`."""
    return [
        HourTotal(
            datetime(2026, 11, 1 + place, 9, tzinfo=UTC),
            Total(service, operation, PROD, "us-east-1", "wall", int(word), int(word), ZERO),
        )
        for place, word in enumerate(days.split())
        if word != "_"
    ]


def billed(
    days: str, *, kind: str = "CW:Requests", service: str = "AmazonCloudWatch", final: int = 0
) -> list[BillLine]:
    """The bill's units from 1 November on; the first `final` days are final."""
    return [
        BillLine(
            START + timedelta(days=place),
            PROD,
            service,
            kind,
            Decimal(word),
            "Requests",
            Money(Decimal(word) / 100_000),
            final=place < final,
        )
        for place, word in enumerate(days.split())
        if word != "_"
    ]


def compared(ours: Iterable[HourTotal], bill: list[BillLine], *, read_at: datetime = READ_AT) -> Reconciliation:
    return reconcile(ours, bill, start=START, read_at={PROD: read_at})


def only(found: Reconciliation) -> Item:
    [item] = found.items
    return item


def test_days_are_compared_in_three_parts() -> None:
    # Read on the 5th at noon: the 1st and 2nd ended more than 48 hours before, the 3rd ended 36 hours before.
    item = only(compared(counted("10 10 20 40 80"), billed("100 100 100 50")))
    assert (int(item.ours.units), int(item.bill.units)) == (20, 200)
    assert (int(item.ours_open.units), int(item.bill_open.units)) == (60, 150)
    assert item.unseen.units == 80
    assert (item.share, item.standing) == (Decimal("0.1"), Standing.PARTLY_OURS)


@pytest.mark.parametrize(
    ("read_at", "settled"),
    [
        (datetime(2026, 11, 3, 23, 59, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 4, 0, 0, tzinfo=UTC), date(2026, 11, 2)),
        (datetime(2026, 11, 4, 0, 1, tzinfo=UTC), date(2026, 11, 2)),
    ],
)
def test_a_day_settles_48_hours_after_its_end(read_at: datetime, settled: date) -> None:
    found = compared(counted("1 1"), billed("1 1"), read_at=read_at)
    assert found.settled_until == {PROD: settled}


def test_a_day_that_aws_calls_final_is_settled_at_once() -> None:
    found = compared(counted("1 1"), billed("1 1", final=2), read_at=datetime(2026, 11, 2, 1, tzinfo=UTC))
    assert found.settled_until == {PROD: date(2026, 11, 3)}


def test_regions_are_added_up_and_their_letters_left_out() -> None:
    bill = billed("100") + billed("50", kind="EU-CW:Requests") + billed("7 7 7")[2:]
    item = only(compared(counted("30"), bill))
    assert (item.usage_type, int(item.bill.units)) == ("CW:Requests", 150)


@pytest.mark.parametrize(
    ("on_bill", "plain"),
    [
        ("USE1-APIRequest", "APIRequest"),
        ("EU-CW:GMD-Metrics", "CW:GMD-Metrics"),
        ("EUC1-CW:Requests", "CW:Requests"),
        ("APN1-CW:AlarmMonitorUsage", "CW:AlarmMonitorUsage"),
        ("UGW1-CW:MetricMonitorUsage", "CW:MetricMonitorUsage"),
        ("CW:GMD-Metrics", "CW:GMD-Metrics"),
        ("DataTransfer-Out-Bytes", "DataTransfer-Out-Bytes"),
        ("BoxUsage:t2.micro", "BoxUsage:t2.micro"),
        ("USE1-USW2-AWS-Out-Bytes", "USW2-AWS-Out-Bytes"),
    ],
)
def test_only_a_regions_letters_are_left_out(on_bill: str, plain: str) -> None:
    assert without_region(on_bill) == plain


def test_what_the_bill_has_and_we_did_not_call_is_not_ours() -> None:
    found = compared([], billed("3 3", kind="CW:AlarmMonitorUsage"))
    assert [(item.usage_type, item.standing, item.share) for item in found.items] == [
        ("CW:AlarmMonitorUsage", Standing.NOT_OURS, Decimal(0))
    ]


def test_services_that_watching_never_calls_are_left_out() -> None:
    assert compared([], billed("24", kind="BoxUsage:t2.micro", service="Amazon Elastic Compute Cloud")).items == ()


def test_more_counted_than_billed_on_settled_days_is_said() -> None:
    assert only(compared(counted("10 11"), billed("10 10"))).standing is Standing.BILL_LACKS
    assert only(compared(counted("10 10"), billed("10 10"))).standing is Standing.ALL_OURS


def test_what_is_too_young_to_compare_is_awaited() -> None:
    item = only(compared(counted("_ _ _ 9 9"), []))
    assert (int(item.unseen.units), item.standing, item.share) == (18, Standing.AWAITED, None)


def test_bytes_scanned_are_compared_in_the_bills_gigabytes() -> None:
    ours = counted("2500000000", service="logs", operation="StartQuery")
    item = only(compared(ours, billed("2.5 1", kind="DataScanned-Bytes")))
    assert (item.ours.units, item.standing) == (Decimal("2.5"), Standing.PARTLY_OURS)


def test_an_account_whose_bill_was_not_read_is_not_compared() -> None:
    assert reconcile(counted("1 1"), [], start=START, read_at={}).items == ()


def test_operations_have_their_usage_types() -> None:
    assert usage_type("cloudwatch", "GetMetricData") == "CW:GMD-Metrics"
    assert usage_type("cloudwatch", "PutMetricAlarm") == "CW:Requests"
    assert usage_type("ce", "GetCostForecast") == "APIRequest"
    assert usage_type("elbv2", "DescribeTargetHealth") is None


numbers = st.lists(st.integers(0, 1000), max_size=8)


@given(ours=numbers, bill=numbers, hours=st.integers(0, 300))
def test_no_unit_is_lost_or_counted_twice(ours: list[int], bill: list[int], hours: int) -> None:
    read_at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours)
    found = compared(counted(" ".join(map(str, ours))), billed(" ".join(map(str, bill))), read_at=read_at)
    assert sum(i.ours.units + i.ours_open.units + i.unseen.units for i in found.items) == sum(ours)
    assert sum(i.bill.units + i.bill_open.units for i in found.items) == sum(bill)
    assert all(i.share is None or 0 <= i.share <= 1 for i in found.items)
    assert found.settled_until[PROD] <= found.billed_until[PROD]
