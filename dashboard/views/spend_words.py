"""What the spend page says: the month in one sentence, the gauge, six numbers, and whose each figure is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from budgets.allowances import Allowance
from budgets.allowances import State as AllowanceState
from budgets.definition import ZERO_SPEND_LIMIT, TimeUnit
from budgets.forecast import Forecast
from budgets.tracking import State, Sums, Tracked
from collectors.budget_readings import BudgetReading
from core.money import Money
from dashboard.charts.gauge import Gauge
from dashboard.charts.view import Tone
from dashboard.views.frame import Badge
from dashboard.views.spend_tables import cents, offer_name
from dashboard.views.tiles import Tile
from dashboard.wording import ALARM, NO_DATA, NO_VALUE, OK, WARNING, Look, age, count, plain, shortened

CLOSE: Final = Decimal("0.8")
"""Share of a limit from which the gauge warns. Of a zero-spend budget everything up to the template's $1 does."""
Shown = tuple[BudgetReading, Tracked]
"""A budget as AWS gives it, and as we track it."""

_LOOKS: Final[Mapping[State, Look]] = {
    State.OK: OK,
    State.HEADING_OVER: WARNING,
    State.OVER: ALARM,
    State.UNKNOWN: NO_DATA,
}
_TONES: Final[Mapping[State, Tone]] = {
    State.OK: Tone.OK,
    State.HEADING_OVER: Tone.WARNING,
    State.OVER: Tone.ALARM,
    State.UNKNOWN: Tone.MUTED,
}


def state(shown: Shown | None) -> Badge:
    if shown is None:
        return Badge("No budget yet", NO_DATA)
    _, tracked = shown
    words = {
        State.OK: "Within budget",
        State.HEADING_OVER: "Heading over budget",
        State.OVER: "Over budget",
        State.UNKNOWN: "Not known",
    }
    word = "Nothing spent" if tracked.state is State.OK and tracked.definition.is_zero_spend else words[tracked.state]
    return Badge(word, _LOOKS[tracked.state])


def sentence(shown: Shown | None, sums: Sums | None, allowances: Sequence[Allowance], budgets: Sequence[Shown]) -> str:
    parts = [_spent_words(shown)]
    paid = _paid_by_credits(sums, budgets)
    if paid is not None and paid.amount > 0:
        parts.append(f"credits paid for {paid}")
    used_up = [each for each in allowances if each.state is AllowanceState.USED_UP]
    ending = [each for each in allowances if each.state is AllowanceState.RUNNING_OUT]
    if used_up:
        verb = "is" if len(used_up) == 1 else "are"
        parts.append(f"{count(len(used_up), 'free allowance')} {verb} used up")
    if ending:
        more = "more" if used_up else "free allowance"
        parts.append(f"{count(len(ending), more, 'more' if used_up else None)} will run out before month end")
        parts += [f"first {offer_name(ending[0].offer)} on {_day(ending[0].runs_out)}"] if ending[0].runs_out else []
    elif allowances and not used_up:
        parts.append("every free allowance lasts the month")
    return plain(", ".join(parts) + ".")


def _paid_by_credits(sums: Sums | None, budgets: Sequence[Shown]) -> Money | None:
    """Give what credits and refunds took off: by costs by day, else by two budgets that count with and without them."""
    if sums is not None:
        return Money(-sums.given_back.amount)
    before, after = (_whole_month(budgets, net=net) for net in (False, True))
    if before is None or after is None or before[0].actual is None or after[0].actual is None:
        return None
    return before[0].actual - after[0].actual


def _spent_words(shown: Shown | None) -> str:
    if shown is None:
        return "There is no budget yet"
    _, tracked = shown
    spent = _figure(tracked)
    if spent is None or tracked.limit is None:
        return "What was spent is not known"
    if not spent.amount:
        return f"{spent} of {tracked.limit}: nothing spent"
    if spent.amount > tracked.limit.amount:
        return f"{spent} of {tracked.limit}: over budget by {spent - tracked.limit}"
    return f"{spent} of {tracked.limit} spent"


def _figure(tracked: Tracked) -> Money | None:
    """Give the figure that decides: the larger of ours and AWS's, as the tracked state does."""
    known = [
        each for each in (tracked.spent, tracked.official.actual if tracked.official else None) if each is not None
    ]
    return max(known, key=lambda each: each.amount, default=None)


def gauge(shown: Shown | None) -> Gauge:
    spent = _figure(shown[1]) if shown else None
    limit = shown[1].limit if shown else None
    if shown is None or spent is None or limit is None:
        return Gauge(NO_VALUE, "no budget to hold it against", 0.0, 1.0, 1.0, Tone.MUTED, ("$0", ""))
    most = max(limit.amount * 2, spent.amount, Decimal(2) if not limit.amount else Decimal(0))
    caption = f"of {limit}" if spent.amount <= limit.amount else f"over budget by {spent - limit}"
    return Gauge(
        str(spent),
        caption,
        float(spent.amount / most),
        max(0.02, float(limit.amount * CLOSE / most)),
        max(0.02, float((limit.amount or ZERO_SPEND_LIMIT) / most)),
        _TONES[shown[1].state],
        ("$0", str(Money(most.quantize(Decimal("0.01"))))),
    )


def whose(shown: Shown | None, budgets_at: datetime, costs_at: datetime, *, now: datetime) -> str:
    if shown is None:
        return "A zero-spend budget tells of the first cent; AWS Budgets is free."
    _, tracked = shown
    parts = []
    if tracked.official is not None:
        ahead = f", {tracked.official.forecast} forecast" if tracked.official.forecast else ""
        asked = age(budgets_at, now=now)
        parts.append(f"AWS: {tracked.official.actual} spent{ahead}, asked {asked} ago")
    if tracked.spent is not None:
        likely = f", {tracked.likely} likely" if tracked.likely is not None else ""
        parts.append(f"ours, from costs by day: {tracked.spent} spent{likely}, read {age(costs_at, now=now)} ago")
    return plain("; ".join(parts) + ".") if parts else "Nobody has said what was spent."


def tiles(
    sums: Sums | None,
    ahead: Forecast | None,
    allowances: Sequence[Allowance],
    budgets: Sequence[Shown],
    left: Money | None,
    *,
    costs_at: datetime,
    free_at: datetime,
    now: datetime,
) -> tuple[Tile, ...]:
    """Give six numbers: from costs by day, or where these are not read from AWS's own count of the budgets."""
    look = sum(each.state is not AllowanceState.OK for each in allowances)
    before, after = (_whole_month(budgets, net=net) for net in (False, True))
    read = f"AWS by day, read {age(costs_at, now=now)} ago"
    back = cents(sums.given_back) if sums else NO_VALUE
    return (
        _tile("gross", "Before credits", cents(sums.gross), read)
        if sums
        else _counted("gross", "Before credits", before),
        _tile("credits", "Credits and refunds", back, read if sums else "costs by day are not read"),
        _tile("net", "After credits", cents(sums.net), read) if sums else _counted("net", "After credits", after),
        _end_tile(ahead, before),
        _tile("left", "Credits left", cents(left) if left else NO_VALUE, _credit_words(left, sums, now=now)),
        _tile(
            "allowances",
            "Allowances to look at",
            f"{look} of {len(allowances)}" if allowances else NO_VALUE,
            f"AWS, asked {age(free_at, now=now)} ago",
        ),
    )


def _whole_month(budgets: Sequence[Shown], *, net: bool) -> Shown | None:
    """Give a budget by which AWS counts all of the month's costs, before or after all that was given back."""
    for each in budgets:
        definition = each[1].definition
        fits = definition.is_whole and definition.time_unit is TimeUnit.MONTHLY
        counts = {definition.counts_credits, definition.counts_refunds} == {net}
        if fits and counts and each[0].actual is not None:
            return each
    return None


def _counted(key: str, label: str, budget: Shown | None) -> Tile:
    if budget is None or budget[0].actual is None:
        return _tile(key, label, NO_VALUE, "no budget counts it")
    return _tile(key, label, cents(budget[0].actual), f"AWS, by {shortened(budget[0].name, 40)}")


def _end_tile(ahead: Forecast | None, before: Shown | None) -> Tile:
    label = "Month end, before credits"
    if ahead is not None:
        return _tile("end", label, cents(ahead.likely), f"ours, {cents(ahead.low)} to {cents(ahead.high)}")
    if before is not None and before[0].forecast is not None:
        return _tile("end", label, cents(before[0].forecast), "AWS's forecast")
    return _tile("end", label, NO_VALUE, "needs costs by day")


def _credit_words(left: Money | None, sums: Sums | None, *, now: datetime) -> str:
    """Say when credits run out at the month's pace."""
    if left is None:
        return "AWS names none"
    burnt = -sums.given_back.amount if sums else Decimal(0)
    if not burnt:
        return "AWS's figure"
    days = left.amount / (burnt / max(1, now.day - 1))
    last = now.date() + timedelta(days=int(min(days, Decimal(3650))))
    return f"until {last.day} {last:%b} at this pace"


def _tile(key: str, label: str, value: str, yardstick: str) -> Tile:
    return Tile(key, label, value, "", None, yardstick, (), alarming=False)


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B}"
