"""Questions about an export: grouped by what, filtered how, over which days; and their answers, exact. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any, Final

from collectors.exports.columns import ADJUSTMENT, AMOUNTS, BILLED, CREDIT, DAY, GROUPS, MONTH, TAGS

TAG: Final = "tag:"
"""Before the key of a tag, such as `tag:environment`."""
LONGEST_KEY: Final = 128
"""Characters of a tag's key. https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""
MOST_DIGITS: Final = 80
"""Digits of a sum; Python's own 28 would round."""
MOST_GROUPS: Final = 100_000
"""Groups of one answer; more are nobody's to read."""
CUBE: Final = (
    "BillingCurrency", "BillingAccountId", "SubAccountId", "SubAccountName", "ServiceName", "ServiceCategory",
    "RegionId", "ChargeCategory", "PricingCategory", "UsageType",
)  # fmt: skip
"""What the daily cube keeps apart, besides day and billing month."""


class QuestionError(ValueError):
    """A question that has no meaning; the message lists what is accepted."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One column is, or is not, one value."""

    column: str
    value: str | None
    """None: the row says nothing there."""
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.column}{'!=' if self.negated else '='}{self.value or ''}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Several values of one column mean any of them; everything else must hold together."""

    by: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    since: date | None = None
    until: date | None = None
    """One past the last day."""

    def __post_init__(self) -> None:
        for name in (*self.by, *(condition.column for condition in self.where)):
            check_column(name)
        for condition in self.where:
            _value(condition)
        if len(set(self.by)) < len(self.by):
            raise QuestionError(f"{', '.join(self.by)} names a column twice; group by each once")
        if self.since and self.until and self.until <= self.since:
            raise QuestionError(f"from {self.since} to {self.until} holds no day; the end is one past the last day")

    @property
    def fits_the_cube(self) -> bool:
        """Whether the daily cube has every column that is asked about."""
        asked = {*self.by, *(condition.column for condition in self.where)}
        return asked <= {*CUBE, DAY, MONTH}


@dataclass(frozen=True, slots=True)
class Total:
    """What the rows of one group in one currency add up to."""

    currency: str | None
    """As the export writes it; None where it gives none. Currencies are never added together."""
    key: tuple[str | None, ...]
    """A value for each column that was grouped by; None where rows say nothing."""
    rows: int
    unpriced: int
    """Rows without a BilledCost: neither zero nor in any total."""
    billed: Decimal | None
    """Net: BilledCost of every row. None where no row has one."""
    effective: Decimal | None
    list_cost: Decimal | None
    contracted: Decimal | None
    credits: Decimal
    """BilledCost of the rows whose charge category is Credit."""
    adjustments: Decimal
    """BilledCost of refunds and corrections."""
    charges: Decimal
    """Gross: BilledCost of all other rows."""


def check_column(name: str) -> str:
    """Give a name that questions may use; raises QuestionError for any other."""
    if name.startswith(TAG) and 0 < len(name) - len(TAG) <= LONGEST_KEY:
        return name
    if name not in GROUPS:
        raise QuestionError(f"{name[:80]!r} is no column; give one of {', '.join(GROUPS)} or tag:KEY")
    return name


def read_condition(text: str) -> Condition:
    """Read `Column=Value`, `Column!=Value` or `Column=` for rows that say nothing there.

    >>> str(read_condition("RegionId!=us-east-1")), read_condition("ResourceId=").value
    ('RegionId!=us-east-1', None)
    """
    column, equals, value = text.partition("=")
    if not equals or not column:
        raise QuestionError(f"{text[:80]!r} is no condition; write Column=Value, Column!=Value or Column= for nothing")
    negated = column.endswith("!")
    return Condition(check_column(column.removesuffix("!")), value or None, negated)


# -- as SQL -----------------------------------------------------------------------------------------------------------

_EXACT: Final = Context(prec=MOST_DIGITS)
Params = list[Any]
_SUMS: Final = ", ".join(
    [
        "CAST(SUM(Rows) AS BIGINT)",
        "CAST(SUM(Unpriced) AS BIGINT)",
        *(f"SUM({column.name})" for column in AMOUNTS),
        f"SUM({BILLED}) FILTER (WHERE ChargeCategory = '{CREDIT}')",
        f"SUM({BILLED}) FILTER (WHERE ChargeCategory = '{ADJUSTMENT}')",
    ]
)


def statement(question: Question, source: str, *, clock: str = DAY) -> tuple[str, Params]:
    """Give the SELECT that answers a question out of `source`, which has the cube's sums or a row's."""
    keys: list[str] = []
    params: Params = []
    for name in question.by:
        sql, more = _column(name)
        keys.append(sql)
        params += more
    grouped = ", ".join(["BillingCurrency", *keys])
    places = ", ".join(str(place + 1) for place in range(len(keys) + 1))
    condition, more = where(question, clock=clock)
    sql = (
        f"SELECT {grouped}, {_SUMS} FROM {source} WHERE {condition} "  # noqa: S608 - names of our own only
        f"GROUP BY {places} ORDER BY {places} LIMIT {MOST_GROUPS + 1}"
    )
    return sql, [*params, *more]


def where(question: Question, *, clock: str = DAY) -> tuple[str, Params]:
    """Give the condition of a question and its parameters; `clock` is the column that first and last day bound."""
    parts: list[str] = ["true"]
    params: Params = []
    for edge, sign in ((question.since, ">="), (question.until, "<")):
        if edge is not None:
            parts.append(f"{clock} {sign} ?")
            params.append(edge)
    wanted: dict[str, list[Condition]] = {}
    for condition in question.where:
        if condition.negated:
            sql, more = _compared(condition.column)
            parts.append(f"{sql} IS DISTINCT FROM ?")
            params += [*more, _value(condition)]
        else:
            wanted.setdefault(condition.column, []).append(condition)
    for name, conditions in wanted.items():
        sql, more = _compared(name)
        # A plain `=` lets DuckDB pass over parts of a file that cannot hold the value.
        parts.append(f"({' OR '.join(f'{sql} = ?' if each.value else f'{sql} IS NULL' for each in conditions)})")
        params += [item for each in conditions for item in (*more, *([_value(each)] if each.value else ()))]
    return " AND ".join(parts), params


def _compared(name: str) -> tuple[str, Params]:
    """Give a column as it is compared: days and months as dates."""
    return (name, []) if name in _DATES else _column(name)


def _value(condition: Condition) -> object:
    if condition.value is None or condition.column not in _DATES:
        return condition.value
    return _DATES[condition.column](condition.value)


def _column(name: str) -> tuple[str, Params]:
    if name.startswith(TAG):
        pointer = "/" + name.removeprefix(TAG).replace("~", "~0").replace("/", "~1")
        return f"CASE WHEN json_valid({TAGS}) THEN json_extract_string({TAGS}, ?) END", [pointer]
    return _WRITTEN.get(name, name), []


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(f"{text!r} is no day; write it as 2026-10-01") from None


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise QuestionError(f"{text!r} is no month; write it as 2026-10") from None


_DATES: Final[Mapping[str, Callable[[str], date]]] = {DAY: _day, MONTH: _month}
_WRITTEN: Final = {DAY: f"CAST({DAY} AS VARCHAR)", MONTH: f"strftime({MONTH}, '%Y-%m')"}


def total(row: Sequence[Any], depth: int) -> Total:
    """Read one row of the answer to a question grouped by `depth` columns."""
    currency, *rest = row
    key, (rows, unpriced, billed, effective, listed, contracted, credits_, adjustments) = (
        rest[:depth],
        rest[depth:],
    )
    nothing = Decimal(0)
    net, given, corrected = (short(each) or nothing for each in (billed, credits_, adjustments))
    return Total(
        currency,
        tuple(None if each is None else str(each) for each in key),
        rows,
        unpriced,
        short(billed),
        short(effective),
        short(listed),
        short(contracted),
        given,
        corrected,
        _EXACT.subtract(_EXACT.subtract(net, given), corrected),
    )


def added(totals: Iterable[Total]) -> tuple[Total, ...]:
    """Add up the groups of an answer, currency by currency; exact, whatever the number of digits."""
    found: dict[str | None, Total] = {}
    with localcontext(prec=MOST_DIGITS):
        for each in totals:
            before = found.get(each.currency)
            found[each.currency] = replace(each, key=()) if before is None else _both(before, each)
    return tuple(found.values())


def _both(one: Total, other: Total) -> Total:
    return Total(
        one.currency,
        (),
        one.rows + other.rows,
        one.unpriced + other.unpriced,
        _sum(one.billed, other.billed),
        _sum(one.effective, other.effective),
        _sum(one.list_cost, other.list_cost),
        _sum(one.contracted, other.contracted),
        one.credits + other.credits,
        one.adjustments + other.adjustments,
        one.charges + other.charges,
    )


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if one is None else one if other is None else one + other


def short(amount: Decimal | None) -> Decimal | None:
    """Give an amount without the zeros at its end, exactly.

    >>> short(Decimal("0.100000000000000000000000")), short(Decimal("-120.000"))
    (Decimal('0.1'), Decimal('-120'))
    """
    if amount is None:
        return None
    bare = _EXACT.normalize(amount)
    exponent = bare.as_tuple().exponent
    whole = isinstance(exponent, int) and exponent > 0
    return bare.quantize(Decimal(1), context=_EXACT) if whole else bare
