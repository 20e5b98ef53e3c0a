"""Costs by account, region or tag, and what changed last month: answers that a person buys, with price and age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import pandas as pd

from access.identity import Actor
from access.policy import Action, decide
from collectors.cost_breakdown import Driver, Drivers, Quote, Share
from core.money import Money
from core.reading import Reading, Verdict
from dashboard.views.spend_tables import cents
from dashboard.wording import NO_VALUE, age, moment, plain

CAUSES: Final = 3
"""Causes of a change that are written out; the others are counted."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The button that buys an answer."""

    label: str
    """What the button says."""
    text: str
    """What it costs and what the cap leaves, or when a new one may bring something."""
    verdict: Verdict
    """Whether it can be bought now by this person, and why not."""


@dataclass(frozen=True, slots=True)
class BreakdownView:
    """What one answer looks like."""

    rows: pd.DataFrame
    """Empty before the first answer."""
    note: str
    """Whose the figures are and their age, or that nobody asked yet, and why the last attempt failed."""
    offer: Offer
    """How to get a new answer."""


def offer(quote: Quote | None, actor: Actor, *, held: bool, now: datetime) -> Offer:
    """Say what an answer costs, and whether this person can buy it now."""
    if quote is None:
        return Offer("Read", "", Verdict(allowed=False, reason="What is stored cannot be read at the moment."))
    label = f"Read {'again ' if held else ''}for {quote.cost}"
    text = f"One read costs {quote.cost}, and the same for each further page; {quote.left}."
    if quote.wait_until is not None:
        text = f"It was asked already; AWS may have something new from {moment(quote.wait_until, now=now)} on."
        return Offer(label, text, Verdict(allowed=False, reason=text))
    if not quote.affordable:
        text += " So nothing is asked."
        return Offer(label, text, Verdict(allowed=False, reason=text))
    verdict = decide(actor, Action.SPEND)
    return Offer(label, text if verdict.allowed else f"{text} {verdict.reason}", verdict)


def shares(
    found: Reading[tuple[Share, ...] | None], bought: Offer, *, column: str, names: Mapping[str, str], now: datetime
) -> BreakdownView:
    """Give costs by what was asked for, dearest first; `names` are people's words for accounts."""
    sums: dict[tuple[str, str], list[Decimal]] = {}
    this = found.at.date().replace(day=1)
    for each in found.value or ():
        row = sums.setdefault((each.value, each.cost.currency), [Decimal(0)] * 3)
        if each.month >= this:
            row[1 if each.given_back else 0] += each.cost.amount
        elif not each.given_back:
            row[2] += each.cost.amount
    ranked = sorted(sums.items(), key=lambda pair: (-pair[1][0], pair[0]))
    cells = [
        (plain(names.get(value, value)) or f"without {column.lower()}", *_amounts(currency, *row))
        for (value, currency), row in ranked
    ]
    before = this - timedelta(days=1)
    columns = [column, f"1 to {found.at.day} {found.at:%B}", "Credits", "After credits", f"{before:%B}, whole"]
    rows = pd.DataFrame(cells, columns=columns, dtype="str")
    whose = "AWS's figures; the month before stands before credits"
    return BreakdownView(rows, _note(found, whose, now=now), bought)


def _amounts(currency: str, gross: Decimal, back: Decimal, before: Decimal) -> tuple[str, ...]:
    return tuple(cents(Money(each, currency)) for each in (gross, back, gross + back, before))


def drivers(found: Reading[Drivers | None], bought: Offer, *, now: datetime) -> BreakdownView:
    """Give what changed most between the last two whole months, and why."""
    if found.value is None:
        return BreakdownView(pd.DataFrame(), _note(found, "", now=now), bought)
    before, after = (_month(each) for each in (found.value.before, found.value.after))
    usage = any(each.usage_type for each in found.value.found)
    columns = ["Service", *(["Usage type"] if usage else []), before, after, "Change", "Why"]
    cells = [
        [
            plain(each.service) or NO_VALUE,
            *([plain(each.usage_type) or NO_VALUE] if usage else []),
            cents(each.before),
            cents(each.after),
            signed(each.after - each.before),
            _why(each),
        ]
        for each in found.value.found
    ]
    whose = f"AWS's comparison of {after} with {before}, before credits; it compares whole months only"
    return BreakdownView(pd.DataFrame(cells, columns=columns, dtype="str"), _note(found, whose, now=now), bought)


def _why(driver: Driver) -> str:
    """Write the causes, each kind named once."""
    kinds: dict[str, list[str]] = {}
    for cause in driver.causes[:CAUSES]:
        amount = signed(cause.difference) if cause.difference else ""
        kinds.setdefault(plain(cause.kind.replace("_", " ").lower()), []).append(
            f"{plain(cause.name)} {amount}".strip()
        )
    told = [f"{kind}: {', '.join(filter(None, names))}".removesuffix(": ") for kind, names in kinds.items()]
    more = len(driver.causes) - CAUSES
    return "; ".join([*told, *([f"{more} more"] if more > 0 else [])]) or NO_VALUE


def signed(amount: Money) -> str:
    """Write a change with its sign."""
    return f"+{cents(amount)}" if amount.amount > 0 else cents(amount)


def tag_keys(found: Reading[tuple[str, ...] | None]) -> Sequence[str]:
    """Give the tags to choose from."""
    return found.value or ()


def tags_note(found: Reading[tuple[str, ...] | None], *, now: datetime) -> str:
    """Say what is known of cost allocation tags."""
    if found.value == ():
        return (
            f"No cost allocation tag is active, read {age(found.at, now=now)} ago. "
            "AWS groups costs only by tags that are activated in its billing console."
        )
    return _note(found, "Tags that AWS groups costs by", now=now)


def _note(found: Reading[object | None], whose: str, *, now: datetime) -> str:
    failed = "".join(f" The last read failed: {plain(fault.message)}." for fault in found.faults)
    if found.value is None:
        return f"Nobody has read this yet.{failed}"
    return f"{whose}, read {age(found.at, now=now)} ago.{failed}"


def _month(day: date) -> str:
    return f"{day:%B %Y}"
