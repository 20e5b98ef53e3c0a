"""A month of our own calls written by hand: statements for the own-bill page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cloud.caps import Caps, month_of
from cloud.ledger import HourTotal, Refusal, Total
from cloud.statement import Statement
from core.money import ZERO, Money

PROD, DR = "111111111111", "222222222222"
HOSTILE = "![x](https://attacker.example/p.png) <img src=x onerror=alert(1)> $a$ :red[ok]\u202e"


def dollars(text: str) -> Money:
    return Money(Decimal(text))


def total(operation: str, feature: str, calls: int, *, account: str = PROD, cost: str = "0") -> Total:
    service, _, name = operation.partition(":")
    region = "us-east-1" if account == PROD else "eu-west-1"
    return Total(service, name, account, region, feature, calls, calls, dollars(cost))


def refusal(what: str, at: datetime, *, every: int = 60) -> Refusal:
    return Refusal(at, "cloudwatch", "GetMetricData", PROD, "us-east-1", "explorer", what, 1, dollars("0.00001"), every)


OF_TODAY = (
    total("cloudwatch:GetMetricStatistics", "wall", 20_000),
    total("cloudwatch:DescribeAlarms", "collector", 4_000),
    total("elbv2:DescribeTargetHealth", "collector", 4_000),
    total("cloudwatch:DescribeAlarms", "collector", 4_000, account=DR),
)
OF_MONTH = (
    *OF_TODAY,
    total("cloudwatch:GetMetricStatistics", "explorer", 100_000),
    total("sts:AssumeRole", "other", 2),
)
BOUGHT = total("cloudwatch:GetMetricData", "explorer", 300, cost="0.003")


def bill(
    at: datetime = datetime(2026, 11, 23, 11, 31, 30, tzinfo=UTC),
    *,
    of_month: tuple[Total, ...] = OF_MONTH,
    cap: Money = ZERO,
    a_day: Money | None = None,
    pace: timedelta = timedelta(hours=24),
    refusals: tuple[tuple[Refusal, int], ...] | None = None,
    viewer_minutes: int = 600,
) -> Statement:
    """Give a month with a wall that hangs, an explorer that was used, and one statistic that was refused."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    names = ("wall", "collector", "explorer")
    hours = tuple(
        HourTotal(hour - timedelta(hours=ago), total("cloudwatch:DescribeAlarms", name, 900 + 10 * ago))
        for ago in range(23, -1, -1)
        for name in names
        if ago != 5
    )
    today = tuple(each for each in OF_TODAY if each in of_month)
    noted = ((refusal(f"AWS/EC2 CPUUtilization of {HOSTILE}: tm90", at), 12),) if refusals is None else refusals
    return Statement(
        at,
        month_of(at),
        of_month,
        today,
        today,
        pace,
        hours if of_month else (),
        noted,
        viewer_minutes,
        Caps(cap, a_day),
    )
