"""The Costs page: a billing export by month, grouped, filtered, compared with the month before, down to its rows."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
import pandas as pd

from budgets.comparing import Change, Key, Kind, added, changes
from collectors.exports.book import Contents
from collectors.exports.questions import Total
from collectors.exports.questions import added as sums
from core.money import Money
from core.timespan import Timespan
from dashboard.charts.view import ChartView, Line, LineKind
from dashboard.cost_state import ALL, MEASURES, CostState, label
from dashboard.views.cost_reading import MOST_BARS, Answers, month_words
from dashboard.views.frame import Badge
from dashboard.views.tiles import Tile
from dashboard.wording import INFO, NO_VALUE, OK, STALE, WARNING, age, count, plain, share, shortened

STALE_AFTER: Final = timedelta(hours=36)
"""AWS delivers an export at least once a day."""
MOST_REASONS: Final = 3
MOST_SHOWN: Final = 500
"""Rows of the table on screen; the download has all."""
OTHERS: Final = "all others"
NOTHING: Final = "(none)"
"""Shown where rows say nothing in a column."""
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class CostView:
    """What the page draws."""

    freshness: Badge
    """How old the export is."""
    notes_badge: Badge | None
    """How much of the export was not used; None where all was."""
    notes: tuple[str, ...]
    """What was not used and why; foreign text."""
    nothing: str
    """Why there are no figures; empty where there are."""
    months: tuple[str, ...]
    """What the month control offers, the newest first."""
    month: str
    """What it shows."""
    currencies: tuple[str, ...]
    """What the currency control offers."""
    currency: str
    """What it shows."""
    measure: str
    """What the measure control shows."""
    tiles: tuple[Tile, ...]
    """Net, charges, credits and refunds apart."""
    sentence: str
    """What changed since the month before, and why."""
    chart: ChartView
    """Day by day, stacked."""
    table: pd.DataFrame
    """A row a group, the largest first."""
    keys: tuple[Key, ...]
    """The groups' values, in the order of the table."""
    table_note: str
    """What the table leaves out."""
    rows: pd.DataFrame | None
    """Rows behind the figures; None where they were not asked for."""
    rows_note: str
    """What these rows are."""
    data: pd.DataFrame
    """Everything that the table says, exact, for the download."""
    file_name: str
    """Name of the download, without its ending."""


def build(found: Answers, state: CostState, *, now: datetime) -> CostView:
    """Give the page for what was read."""
    contents = found.contents
    whole = (sums(found.groups) or (None,))[0]
    compared = changes(
        {each.key: found.pick(each) for each in found.before}, {each.key: found.pick(each) for each in found.groups}
    )
    ordered = found.groups
    notes = tuple(str(flaw) for flaw in contents.flaws)
    return CostView(
        freshness=_freshness(contents, now=now),
        notes_badge=Badge(count(len(notes), "note"), WARNING) if notes else None,
        notes=notes,
        nothing=_nothing(contents, found),
        months=(*reversed(contents.months), ALL),
        month=found.month,
        currencies=found.currencies,
        currency=found.currency,
        measure=found.measure,
        tiles=_tiles(whole, found, compared),
        sentence=_sentence(whole, found, compared),
        chart=_chart(found, state),
        table=_table(ordered[:MOST_SHOWN], whole, found, state, compared),
        keys=tuple(each.key for each in ordered[:MOST_SHOWN]),
        table_note=_table_note(ordered, whole),
        rows=None if found.rows is None else _rows(found.rows),
        rows_note="" if found.rows is None else _rows_note(found.rows, whole),
        data=_data(ordered, state, found),
        file_name=f"costs-{found.month}-{'-'.join(state.by)}".replace(":", "-").replace("/", "-"),
    )


def column(name: str) -> str:
    """Give what people call a column; nothing where none is chosen."""
    return plain(label(name)) or "nothing"


def _freshness(contents: Contents, *, now: datetime) -> Badge:
    at = contents.fetched_at or contents.built_at
    rows = f"{count(contents.rows, 'row')} in {count(contents.files, 'file')}"
    if now - at > STALE_AFTER:
        return Badge(f"Stale · last looked at {age(at, now=now)} ago · {rows}", STALE)
    return Badge(f"Looked at {age(at, now=now)} ago · {rows}", OK if contents.rows else INFO)


def _nothing(contents: Contents, found: Answers) -> str:
    if not contents.rows:
        why = (f"{str(flaw).removesuffix('.')}." for flaw in contents.flaws[:MOST_REASONS])
        return "\n".join(("There is no row that can be used.", *why))
    return "" if found.groups else "No row is what was asked for; take a filter away, or choose another month."


def amount(value: Decimal | None, currency: str) -> str:
    """Give an amount for people; a dash where it is not known.

    >>> amount(Decimal("1.5"), "USD"), amount(None, "USD"), amount(Decimal(1), "")
    ('$1.50', '–', '1.00 (no currency)')
    """
    return NO_VALUE if value is None else str(Money(value, plain(currency) or "(no currency)"))


def signed(value: Decimal | None, currency: str) -> str:
    """Give a difference with its sign."""
    return f"+{amount(value, currency)}" if value is not None and value > 0 else amount(value, currency)


def _tiles(whole: Total | None, found: Answers, compared: Sequence[Change]) -> tuple[Tile, ...]:
    change = added(each.difference for each in compared) if found.compared else None
    then = added(found.pick(each) for each in found.before)
    shown = (
        ("net", "Net", whole.billed if whole else None, "what is billed"),
        ("charges", "Charges", whole.charges if whole else None, "before credits and refunds"),
        ("credits", "Credits", whole.credits if whole else None, ""),
        ("adjustments", "Refunds and corrections", whole.adjustments if whole else None, ""),
    )
    tiles = [
        Tile(key, label, amount(value, found.currency), "", None, yardstick, (), alarming=False)
        for key, label, value, yardstick in shown
    ]
    against = share(float(change), of=float(then)) if change is not None and then else ""
    yardstick = f"against {found.compared}" if found.compared else "no month before to compare with"
    headed, now = f"Change of {_word(found)}", signed(change, found.currency)
    tiles.append(Tile("change", headed, now, against, None, yardstick, (), alarming=False))
    unpriced = whole.unpriced if whole else 0
    rows = f"{count(unpriced, 'row')} without a cost" if unpriced else "each with a cost"
    tiles.append(Tile("rows", "Rows", f"{whole.rows if whole else 0:,}", "", None, rows, (), alarming=False))
    return tuple(tiles)


def _sentence(whole: Total | None, found: Answers, compared: Sequence[Change]) -> str:
    if whole is None:
        return ""
    what = f"{amount(found.pick(whole), found.currency)} ({_word(found)})"
    costs = f"{month_words(found.month)} has {what}"
    if found.month == ALL:
        return f"All months together have {what}."
    if not found.compared:
        return f"{costs}. There is no month before it to compare with."
    change = added(each.difference for each in compared)
    if not change:
        return f"{costs}, as much as {found.compared}."
    much = f"{amount(abs(change), found.currency)} {'more' if change > 0 else 'less'} than {found.compared}"
    why = "; ".join(_why(each, found) for each in compared[:MOST_REASONS] if each.difference)
    return f"{costs}, {much}: {why}."


def _word(found: Answers) -> str:
    return MEASURES[found.measure].lower()


def _why(change: Change, found: Answers) -> str:
    """Say one change, and the usage type that most of it comes from."""
    said = f"{named(change.key)} {signed(change.difference, found.currency)}"
    if change.kind in {Kind.NEW, Kind.GONE}:
        said += f" ({change.kind})"
    below = [each for each in found.reasons if each.key[0] == change.key[0] and each.difference]
    if not below or len(change.key) > 1 or len(found.reasons) < 2:
        return said
    most = below[0]
    of_it = f"{named(most.key[1:])} {signed(most.difference, found.currency)}"
    return f"{said}, most of it {of_it}" if len(below) > 1 else f"{said}, all of it {named(most.key[1:])}"


def named(key: Key) -> str:
    """Give a group's name in one line."""
    return " · ".join(NOTHING if value is None else shortened(value, 60) for value in key)


def _chart(found: Answers, state: CostState) -> ChartView:
    days = sorted({each.key[0] for each in found.every_day if each.key[0]})
    span = _span(days, found)
    by_group: dict[str | None, dict[str, Decimal]] = {}
    for each in found.days:
        if each.key[0] and (value := found.pick(each)) is not None:
            by_group.setdefault(each.key[1], {})[each.key[0]] = value
    wholes = {each.key[0]: value for each in found.every_day if each.key[0] and (value := found.pick(each)) is not None}
    ranked = sorted(by_group, key=lambda group: -abs(added(by_group[group].values()) or Decimal(0)))[:MOST_BARS]
    lines = [_bars(named((group,)), by_group[group], days) for group in ranked]
    rest = {
        day: left
        for day, whole in wholes.items()
        if (left := whole - (added(by_group[group].get(day) for group in ranked) or Decimal(0)))
    }
    lines += [_bars(OTHERS, rest, days)] if rest else []
    title = f"Day by day, by {plain(label(state.by[0])).lower()}"
    unit = "USD" if found.currency == "USD" else None
    word = _word(found)
    subtitle = word if found.currency == "USD" else f"{word}, in {plain(found.currency) or 'no currency'}"
    return ChartView("costs-days", title, unit, tuple(lines), span, subtitle, note="" if lines else "Nothing to draw")


def _span(days: Sequence[str | None], found: Answers) -> Timespan:
    known = [date.fromisoformat(day) for day in days if day]
    if found.month not in {ALL, ""}:
        start = date.fromisoformat(f"{found.month}-01")
        end = (start + timedelta(days=32)).replace(day=1)
    else:
        start = min(known, default=found.contents.built_at.date())
        end = max(known, default=start) + timedelta(days=1)
    start, end = min([start, *known]), max([end, *(day + timedelta(days=1) for day in known)])
    return Timespan(_midnight(start), _midnight(end))


def _bars(name: str, amounts: Mapping[str, Decimal], days: Sequence[str | None]) -> Line:
    noon = timedelta(hours=12)
    times = np.array([int((_midnight(date.fromisoformat(day)) + noon).timestamp()) for day in days if day], np.int64)
    values = np.array([float(amounts[day]) if day in amounts else np.nan for day in days if day], np.float64)
    return Line(name, times, values, kind=LineKind.BAR)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _table(
    ordered: Sequence[Total], whole: Total | None, found: Answers, state: CostState, compared: Sequence[Change]
) -> pd.DataFrame:
    by_key = {each.key: each for each in compared}
    all_of_it = float(found.pick(whole) or 0) if whole else 0.0
    rows = []
    for each in ordered:
        mine = found.pick(each)
        row = {
            label(name): NOTHING if value is None else plain(value)
            for name, value in zip(state.by, each.key, strict=True)
        }
        row |= {
            "Share": NO_VALUE if mine is None or not all_of_it else f"{100 * float(mine) / all_of_it:.1f}%",
            "Net": amount(each.billed, found.currency),
            "Charges": amount(each.charges, found.currency),
            "Credits": amount(each.credits, found.currency),
            "Refunds": amount(each.adjustments, found.currency),
        }
        if found.compared:
            change = by_key[each.key]
            row |= {
                f"{MEASURES[found.measure]} before": amount(change.before, found.currency),
                "Change": _changed(change, found.currency),
            }
        rows.append(row | {"Rows": f"{each.rows:,}"})
    columns = [*map(label, state.by), "Share", "Net", "Charges", "Credits", "Refunds"]
    columns += [f"{MEASURES[found.measure]} before", "Change"] if found.compared else []
    return pd.DataFrame(rows, columns=[*columns, "Rows"])


def _changed(change: Change, currency: str) -> str:
    """Say a difference; one of less than half a cent between amounts of cents is none to people."""
    small = Decimal("0.005")
    if change.kind is Kind.NEW:
        return "new"
    if change.difference and abs(change.difference) < small < abs(change.before or Decimal(0)):
        return f"±{amount(Decimal(0), currency)}"
    return signed(change.difference, currency)


def _table_note(ordered: Sequence[Total], whole: Total | None) -> str:
    if len(ordered) > MOST_SHOWN:
        return f"The {MOST_SHOWN} largest of {len(ordered):,} groups; the download has all."
    if whole is not None and whole.unpriced:
        return f"{count(whole.unpriced, 'row')} without a cost: neither zero nor in any total."
    return "Click a row to narrow the page to it, to leave it out, or to see what it is made of."


def _rows(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Give the rows without the columns in which none of them says anything."""
    said = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    return pd.DataFrame([{name: _cell(row[name]) for name in said} for row in rows], columns=said)


def _rows_note(rows: Sequence[Mapping[str, object]], whole: Total | None) -> str:
    every = whole is not None and len(rows) == whole.rows
    shown = f"All {count(len(rows), 'row')}" if every else f"The {count(len(rows), 'row')} with the largest amounts"
    return f"{shown}, the largest first."


def _cell(value: object) -> str:
    if value is None:
        return NO_VALUE
    return f"{value:f}" if isinstance(value, Decimal) else plain(str(value))


def _data(ordered: Sequence[Total], state: CostState, found: Answers) -> pd.DataFrame:
    before = {each.key: each.billed for each in found.before}
    rows = [
        {
            **{name: _harmless(value) for name, value in zip(state.by, each.key, strict=True)},
            "BillingCurrency": _harmless(found.currency),
            "BillingMonth": found.month,
            "BilledCost": _digits(each.billed),
            "Charges": _digits(each.charges),
            "Credits": _digits(each.credits),
            "Adjustments": _digits(each.adjustments),
            "EffectiveCost": _digits(each.effective),
            "ListCost": _digits(each.list_cost),
            "BilledCostBefore": _digits(before.get(each.key)),
            "Rows": each.rows,
            "RowsWithoutCost": each.unpriced,
        }
        for each in ordered
    ]
    return pd.DataFrame(rows)


def _digits(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _harmless(text: str | None) -> str:
    """Foreign text that a spreadsheet would run as a formula gets an apostrophe."""
    return "" if text is None else f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv(data: pd.DataFrame) -> bytes:
    """Give the table as CSV, amounts exact."""
    stream = io.StringIO()
    data.to_csv(stream, index=False)
    return stream.getvalue().encode()
