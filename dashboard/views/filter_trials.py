"""A metric filter held against real lines: what it finds, what AWS says, what its metric would be and cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from access.changes import ChangePlan
from cloud.pricing import FREE_CUSTOM_METRICS, custom_metrics_cost
from collectors import custom_prices
from collectors.logs import publishing, trial
from collectors.logs.metric_filters import (
    MOST_PAIRS_AN_HOUR,
    Judged,
    MetricFilter,
)
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.trial import Disagreement, Metrics, Tried
from core.filter_pattern.json_selectors import JsonPattern, document_of, read_selector, selector_of, with_any
from core.filter_pattern.values import number_in
from core.foreign_text import cut, one_line, visible
from core.log_lines import LogLine
from core.log_recognition import fields, json_of
from core.masking import masked
from core.money import ZERO
from core.reading import Fault, Reading, Scope
from core.series import MetricId, Series
from core.timespan import Timespan
from dashboard.charts.targets import duration
from dashboard.charts.view import ChartView, Line, LineKind
from dashboard.state import MetricChoice
from dashboard.views.custom_metrics import custom
from dashboard.views.metric_filters import CheckedFilter, parsed
from dashboard.views.sources import Sources
from dashboard.wording import NO_VALUE, capital, count, moment, plain

SPANS: Final[Mapping[str, timedelta]] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
}
"""How much of the group's lines a filter is tried on."""
_LONG: Final = {"1h": "hour", "6h": "6 hours", "24h": "24 hours"}
MOST_LINES: Final = 1_000
"""Matching lines whose values and dimensions are counted, the newest; ours."""
MOST_OTHERS: Final = 200
"""Lines beside them, whatever they say; ours."""
MOST_LOOKED: Final = 50
"""Newest lines whose fields are offered."""
MOST_FIELDS: Final = 14
MOST_SHOWN: Final = 50
LONGEST_SHOWN: Final = 400
"""Characters of a line that a cell shows."""
UNLIMITED: Final = 10**9
"""No quota of ours: AWS says when there are too many metrics."""


@dataclass(frozen=True, slots=True)
class LinesRead:
    """Lines of a group that a filter is tried on: those that its pattern finds, and others."""

    matching: LogAnswer
    """Of the whole span, as far as it is read."""
    newest: LogAnswer
    """The newest lines, whatever they say."""
    asked: tuple[str, ...] = ()
    """The messages that AWS was asked about."""
    judged: Reading[Judged] | None = None
    """What it says of them; None where it was not asked."""

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """All of them, each once, oldest first."""
        found = {(line.event_id or line.message, line.stream, line.milliseconds): line for line in self._both()}
        return tuple(sorted(found.values(), key=lambda line: line.milliseconds))

    def _both(self) -> tuple[LogLine, ...]:
        return (*self.newest.lines, *self.matching.lines)


def span_of(span: str, *, now: datetime) -> Timespan:
    """Give the whole minutes that a filter is tried on."""
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return Timespan(end - SPANS.get(span, SPANS["1h"]), end)


def read_lines(
    sources: Sources, scope: Scope, group: str, pattern: str, span: str, *, now: datetime
) -> Reading[LinesRead]:
    """Read lines of a group, and what AWS says of some of them; a pattern that is wrong finds none."""
    whole = span_of(span, now=now)
    newest = sources.log_lines(LogQuestion(scope, group, whole, most=MOST_OTHERS), now=now)
    known = parsed(pattern)
    if known is None:
        return Reading(LinesRead(LogAnswer(), newest.value), newest.at, newest.faults)
    matching = sources.log_lines(LogQuestion(scope, group, whole, pattern, most=MOST_LINES, whole=True), now=now)
    faults = tuple(dict.fromkeys((*newest.faults, *matching.faults)))
    found = LinesRead(matching.value, newest.value)
    asked = trial.asked(known, found.lines)
    judged = sources.filter_verdict(scope, pattern, asked, now=now) if asked else None
    return Reading(replace(found, asked=asked, judged=judged), min(newest.at, matching.at), faults)


def fields_of(read: LinesRead, checked: CheckedFilter) -> tuple[str, ...]:
    """Give the fields of JSON lines that the pattern does not name yet, those that most lines have first."""
    counts: Counter[str] = Counter()
    for line in read.newest.lines[:MOST_LOOKED]:
        document = json_of(line.message)
        if document is not None and document_of(line.message) is not None:
            leaves = (field for field in fields(document) if isinstance(field.value, str))
            counts.update({str(selector_of(field.path)) for field in leaves})
    named = {name for name, _ in counts.most_common() if name not in checked.fields}
    return tuple(name for name, _ in counts.most_common() if name in named)[:MOST_FIELDS]


def with_field(pattern: str, selector: str) -> str:
    """Give the pattern with one more property that a line must have; another kind of pattern begins anew."""
    way, known = read_selector(selector), parsed(pattern)
    if way is None:
        return pattern
    tree = known.tree if known is not None and isinstance(known.tree, JsonPattern) else None
    return str(with_any(tree, way))


def tried(checked: CheckedFilter, lines: Sequence[LogLine]) -> tuple[Tried, ...]:
    """Hold the filter against lines; none where its pattern is wrong."""
    return () if checked.pattern is None else trial.tried(checked.definition, checked.pattern, lines)


def matched(read: LinesRead, span: str, *, wrong_pattern: bool) -> str:
    """Say how many lines the pattern found."""
    answer = read.matching
    if wrong_pattern:
        return "The pattern is wrong, so nothing is tried on it."
    if not answer.read:
        return "No line is read yet." if answer.missing else f"No line came in the last {_LONG[span]}."
    if not answer.matching and not answer.missing:
        return f"No line of the last {_LONG[span]} matches."
    said = f"{count(answer.matching, 'line')} of the last {_LONG[span]} match"
    if not answer.missing:
        return f"{said}{'es' if answer.matching == 1 else ''}."
    seconds = sum(each.seconds for each in answer.read)
    return f"{said}{'es' if answer.matching == 1 else ''} so far: {duration(timedelta(seconds=seconds))} of it is read."


def series_of(checked: CheckedFilter, lines: Sequence[Tried], read: LinesRead, whole: Timespan) -> Series:
    """Give what the filter's metric would have been; of the newest part only where more values came than are held."""
    answer = read.matching
    if not answer.cut:
        return trial.minutes(checked.definition, lines, whole)
    if number_in(checked.definition.value) is not None:
        return trial.counted(checked.definition, answer.counts)
    oldest = min(line.at for line in answer.lines)
    return trial.minutes(checked.definition, lines, Timespan(min(oldest + timedelta(minutes=1), whole.end), whole.end))


def chart_of(series: Series, whole: Timespan) -> ChartView:
    """Give the chart of what the metric would have been."""
    each = duration(timedelta(seconds=series.period))
    grid = Timespan(whole.start, whole.end).aligned(series.period)
    kind = LineKind.BAR if series.label == "Sum" else LineKind.LINE
    return ChartView(
        "would-have-been", "What the metric would have been", series.unit or "Count",
        (Line.of(series, span=grid, name=series.label, kind=kind),), grid, subtitle=f"{series.label}, {each}",
        note="" if len(series) else "No datapoints",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlarmStart:
    """What an alarm on a filter's metric begins with."""

    choice: MetricChoice
    """The series."""
    threshold: float | None = None
    """The largest value that real lines gave in a minute; None where that is not known."""

    def params(self) -> dict[str, str]:
        """Give it for the alarm form's link."""
        limit = {} if self.threshold is None else {"threshold": f"{self.threshold:g}"}
        return {"metric": self.choice.text(), **limit}


def alarm_start(definition: MetricFilter, shown: TrialView | None) -> AlarmStart:
    """Give what an alarm begins with: above whatever real lines gave, so that it tells of something new."""
    if shown is None:
        return AlarmStart(alarm_choice(definition))
    series = shown.series
    known = series.period == trial.MINUTE and len(series) > 0
    return AlarmStart(alarm_choice(definition, shown.metrics.found), float(np.max(series.values)) if known else None)


@dataclass(frozen=True, slots=True, eq=False)
class TrialView:
    """What a filter would have made of real lines."""

    sentence: str
    """How many lines match."""
    agreement: str
    """Whether AWS says the same of the lines that it was asked about."""
    agrees: bool | None
    """None while AWS has not answered."""
    price: str
    """What its metrics cost a month."""
    problems: tuple[str, ...]
    """What to know before it is made: lines without a value, too many metrics."""
    table: pd.DataFrame
    """Time, Ours, AWS, Value, Dimensions, Line: those that match first; foreign text."""
    differing: tuple[Disagreement, ...]
    """Lines on which AWS and we differ."""
    metrics: Metrics
    """The metrics that the lines make."""
    series: Series
    """What the metric would have been."""
    chart: ChartView
    """The same, drawn."""
    faults: tuple[Fault, ...] = ()
    """Why AWS did not say what it finds."""


def view(
    checked: CheckedFilter,
    read: LinesRead,
    span: str,
    lines: Sequence[Tried],
    known: Sequence[MetricId] | None,
    *,
    bare: bool,
    now: datetime,
) -> TrialView:
    """Give what to draw. `known` are the account's metrics, None where they are not known; `bare` shows secrets."""
    asked, judged = read.asked, read.judged
    made = trial.metrics(checked.definition, lines)
    whole = span_of(span, now=now)
    series = series_of(checked, lines, read, whole)
    answered = judged.value if judged is not None and judged.complete else None
    differing = (
        () if answered is None or checked.pattern is None else trial.disagreements(checked.pattern, asked, answered)
    )
    return TrialView(
        sentence=matched(read, span, wrong_pattern=checked.pattern is None),
        agreement=_agreement(answered, asked, differing),
        agrees=None if answered is None else not differing,
        price=price(checked, made, known, cut=read.matching.cut, now=now),
        problems=tuple(_problems(checked, lines, made)),
        table=_table(lines, answered, frozenset(asked), bare=bare, now=now),
        differing=differing,
        metrics=made,
        series=series,
        chart=chart_of(series, whole),
        faults=() if judged is None else judged.faults,
    )


def _agreement(answered: Judged | None, asked: Sequence[str], differing: Sequence[Disagreement]) -> str:
    if not asked:
        return "There is no line to ask AWS about."
    if answered is None:
        return "AWS has not said what it finds."
    if not differing:
        return f"AWS finds the same in {count(len(asked), 'line')} that it was asked about."
    return (
        f"AWS differs on {count(len(differing), 'line')} of {len(asked)}. What AWS says is what counts; "
        "the table names them."
    )


def price(checked: CheckedFilter, made: Metrics, known: Sequence[MetricId] | None, *, cut: bool, now: datetime) -> str:
    """Say what the filter's metrics add to the bill: as many as the lines made, beside those that are there.

    `cut` says that more lines match than were counted.
    """
    if checked.definition.dimensions and not made.lines:
        return "No line matches, so its metrics cannot be counted: each combination of dimension values is one."
    new, there = added(made.found, known)
    found = custom_prices.price(adding=new, known=there, quota=UNLIMITED, at=now)
    said = f"{capital(str(found))}."
    if known is None:
        said += " The account's metrics are not known, so its free ones are taken as used up."
    if not checked.definition.dimensions:
        return said
    newest = "the newest " if cut else ""
    seen = f"Counted on {newest}{count(made.lines, 'matching line')}: each combination of dimension values is a metric."
    return f"{said} {seen}{_MORE if cut else ''}"


_MORE: Final = " More lines match, so there may be more metrics."


def added(made: Collection[MetricId], known: Sequence[MetricId] | None) -> tuple[int, int]:
    """Give how many metrics come to how many; where those are not known, the free ones are taken as used up."""
    if known is None:
        return len(set(made)), FREE_CUSTOM_METRICS
    there = custom(known)
    return len(set(made) - set(there)), len(there)


def _problems(checked: CheckedFilter, lines: Sequence[Tried], made: Metrics) -> list[str]:
    found = []
    without = sum(each.matches and each.value is None for each in lines)
    if without:
        found.append(
            f"{count(without, 'matching line has', 'matching lines have')} no number at {checked.definition.value}; "
            "they make no datapoint."
        )
    if checked.definition.dimensions and made.late > max(1, len(made.found) // 5):
        found.append(
            f"{made.late} of {len(made.found)} metrics came with the second half of the lines: more will come, and "
            "each is charged. Take a dimension with few values."
        )
    if len(made.found) * max(1, len(checked.definition.dimensions)) >= MOST_PAIRS_AN_HOUR:
        found.append(f"AWS may switch a filter off that makes {MOST_PAIRS_AN_HOUR:,} values of dimensions in an hour.")
    return found


def _table(
    lines: Sequence[Tried], answered: Judged | None, asked: frozenset[str], *, bare: bool, now: datetime
) -> pd.DataFrame:
    ordered = sorted(lines, key=lambda each: (not each.matches, -each.line.milliseconds))
    both = [each for each in ordered if each.line.message in asked] or ordered
    rows = [
        {
            "Time": moment(each.line.at, now=now),
            "Ours": "✓ found" if each.matches else NO_VALUE,
            "AWS": _verdict(each, answered, asked),
            "Value": plain(each.value or NO_VALUE),
            "Dimensions": ", ".join(
                f"{plain(name)}={shown(value, bare=bare)}" for name, value in each.dimensions or ()
            ),
            "Line": shown(each.line.message, bare=bare),
        }
        for each in both[:MOST_SHOWN]
    ]
    return pd.DataFrame(rows, columns=["Time", "Ours", "AWS", "Value", "Dimensions", "Line"], dtype="str")


def _verdict(each: Tried, answered: Judged | None, asked: frozenset[str]) -> str:
    if answered is None or each.line.message not in asked:
        return "not asked"
    found = each.line.message in answered.matches
    sign = "✓ found" if found else NO_VALUE
    return sign if found is each.matches else f"✕ {'found' if found else 'not found'}"


def shown(text: str, *, bare: bool) -> str:
    """Give a line for a table cell: what could forge or hide made visible, secrets hidden unless `bare`."""
    return cut(one_line(visible(text if bare else masked(text).text).text), LONGEST_SHOWN)


# -- the plan and what comes after ------------------------------------------------------------------------------------


def plan_of(
    checked: CheckedFilter, trial_view: TrialView | None, known: Sequence[MetricId] | None, scope: Scope
) -> ChangePlan:
    """Give the plan of a checked form; what AWS said of real lines stands in its warnings."""
    new, there = added(() if trial_view is None else trial_view.metrics.found, known)
    before, after = custom_metrics_cost(there), custom_metrics_cost(there + new)
    plan = publishing.put_filter(
        checked.definition, live=checked.live, scope=scope, price_before=ZERO, price_after=after - before
    )
    said = (
        () if trial_view is None else (*((trial_view.agreement,) if trial_view.differing else ()), *trial_view.problems)
    )
    return replace(plan, warnings=(*said, *plan.warnings))


def alarm_choice(definition: MetricFilter, made: Collection[MetricId] = ()) -> MetricChoice:
    """Give the series that an alarm on a filter's metric begins with: how many matched, or how large values were."""
    counts = number_in(definition.value) is not None
    metric = next(iter(made), MetricId(definition.namespace, definition.metric))
    return MetricChoice(metric, "Sum" if counts else "Average")
