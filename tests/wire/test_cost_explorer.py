"""Cost Explorer of the demo cloud, and what our own collector makes of it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from cloud.caps import Caps
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.reconciliation import BillLine, Standing, reconcile
from cloud.settings import Settings
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import ZERO, Money
from core.reading import FaultKind
from demo.clock import StandingClock
from demo.story import Story, Telling
from tests.wire.clouds import AT, Cloud, billed_cloud

pytestmark = pytest.mark.wire

PROD, DR = "111111111111", "222222222222"
NOVEMBER = {"Start": "2026-11-01", "End": "2026-11-24"}
BY_SERVICE = [{"Type": "DIMENSION", "Key": "SERVICE"}]
BY_USAGE = [*BY_SERVICE, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}]
CREDITS = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit"]}}


@pytest.fixture(scope="module")
def priced() -> Iterator[Cloud]:
    with billed_cloud() as cloud:
        yield cloud


@pytest.fixture
def moving() -> Iterator[Cloud]:
    """A world of a test's own, whose time it moves."""
    with billed_cloud() as cloud:
        yield cloud


def asked(cloud: Cloud, **given: Any) -> list[dict[str, Any]]:
    """Every page's results."""
    client = cloud.client("ce")
    request = {"TimePeriod": NOVEMBER, "Granularity": "DAILY", "Metrics": ["UnblendedCost", "UsageQuantity"], **given}
    answer = client.get_cost_and_usage(**request)
    results = answer["ResultsByTime"]
    while answer.get("NextPageToken"):
        answer = client.get_cost_and_usage(**request, NextPageToken=answer["NextPageToken"])
        results += answer["ResultsByTime"]
    return list(results)


def total(results: list[dict[str, Any]]) -> Decimal:
    groups = [group["Metrics"] for result in results for group in result["Groups"]]
    groups += [result["Total"] for result in results if result["Total"]]
    return sum((Decimal(metrics["UnblendedCost"]["Amount"]) for metrics in groups), Decimal(0))


@pytest.mark.parametrize("granularity", ["DAILY", "MONTHLY"])
@pytest.mark.parametrize(
    "keys", [["SERVICE"], ["SERVICE", "USAGE_TYPE"], ["REGION"], ["LINKED_ACCOUNT", "OPERATION"], ["RECORD_TYPE"]]
)
def test_every_grouping_adds_up_to_the_same_total(priced: Cloud, granularity: str, keys: list[str]) -> None:
    by = [{"Type": "DIMENSION", "Key": key} for key in keys]
    only = {"Not": CREDITS}
    grouped = asked(priced, GroupBy=by, Granularity=granularity, Filter=only)
    assert total(grouped) == total(asked(priced, Filter=only)) > 50


def test_credits_pay_for_everything_and_stand_apart(priced: Cloud) -> None:
    charged, given_back = (total(asked(priced, Filter=part)) for part in ({"Not": CREDITS}, CREDITS))
    assert given_back == -charged
    assert total(asked(priced)) == 0


def test_six_calendar_months_are_there_and_closed_ones_are_final(priced: Cloud) -> None:
    months = asked(priced, TimePeriod={"Start": "2026-06-01", "End": "2026-11-24"}, Granularity="MONTHLY",
                   Filter={"Not": CREDITS})  # fmt: skip
    assert [month["TimePeriod"]["Start"][5:7] for month in months] == ["06", "07", "08", "09", "10", "11"]
    assert all(Decimal(month["Total"]["UnblendedCost"]["Amount"]) > 50 for month in months)
    assert [month["Estimated"] for month in months] == [False] * 5 + [True]


def test_answers_come_in_pages_and_a_token_is_for_its_own_request(priced: Cloud) -> None:
    client = priced.client("ce")
    request = {"TimePeriod": NOVEMBER, "Granularity": "DAILY", "Metrics": ["UnblendedCost"], "GroupBy": BY_USAGE}
    first = client.get_cost_and_usage(**request)
    assert sum(len(each["Groups"]) for each in first["ResultsByTime"]) == 500
    second = client.get_cost_and_usage(**request, NextPageToken=first["NextPageToken"])
    assert "NextPageToken" not in second
    whole = asked(priced, GroupBy=BY_USAGE, Metrics=["UnblendedCost"])
    seen = [(each["TimePeriod"]["Start"], tuple(group["Keys"])) for each in whole for group in each["Groups"]]
    assert len(seen) == len(set(seen)) > 500
    with pytest.raises(client.exceptions.RequestChangedException):
        client.get_cost_and_usage(**{**request, "Granularity": "MONTHLY"}, NextPageToken=first["NextPageToken"])
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        client.get_cost_and_usage(**request, NextPageToken="not-a-token")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Granularity": "HOURLY"}, "AccessDeniedException"),
        ({"TimePeriod": {"Start": "2026-11-02", "End": "2026-11-02"}}, "ValidationException"),
        ({"Metrics": ["Dollars"]}, "ValidationException"),
        ({"GroupBy": [*BY_USAGE, {"Type": "DIMENSION", "Key": "REGION"}]}, "ValidationException"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "TENANCY"}]}, "ValidationException"),
        ({"Filter": {"Not": CREDITS, "And": [CREDITS]}}, "ValidationException"),
    ],
)
def test_what_cost_explorer_refuses_is_refused(priced: Cloud, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        asked(priced, **given)
    assert refused.value.response["Error"]["Code"] == code


def test_tags_group_and_filter(priced: Cloud) -> None:
    groups = asked(priced, GroupBy=[{"Type": "TAG", "Key": "Environment"}], Granularity="MONTHLY")[0]["Groups"]
    keys = [group["Keys"][0] for group in groups]
    assert keys[-2:] == ["Environment$disaster-recovery", "Environment$production"]
    assert set(keys[:-2]) <= {"Environment$"}  # what has no tag
    tagged = {"Tags": {"Key": "Environment", "Values": ["production"]}}
    own = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [PROD]}}
    assert asked(priced, Filter=tagged) == asked(priced, Filter=own)


def test_a_linked_account_sees_itself_alone(priced: Cloud) -> None:
    client = priced.client("ce", keys=priced.assumed(DR))
    answer = client.get_cost_and_usage(
        TimePeriod=NOVEMBER,
        Granularity="MONTHLY",
        Metrics=["UnblendedCost"],
        GroupBy=[{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}],
    )
    assert [group["Keys"] for group in answer["ResultsByTime"][0]["Groups"]] == [[DR]]


def test_the_instance_hours_are_the_fleets(priced: Cloud) -> None:
    ground = priced.ground
    assert ground is not None
    hours = asked(
        priced,
        TimePeriod={"Start": "2026-11-22", "End": "2026-11-23"},
        Metrics=["UsageQuantity"],
        GroupBy=BY_USAGE,
        Filter={"Dimensions": {"Key": "USAGE_TYPE", "Values": ["BoxUsage"], "MatchOptions": ["STARTS_WITH"]}},
    )[0]["Groups"][0]["Metrics"]["UsageQuantity"]
    group = next(fleet for fleet in ground.fleets.all() if fleet.scope.account == PROD).groups["directory-web"]
    start, end = datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 21, tzinfo=UTC)
    spent = sum(
        max(0.0, min(p.running[1], end.timestamp()) - max(p.running[0], start.timestamp())) / 3600
        for p in group.presences(start.timestamp(), end.timestamp())
    )
    assert hours["Unit"] == "Hrs"
    assert float(hours["Amount"]) >= spent >= 22


def test_the_aws_cli_reads_it(priced: Cloud) -> None:
    answer = priced.aws(
        "ce", "get-cost-and-usage", "--time-period", "Start=2026-11-01,End=2026-11-24", "--granularity", "MONTHLY",
        "--metrics", "UnblendedCost", "--group-by", "Type=DIMENSION,Key=SERVICE",
    )  # fmt: skip
    assert "AmazonCloudWatch" in [group["Keys"][0] for group in answer["ResultsByTime"][0]["Groups"]]


def test_a_forecast_goes_on_as_the_weeks_before_went(priced: Cloud) -> None:
    client = priced.client("ce")
    answer = client.get_cost_forecast(
        TimePeriod={"Start": "2026-11-24", "End": "2026-12-01"}, Metric="UNBLENDED_COST", Granularity="DAILY",
        Filter={"Not": CREDITS}, PredictionIntervalLevel=80,
    )  # fmt: skip
    days = answer["ForecastResultsByTime"]
    assert len(days) == 7
    assert all(
        float(day["PredictionIntervalLowerBound"])
        <= float(day["MeanValue"])
        <= float(day["PredictionIntervalUpperBound"])
        for day in days
    )
    week = total(asked(priced, TimePeriod={"Start": "2026-11-15", "End": "2026-11-22"}, Filter={"Not": CREDITS}))
    assert float(answer["Total"]["Amount"]) == pytest.approx(float(week), rel=0.25)


def test_what_there_is_to_filter_by(priced: Cloud) -> None:
    client = priced.client("ce")
    services = client.get_dimension_values(TimePeriod=NOVEMBER, Dimension="SERVICE", SearchString="cloudwatch")
    assert [each["Value"] for each in services["DimensionValues"]] == ["AmazonCloudWatch"]
    assert client.get_tags(TimePeriod=NOVEMBER, TagKey="Environment")["Tags"][-1] == "production"
    tags = [each["TagKey"] for each in client.list_cost_allocation_tags(Status="Active")["CostAllocationTags"]]
    assert tags == ["CostCenter", "Environment", "Service"] == client.get_tags(TimePeriod=NOVEMBER)["Tags"]


def test_what_drove_the_change_adds_up(priced: Cloud) -> None:
    drivers = priced.client("ce").get_cost_comparison_drivers(
        BaselineTimePeriod={"Start": "2026-09-01", "End": "2026-10-01"},
        ComparisonTimePeriod={"Start": "2026-10-01", "End": "2026-11-01"},
        MetricForComparison="UnblendedCost",
        Filter={"Not": CREDITS},
    )["CostComparisonDrivers"]
    for each in drivers:
        whole = Decimal(each["Metrics"]["UnblendedCost"]["Difference"])
        assert whole == sum(Decimal(one["Metrics"]["UnblendedCost"]["Difference"]) for one in each["CostDrivers"])


def test_a_surge_is_an_anomaly_once_its_day_is_billed(moving: Cloud) -> None:
    ground = moving.ground
    assert ground is not None
    for place in ground.bills._premises:
        told = [Telling(Story.COST_SURGE, AT - timedelta(hours=n), place.site.name) for n in range(54, 48, -1)]
        place.tellings = partial(tuple, told)
    found = moving.client("ce").get_anomalies(DateInterval={"StartDate": "2026-11-01"})["Anomalies"]
    assert {each["AnomalyStartDate"] for each in found} == {"2026-11-21"}
    assert {each["DimensionValue"] for each in found} >= {"AWS Lambda", "Amazon Simple Storage Service"}
    assert all(each["Impact"]["TotalActualSpend"] > each["Impact"]["TotalExpectedSpend"] for each in found)
    [monitor] = moving.client("ce").get_anomaly_monitors()["AnomalyMonitors"]
    assert {each["MonitorArn"] for each in found} == {monitor["MonitorArn"]}


def test_the_export_in_the_bucket_is_the_same_bill(priced: Cloud) -> None:
    s3 = priced.client("s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if "exports" in each["Name"])
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="exports/focus/data/")["Contents"]]
    assert [key.split("/")[3] for key in keys] == [f"BILLING_PERIOD=2026-{month:02d}" for month in range(6, 12)]
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(
        s3.get_object(Bucket=bucket, Key=keys[-1])["Body"].read()).decode())))  # fmt: skip
    charged = sum(Decimal(row["BilledCost"]) for row in rows if row["ChargeCategory"] == "Usage")
    assert charged == total(asked(priced, Filter={"Not": CREDITS}))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == 0


# -- our own collector ------------------------------------------------------------------------------------------------


class Ticking:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def watching(cloud: Cloud, data_dir: Path, clock: Ticking, *, cap: Money = ZERO) -> Iterator[CloudSources]:
    settings = Settings(cloud="demo", demo_port=urlsplit(cloud.url).port or 0, data_dir=data_dir)
    clients = Clients(settings, Meter(settings.data_dir, clock=clock, caps=Caps(cap)))
    store = Store(settings.place)
    try:
        yield CloudSources(clients, store)
    finally:
        clients.close()
        store.close()


def test_at_the_default_cap_cost_explorer_is_never_called(priced: Cloud, tmp_path: Path) -> None:
    before = priced.get("/_demo/calls").get("ce", {})
    with watching(priced, tmp_path, Ticking(AT)) as sources:
        for account in (PROD, DR):
            assert sources.poll_spend(account, now=AT).faults == ()
            known = sources.spend(account, start=date(2026, 11, 1), now=AT)
            assert known.value == ()
            assert [fault.kind for fault in known.faults] == [FaultKind.NOT_FREE]
    assert priced.get("/_demo/calls").get("ce", {}) == before


def test_what_is_kept_is_what_the_bill_has_account_by_account(priced: Cloud, tmp_path: Path) -> None:
    with watching(priced, tmp_path, Ticking(AT), cap=Money(Decimal(1))) as sources:
        for account in (PROD, DR):
            assert sources.poll_spend(account, now=AT).faults == ()
            reading = sources.spend(account, start=date(2026, 11, 1), now=AT)
            assert reading.complete
            seen = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [PROD, DR] if account == PROD else [DR]}}
            charges = sum((line.cost.amount for line in reading.value if not line.given_back), Decimal(0))
            given_back = sum((line.cost.amount for line in reading.value if line.given_back), Decimal(0))
            assert charges == total(asked(priced, Filter={"And": [seen, {"Not": CREDITS}]})) == -given_back


def test_our_own_calls_are_on_the_bill_two_days_later_as_we_counted_them(moving: Cloud, tmp_path: Path) -> None:
    ground = moving.ground
    assert ground is not None
    clock = ground.clock
    assert isinstance(clock, StandingClock)
    with watching(moving, tmp_path, Ticking(AT), cap=Money(Decimal(1))) as sources:
        ours = Ticking(AT)
        sources.clients.meter._clock = ours
        for scope in sources.scopes:
            sources.poll(scope, now=AT)
        for _ in range(3):
            moving.client("cloudwatch").describe_alarms()  # somebody else's
        later = AT + timedelta(days=4)
        clock.move_to(later)
        ours.now = later
        sources.poll_spend(PROD, now=later)
        lines = [
            BillLine(
                each.day, PROD, each.service, each.usage_type, each.quantity, each.unit, each.cost, final=each.final
            )
            for each in sources.spend(PROD, start=AT.date(), now=later).value
            if not each.given_back
        ]
        found = reconcile(sources.clients.meter.hours(), lines, start=AT.date(), read_at={PROD: later})
    requests = next(item for item in found.items if item.usage_type == "CW:Requests")
    assert requests.standing is Standing.PARTLY_OURS
    assert requests.bill.units >= requests.ours.units + 3
    assert requests.ours.units > 0
    alarms = next(item for item in found.items if item.usage_type == "CW:AlarmMonitorUsage")
    assert alarms.standing in {Standing.NOT_OURS, Standing.AWAITED}
    explorer = next(item for item in found.items if item.usage_type == "APIRequest")
    assert (explorer.ours.units, explorer.unseen.units > 0) == (Decimal(0), True)
