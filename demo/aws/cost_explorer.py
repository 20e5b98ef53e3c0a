"""Cost Explorer, answered from the demo cloud's bill as it was refreshed last."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from moto.core.responses import ActionResult

from demo.aws.cost_filters import grouped, invalid, selected
from demo.aws.errors import AwsError
from demo.aws.wire import AwsService
from demo.bills import Line, Record, billed_until, is_final, opened
from demo.ground import Ground

MOST_GROUPS: Final = 500
"""Groups in one page of GetCostAndUsage. AWS publishes no number; each page is billed."""
MOST_KEYS: Final = 2
"""https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html"""
COSTS: Final = frozenset({"AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "UnblendedCost"})
QUANTITIES: Final = frozenset({"NormalizedUsageAmount", "UsageQuantity"})


class CostExplorerBase(AwsService):
    """A Cost Explorer request on its ground."""

    SERVICE = "ce"

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self._ground = ground

    @property
    def now(self) -> datetime:
        return self._ground.clock.now()

    def bill(self) -> list[Line]:
        """Give the lines that the asking account sees, as they were refreshed last."""
        seen = set(self._ground.bills.accounts(self.scope.account))
        lines = self._ground.bills.lines(until=billed_until(self.now))
        return [line for line in lines if line.account in seen]

    def days(self, period: Mapping[str, str]) -> tuple[date, date]:
        """Read a TimePeriod: the first day, and the one after the last."""
        start, end = (_day(period[name]) for name in ("Start", "End"))
        if start >= end:
            raise invalid("Start date (and hour) should be before end date (and hour)")
        return start, end


class CostAndUsage(CostExplorerBase):
    def get_cost_and_usage(self) -> ActionResult:
        """Give costs by day or month and group, a page at a time."""
        given = self.params
        metrics = _metrics(given["Metrics"])
        by = given.get("GroupBy") or []
        if len(by) > MOST_KEYS:
            raise invalid(f"Number of GroupBy keys must be at most {MOST_KEYS}")
        start, end = self._readable(given)
        lines = [line for line in selected(self.bill(), given.get("Filter")) if start <= line.day < end]
        results = list(self._results(lines, start, end, by, metrics))
        page, following = _page(results, given)
        more = {"NextPageToken": following} if following else {}
        return ActionResult({"GroupDefinitions": by, "ResultsByTime": page, "DimensionValueAttributes": [], **more})

    def _readable(self, given: Mapping[str, Any]) -> tuple[date, date]:
        if given["Granularity"] == "HOURLY":
            raise AwsError(
                "AccessDeniedException",
                "Hourly data granularity is only available in Cost Explorer to customers who have opted in.",
            )
        start, end = self.days(given["TimePeriod"])
        if start > self.now.date():
            raise invalid("Start date cannot be after today")
        if start < opened(self.now).date() - timedelta(days=365):
            raise invalid("The start date is beyond the data that this account has")
        return start, end

    def _results(
        self, lines: Sequence[Line], start: date, end: date, by: Sequence[Mapping[str, str]], metrics: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        inside: dict[date, list[Line]] = {}
        monthly = self.params["Granularity"] == "MONTHLY"
        for line in lines:
            inside.setdefault(line.day.replace(day=1) if monthly else line.day, []).append(line)
        for first, last in spans(start, end, monthly=monthly):
            found = inside.get(first.replace(day=1) if monthly else first, [])
            groups = [
                {"Keys": list(keys), "Metrics": amounts(part, metrics)} for keys, part in grouped(found, by).items()
            ]
            yield {
                "TimePeriod": {"Start": first.isoformat(), "End": last.isoformat()},
                "Total": {} if by else amounts(found, metrics),
                "Groups": groups if by else [],
                "Estimated": not is_final(first, self.now),
            }


def spans(start: date, end: date, *, monthly: bool) -> Iterator[tuple[date, date]]:
    """Cut days into days, or into calendar months that begin and end where the request does."""
    while start < end:
        following = start + timedelta(days=1)
        if monthly:
            following = min(end, date(start.year + start.month // 12, start.month % 12 + 1, 1))
        yield start, following
        start = following


def amounts(lines: Iterable[Line], metrics: Sequence[str]) -> dict[str, dict[str, str]]:
    """Add up what is asked for; a quantity of unlike units is `N/A`, as Cost Explorer has it."""
    found = list(lines)
    cost = sum((line.cost for line in found), Decimal(0))
    quantity = sum((line.quantity for line in found), Decimal(0))
    units = {line.tariff.unit for line in found if line.record == Record.USAGE}
    unit = units.pop() if len(units) == 1 else "N/A"
    return {
        name: {"Amount": f"{cost.normalize():f}" if cost else "0", "Unit": "USD"}
        if name in COSTS
        else {"Amount": f"{quantity.normalize():f}" if quantity else "0", "Unit": unit}
        for name in metrics
    }


def _metrics(asked: Sequence[str]) -> Sequence[str]:
    unknown = [name for name in asked if name not in COSTS | QUANTITIES]
    if unknown or not asked:
        raise invalid(f"Metrics {', '.join(unknown)} is invalid; valid values are {', '.join(COSTS | QUANTITIES)}")
    return asked


def _page(results: Sequence[dict[str, Any]], given: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str | None]:
    """Give at most MOST_GROUPS groups from where the token points, and the token of the rest."""
    request = blake2b(
        json.dumps({k: v for k, v in given.items() if k != "NextPageToken"}, sort_keys=True, default=str).encode(),
        digest_size=8,
    ).hexdigest()
    place, skip = _place(given.get("NextPageToken"), request)
    page: list[dict[str, Any]] = []
    room = MOST_GROUPS
    while place < len(results) and room > 0:
        result = results[place]
        shown = result["Groups"][skip : skip + room]
        page.append({**result, "Groups": shown})
        room -= max(1, len(shown))
        skip += len(shown)
        if skip >= len(result["Groups"]):
            place, skip = place + 1, 0
    if place >= len(results):
        return page, None
    return page, urlsafe_b64encode(json.dumps([request, place, skip]).encode()).decode()


def _place(token: str | None, request: str) -> tuple[int, int]:
    if not token:
        return 0, 0
    try:
        made_for, place, skip = json.loads(urlsafe_b64decode(token.encode()))
    except ValueError as error:
        raise AwsError("InvalidNextTokenException", "The pagination token is invalid. Try again without it.") from error
    if made_for != request:
        raise AwsError("RequestChangedException", "Your request parameters changed between pages. Try again.")
    return int(place), int(skip)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise invalid(f"{text} is not a day; give YYYY-MM-DD") from error
