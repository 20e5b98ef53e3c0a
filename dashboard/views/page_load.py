"""Page load: which metrics say how long pages take, how that is spread, and where the time of one load goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from collectors.page_load.putting import LOAD, PHASES, UNITS
from collectors.query import MetricQuery
from collectors.scaling import Activity
from core.reading import Fault, Reading, Scope, joined_faults
from core.series import MetricId, Series
from core.timespan import CHART_PERIODS, Timespan, from_epoch
from dashboard.charts.bars import Bar, Bars, Part
from dashboard.charts.view import ChartView, Mark, Tone
from dashboard.state import MetricChoice, PageState
from dashboard.views import panels
from dashboard.views.explorer import Answer, PriceTag, Question, dimensions_text, tag_of
from dashboard.views.panels import Grid, Limit, Panel, PanelLine, Readings
from dashboard.views.sources import Sources
from dashboard.wording import count, moment, plain, quantity

MOST_SERIES: Final = 24
"""Pages, browsers or regions in one table; each takes two calls."""
QUANTILES: Final = ("p10", "p50", "p75", "p90", "p99")
COUNTED: Final = "SampleCount"
WATCHED: Final = "p90"
"""What the budget is held against, and what an alarm begins with."""
LINES: Final = ("p50", WATCHED, "p99")
DEFAULT_BUDGET: Final = 2.5
"""Seconds. Up to here people call a page's largest paint good: https://web.dev/articles/vitals"""
LONGEST_BUDGET: Final = 600.0
ONE_DEPLOY: Final = timedelta(minutes=20)
"""Instances that are replaced so close to each other belong to one deployment."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric told apart by one set of dimensions."""

    namespace: str
    """Foreign text."""
    name: str
    """The metric's name; foreign text."""
    by: tuple[str, ...]
    """Names of the dimensions."""
    metrics: tuple[MetricId, ...]
    """Its series."""

    @property
    def key(self) -> str:
        """How a link names it."""
        return "~".join((self.namespace, self.name, *self.by))

    @property
    def label(self) -> str:
        """How people tell it from others."""
        shown = [name for name in self.by if name != "Source"]
        return f"{plain(self.name)} by {plain(' and '.join(shown) or 'nothing')} · {plain(self.source)}"

    @property
    def source(self) -> str:
        """Who measured, where a dimension says so; else the namespace."""
        found = {value for metric in self.metrics for name, value in metric.dimensions if name == "Source"}
        return f"{self.namespace}, {', '.join(sorted(found))}" if found else self.namespace


def is_page_load(metric: MetricId) -> bool:
    """Say whether a metric is about page loads: one of ours by name, or one whose name says so."""
    name = metric.name.casefold().replace("_", "").replace(" ", "").replace("-", "")
    return not metric.namespace.startswith("AWS/") and (
        (metric.name in UNITS and not metric.name.endswith("Phase")) or "pageload" in name
    )


def families(known: Sequence[MetricId]) -> tuple[Family, ...]:
    """Give every page load metric with each of its ways to be told apart; load times by page first."""
    found: dict[tuple[str, str, tuple[str, ...]], list[MetricId]] = {}
    for metric in known:
        if is_page_load(metric):
            by = tuple(name for name, _ in metric.dimensions)
            found.setdefault((metric.namespace, metric.name, by), []).append(metric)
    made = [Family(*key, tuple(sorted(metrics))) for key, metrics in found.items()]
    return tuple(sorted(made, key=lambda each: (each.name != LOAD, "Page" not in each.by, each.key)))


def chosen(found: Sequence[Family], wanted: str) -> Family:
    """Give the family that the link names, or the first."""
    return next((family for family in found if family.key == wanted), found[0])


def budget_of(text: str) -> float | None:
    """Give the budget that a link names in seconds; the default where it names none, None where it is no budget.

    >>> budget_of(""), budget_of("1.5"), budget_of("soon"), budget_of("-1")
    (2.5, 1.5, None, None)
    """
    if not text:
        return DEFAULT_BUDGET
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and 0 < seconds <= LONGEST_BUDGET else None


def spread_grid(state: PageState, *, now: datetime) -> Grid:
    """Give the grid of the table: periods as long as they can be and still be new, so that a percentile is of many."""
    span = state.span(now=now)
    fitting = [period for period in CHART_PERIODS if period * 3 <= max(span.seconds, 180)]
    return panels.grid(state.scope, span, now=now, period=max(fitting))


@dataclass(frozen=True, slots=True)
class Looked:
    """What was read of one family."""

    family: Family
    """What was asked for."""
    on: Grid
    """Where the percentiles were read."""
    spread: Reading[Readings]
    """Percentiles and counts of every series."""
    phases: Reading[Readings]
    """Averages of the phases of every series that has any."""
    activities: Reading[tuple[Activity, ...]]
    """Scaling activities: among them are deployments."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        return joined_faults((self.spread, self.phases, self.activities))


def spread_queries(family: Family, on: Grid) -> tuple[MetricQuery, ...]:
    """Give what the table asks for."""
    return tuple(
        MetricQuery(on.scope, metric, statistic, on.period, on.span)
        for metric in family.metrics[:MOST_SERIES]
        for statistic in (COUNTED, *QUANTILES)
    )


def price(sources: Sources, family: Family, on: Grid, *, now: datetime) -> PriceTag:
    """Say what the table costs to read; makes no call."""
    return tag_of(sources.plan(spread_queries(family, on), now=now))


def read(
    sources: Sources, family: Family, known: Sequence[MetricId], state: PageState, *, clock: Callable[[], datetime]
) -> Looked:
    """Read a family's percentiles, its phases where there are any, and what was deployed."""
    now = clock()
    on = spread_grid(state, now=now)
    wanted = {(family.namespace, metric.dimensions) for metric in family.metrics[:MOST_SERIES]}
    names = {f"{name}Phase" for name in PHASES}
    phases = [each for each in known if each.name in names and (each.namespace, each.dimensions) in wanted]
    asked = [MetricQuery(on.scope, each, "Average", on.period, on.span) for each in phases]
    return Looked(
        family,
        on,
        sources.metrics(spread_queries(family, on), now=now),
        sources.metrics(asked, now=now) if asked else Reading({}, now),
        sources.activities(state.scope, now=now),
    )


def asked(family: Family, metric: MetricId, scope: Scope, span: Timespan, *, now: datetime) -> Question:
    """Give what the chart of one series asks for."""
    lines = tuple(PanelLine(metric, statistic, statistic, emphasis=statistic == WATCHED) for statistic in LINES)
    panel = Panel("page-load", plain(family.name), unit_of(family), lines, subtitle=name_of(metric))
    return Question(panels.grid(scope, span, now=now), panel, ())


def read_chart(
    sources: Sources, family: Family, metric: MetricId, state: PageState, *, clock: Callable[[], datetime]
) -> Answer:
    """Read the percentiles of one series over time."""
    now = clock()
    question = asked(family, metric, state.scope, state.span(now=now), now=now)
    wanted = panels.queries([question.panel], question.on)
    return question, sources.metrics(wanted, now=now), sources.revisions(wanted)


def chart(answer: Answer, *, budget: float | None, marks: tuple[Mark, ...]) -> ChartView:
    """Give the chart of one series: percentiles, the budget, and what was deployed."""
    question, readings, revisions = answer
    (line,) = [line for line in question.panel.lines if line.statistic == WATCHED]
    most = limit(line.metric, budget)
    limits = [] if most is None else [Limit(line.metric, WATCHED, most, "budget")]
    return panels.chart(question.panel, readings.value, question.on, limits=limits, marks=marks, revisions=revisions)


def unit_of(family: Family) -> str | None:
    """Give the unit of a family, where its name says it; else the datapoints do."""
    return UNITS.get(family.name)


def in_seconds(metric: MetricId) -> bool:
    """Say whether a budget in seconds can be held against a metric."""
    return UNITS.get(metric.name, "Seconds") == "Seconds"


def limit(metric: MetricId, budget: float | None) -> float | None:
    """Give the budget in the metric's own unit; None where it cannot be held against it."""
    return budget if in_seconds(metric) else None


def name_of(metric: MetricId) -> str:
    """Give what a series is told apart by, in one line."""
    shown = [plain(value) for name, value in metric.dimensions if name != "Source"]
    return ", ".join(shown) or dimensions_text(metric)


def deployments(activities: Sequence[Activity], span: Timespan) -> tuple[Mark, ...]:
    """Give a mark where each instance refresh began: a new version was rolled out. AWS tells of no other deployment.

    A refresh replaces one instance after the other, each in the words `in response to an instance refresh`.
    """
    marks: list[Mark] = []
    newest: dict[str, datetime] = {}
    for each in sorted(activities, key=lambda each: each.started_at):
        if "instance refresh" not in each.cause.casefold():
            continue
        last = newest.get(each.group)
        newest[each.group] = each.started_at
        if (last is None or each.started_at - last > ONE_DEPLOY) and each.started_at in span:
            marks.append(Mark(each.started_at, f"deployed to {plain(each.group)}", plain(each.cause), Tone.INFO))
    return tuple(marks)


@dataclass(frozen=True, slots=True)
class PageLoadView:
    """What the page draws once the percentiles are read."""

    table: pd.DataFrame
    """One row a series: loads, percentiles, and whether the budget is kept. Foreign text in text cells."""
    metrics: tuple[MetricId, ...]
    """The series of the rows."""
    bars: Bars
    """How loads are spread, a row a series."""
    when: str
    """Of which time the figures are, a sentence."""
    phases: Bars | None
    """Where the time goes, by phase; None where no phase is measured."""
    marks: tuple[Mark, ...]
    """Deployments within the span."""


def build(looked: Looked, *, budget: float | None, now: datetime) -> PageLoadView:
    """Give the table, the spread and the phases of a family, the slowest first."""
    at = _newest(looked)
    metrics = looked.family.metrics[:MOST_SERIES]
    found = {metric: _figures(looked, metric, at) for metric in metrics}
    ordered = sorted(metrics, key=lambda metric: -_number(found[metric].get(WATCHED)))
    unit = unit_of(looked.family) or _unit_read(looked)
    rows = [_row(metric, found[metric], unit, budget) for metric in ordered]
    left_out = len(looked.family.metrics) - len(metrics)
    more = f" {count(left_out, 'more series is', 'more series are')} not shown." if left_out else ""
    return PageLoadView(
        pd.DataFrame(rows, dtype="str"),
        tuple(ordered),
        _bars(ordered, found, unit, budget if unit == "Seconds" else None),
        _when(looked.on, at, now=now) + more,
        _phases(looked, ordered, at),
        deployments(looked.activities.value, looked.on.span),
    )


def _newest(looked: Looked) -> int | None:
    """Give the newest period in which anything was counted."""
    times = [
        int(series.times[-1])
        for query, series in looked.spread.value.items()
        if query.statistic == COUNTED and len(series)
    ]
    return max(times, default=None)


def _when(on: Grid, at: int | None, *, now: datetime) -> str:
    if at is None:
        start, end = (moment(each, now=now) for each in (on.span.start, on.span.end))
        return f"No page load was counted from {start} to {end} UTC."
    start, end = (moment(from_epoch(each), now=now) for each in (at, at + on.period))
    return f"Figures of {start} to {end} UTC, the newest whole period; the chart shows the rest."


def _figures(looked: Looked, metric: MetricId, at: int | None) -> dict[str, float]:
    """Give each statistic of one series at one time; what AWS did not give is absent."""
    found = {}
    for statistic in (COUNTED, *QUANTILES):
        series = looked.spread.value.get(
            MetricQuery(looked.on.scope, metric, statistic, looked.on.period, looked.on.span)
        )
        value = _at(series, at)
        if value is not None:
            found[statistic] = value
    return found


def _at(series: Series | None, at: int | None) -> float | None:
    if series is None or at is None:
        return None
    (places,) = np.nonzero(series.times == at)
    return float(series.values[places[0]]) if places.size and np.isfinite(series.values[places[0]]) else None


def _number(value: float | None) -> float:
    return -math.inf if value is None else value


def _unit_read(looked: Looked) -> str | None:
    units = {series.unit for query, series in looked.spread.value.items() if query.statistic != COUNTED}
    return next(iter(units - {None}), None)


def _row(metric: MetricId, figures: dict[str, float], unit: str | None, budget: float | None) -> dict[str, str]:
    loads = figures.get(COUNTED)
    row = {"What": name_of(metric), "Loads": "–" if loads is None else f"{loads:,.0f}"}
    row |= {statistic: quantity(figures.get(statistic), unit) for statistic in QUANTILES}
    if budget is not None and unit == "Seconds":
        watched = figures.get(WATCHED)
        row["Budget"] = "–" if watched is None else "✕ over" if watched > budget else "✓ within"
    return row


def _bars(
    metrics: Sequence[MetricId], found: dict[MetricId, dict[str, float]], unit: str | None, budget: float | None
) -> Bars:
    rows = []
    for metric in metrics:
        figures = found[metric]
        if all(name in figures for name in QUANTILES):
            p10, p50, p75, p90, p99 = (figures[name] for name in QUANTILES)
            parts = (
                Part(p10, p50, "p10 to p50", 2), Part(p50, p75, "to p75", 0), Part(p75, p90, "to p90", 4),
                Part(p90, p99, "to p99", -1),
            )  # fmt: skip
            rows.append(Bar(name_of(metric), parts, f"p50 {quantity(p50, unit)}"))
    return Bars("How page loads are spread", tuple(rows), budget)


def _phases(looked: Looked, metrics: Sequence[MetricId], at: int | None) -> Bars | None:
    """Give the average phases of each series, one after the other."""
    rows = []
    for metric in metrics:
        parts: list[Part] = []
        for shade, name in enumerate(PHASES):
            phase = replace(metric, name=f"{name}Phase")
            query = MetricQuery(looked.on.scope, phase, "Average", looked.on.period, looked.on.span)
            value = _at(looked.phases.value.get(query), at)
            if value is not None:
                begun = parts[-1].end if parts else 0.0
                parts.append(Part(begun, begun + value, _PHASE_WORDS[name], shade if shade < 5 else -1))
        if parts:
            rows.append(Bar(name_of(metric), tuple(parts), quantity(parts[-1].end, "Seconds")))
    return Bars("Where the time goes", tuple(rows)) if rows else None


_PHASE_WORDS: Final = {
    "Redirect": "redirects", "Dns": "name", "Connect": "connect", "Tls": "TLS", "FirstByte": "first byte",
    "Content": "content",
}  # fmt: skip


def alarm_choice(metric: MetricId) -> MetricChoice:
    """Give what an alarm on a series begins with."""
    return MetricChoice(metric, WATCHED)


NOTHING: Final = (
    "Begin with `python -m collectors probe URL --put`, with beacon.js in your pages, or with a recording below; "
    "docs/page-load.md says how."
)


def budget_problems(text: str) -> tuple[str, ...]:
    """Say what of the link's budget was not understood."""
    if budget_of(text) is not None:
        return ()
    return (f"The link's budget was not understood; write seconds, such as 2.5, up to {LONGEST_BUDGET:g}.",)
