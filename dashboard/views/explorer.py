"""The metrics explorer: any metric found by search, several series on one chart, priced before they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from collectors import catalog
from collectors.planning import Plan
from core.money import ZERO, Money
from core.reading import Reading, Scope
from core.series import MetricId, Series
from core.statistics import Statistic
from core.timespan import CHART_PERIODS, Timespan, finest_period
from dashboard.charts.targets import duration
from dashboard.charts.view import Axis, ChartView
from dashboard.state import MOST_CHOICES, ExplorerState, MetricChoice, PageState
from dashboard.views.panels import (
    UNREVISED,
    Grid,
    Panel,
    PanelLine,
    Readings,
    Revisions,
    chart,
    grid,
    queries,
)
from dashboard.views.sources import Sources
from dashboard.wording import count, money, plain, quantity

MOST_FOUND = 200
"""Rows of the metric list; more are not read by people, they narrow the search."""
MOST_POINTS = 1_440
"""Points a series on the explorer's chart when the span decides the period."""


@dataclass(frozen=True, slots=True)
class Found:
    """The metric list, narrowed by words."""

    metrics: tuple[MetricId, ...]
    """At most `MOST_FOUND`, in the order of namespace, name and dimensions."""
    table: pd.DataFrame
    """One row a metric: Metric, Dimensions, Namespace. Foreign text, drawn in text cells."""
    summary: str
    """How many were found, and how many are known."""


def search(known: Sequence[MetricId], words: str) -> Found:
    """Give the known metrics that hold every word somewhere in namespace, name or dimensions."""
    wanted = words.casefold().split()
    hits = sorted(metric for metric in known if all(word in str(metric).casefold() for word in wanted))
    shown = tuple(hits[:MOST_FOUND])
    table = pd.DataFrame(
        {
            "Metric": [plain(metric.name) for metric in shown],
            "Dimensions": [dimensions_text(metric) for metric in shown],
            "Namespace": [plain(metric.namespace) for metric in shown],
        },
        dtype="str",
    )
    summary = f"{count(len(hits), 'metric')} of {len(known):,}"
    if len(hits) > MOST_FOUND:
        summary += f"; the first {MOST_FOUND} are listed, narrow the search for the rest"
    return Found(shown, table, summary)


def dimensions_text(metric: MetricId) -> str:
    """Give a metric's dimensions in one line."""
    return ", ".join(f"{plain(name)}={plain(value)}" for name, value in metric.dimensions) or "no dimensions"


def default_choice(metric: MetricId) -> MetricChoice:
    """Give the choice of a metric with the statistic that means most for it."""
    return MetricChoice(metric, catalog.family_of(metric).statistics[0])


def suggested_statistics(metric: MetricId) -> tuple[str, ...]:
    """Give the statistics to offer for a metric, its own first; any other that CloudWatch knows may be typed."""
    common = ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99", "tm99", "IQM")
    return tuple(dict.fromkeys((*catalog.family_of(metric).statistics, *common)))


def offered(choice: MetricChoice) -> tuple[str, ...]:
    """Give the statistics to offer for a choice, its own among them even where it is a typed one."""
    return tuple(dict.fromkeys((*suggested_statistics(choice.metric), choice.statistic)))


def with_metric(state: ExplorerState, metric: MetricId) -> ExplorerState:
    """Give the state with one more series, the newest last; one that is there already stays as it is."""
    choices = dict.fromkeys((*state.choices, default_choice(metric)))
    return replace(state, choices=tuple(choices)[:MOST_CHOICES])


def left_out(state: ExplorerState, metric: MetricId) -> str:
    """Say why picking a metric changes nothing; empty where it comes onto the chart."""
    if default_choice(metric) in state.choices:
        return "This one is on the chart already; choose another statistic beside it."
    if len(state.choices) >= MOST_CHOICES:
        return f"A chart holds at most {MOST_CHOICES} series; remove one first."
    return ""


def with_change(state: ExplorerState, place: int, statistic: str | None) -> ExplorerState:
    """Give the state with another statistic for the series at `place`; None takes the series off."""
    before, after = state.choices[:place], state.choices[place + 1 :]
    kept = () if statistic is None else (replace(state.choices[place], statistic=statistic),)
    return replace(state, choices=tuple(dict.fromkeys((*before, *kept, *after))))


def statistic_problem(text: str) -> str:
    """Say why CloudWatch would not take a statistic; empty where it would."""
    try:
        Statistic.parse(text)
    except ValueError as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True)
class PeriodOption:
    """One period that the period control offers."""

    seconds: int | None
    """None lets the span decide."""
    label: str
    """As people say it."""


def period_options(span: Timespan, *, now: datetime) -> tuple[PeriodOption, ...]:
    """Give the periods that CloudWatch still keeps for the whole span and that draw at most `MOST_POINTS` points."""
    chosen = grid(_ANYWHERE, span, now=now, points=MOST_POINTS).period
    finest = max(60, finest_period(span.start, now=now))
    fitting = [period for period in CHART_PERIODS if period >= finest and span.seconds / period <= MOST_POINTS]
    named = [PeriodOption(period, duration_label(period)) for period in fitting]
    return (PeriodOption(None, f"Auto ({duration_label(chosen)})"), *named)


_ANYWHERE = Scope("000000000000", "us-east-1")


def duration_label(seconds: int) -> str:
    """Give a period's length as people say it.

    >>> duration_label(300), duration_label(86_400)
    ('5 min', '1 d')
    """
    from datetime import timedelta

    return duration(timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Question:
    """What the explorer asks: series on a grid, and what of the choice cannot be asked."""

    on: Grid
    """Where, over which span and how coarsely it is asked."""
    panel: Panel
    """The series, validated, on one chart."""
    problems: tuple[str, ...]
    """Sentences about choices that were left out; foreign text."""


def question(state: ExplorerState, scope: Scope, span: Timespan, *, now: datetime) -> Question:
    """Give what the choices ask for on `span`."""
    offered = {option.seconds for option in period_options(span, now=now)}
    period = state.period if state.period in offered else None
    problems = list(state.problems)
    if state.period is not None and period is None:
        problems.append(
            f"A period of {duration_label(state.period)} does not fit this span: "
            "CloudWatch no longer keeps it, or it gives too many points. The span decides."
        )
    lines: list[PanelLine] = []
    units: list[str | None] = []
    for choice in state.choices:
        problem = statistic_problem(choice.statistic)
        unit = catalog.unit_of(choice.metric, choice.statistic)
        if not problem and unit not in units and len(units) == len(Axis):
            problem = f"{choice.metric} is in {unit or 'no unit'}, and the two axes are taken; draw it on its own"
        if problem:
            problems.append(problem)
            continue
        if unit not in units:
            units.append(unit)
        axis = Axis.LEFT if unit == units[0] else Axis.RIGHT
        lines.append(PanelLine(choice.metric, choice.statistic, line_name(choice, state.choices), axis=axis))
    panel = Panel(
        "explorer",
        lines[0].metric.name if len(lines) == 1 else count(len(lines), "series", "series"),
        units[0] if units else None,
        tuple(lines),
        right_unit=units[1] if len(units) > 1 else None,
    )
    return Question(grid(scope, span, now=now, period=period, points=MOST_POINTS), panel, tuple(problems))


def line_name(choice: MetricChoice, among: Sequence[MetricChoice]) -> str:
    """Give the shortest name that tells a choice from the others: name and statistic, dimensions where needed."""
    alike = [other for other in among if other.metric.name == choice.metric.name]
    several = len({other.metric for other in alike}) > 1
    values = " ".join(value for _, value in choice.metric.dimensions)
    return (
        f"{choice.metric.name} {values} {choice.statistic}"
        if several and values
        else (f"{choice.metric.name} {choice.statistic}")
    )


@dataclass(frozen=True, slots=True)
class PriceTag:
    """What the question costs, said before it is asked."""

    text: str
    """Calls and price in one sentence; escaped for Markdown."""
    cost: Money
    """What we expect to be charged."""
    free: bool
    """True where it may be read without asking."""


def price(sources: Sources, asked: Question, *, now: datetime) -> PriceTag:
    """Say what reading would cost now; makes no call."""
    return tag_of(sources.plan(queries([asked.panel], asked.on), now=now))


def tag_of(planned: Plan) -> PriceTag:
    """Say what a plan of reads costs, in one sentence."""
    calls = count(len(planned.calls), "call")
    text = f"{calls}, expected price {money(planned.cost)}. {planned.explanation.replace('$', chr(92) + '$')}"
    return PriceTag(text, planned.cost, planned.cost == ZERO)


Answer = tuple[Question, Reading[Readings], Revisions]
"""What was asked, what was read, and which datapoints were another value when they were read first."""


def read(sources: Sources, wanted: ExplorerState, state: PageState, *, clock: Callable[[], datetime]) -> Answer:
    """Read every series of the choices for the span that `state` shows at this moment."""
    now = clock()
    asked = question(wanted, state.scope, state.span(now=now), now=now)
    wanted_series = queries([asked.panel], asked.on)
    return asked, sources.metrics(wanted_series, now=now), sources.revisions(wanted_series)


@dataclass(frozen=True, slots=True)
class ExplorerView:
    """What the explorer draws once the series are read."""

    chart: ChartView
    """The series on one chart."""
    figures: pd.DataFrame
    """One row a series: newest, least, mean and greatest value as people read them, and how many datapoints."""
    data: pd.DataFrame
    """Every datapoint, one a row, for download: what CloudWatch gave, in its own units."""
    file_name: str
    """Without its ending."""
    changed: str
    """How many values were others when they were read first, in a sentence; empty where none was."""


def build(asked: Question, readings: Reading[Readings], revisions: Revisions = UNREVISED) -> ExplorerView:
    """Give the chart, the figures and the data behind them."""
    view = chart(asked.panel, readings.value, asked.on, revisions=revisions)
    nothing = Series.empty(asked.on.period)
    found = [(line, readings.value.get(asked.on.query(line), nothing)) for line in asked.panel.lines]
    units = [view.unit_of(line.axis) for line in asked.panel.lines]
    figures = pd.DataFrame(
        [_figures(line, series, unit) for (line, series), unit in zip(found, units, strict=True)],
        columns=["Series", "Newest", "Minimum", "Mean", "Maximum", "Datapoints"],
    )
    parts = [_rows(line, series, asked.on) for line, series in found]
    data = pd.concat(parts, ignore_index=True) if parts else _rows_frame({})
    return ExplorerView(view, figures, data, _file_name(asked), _changed(view))


def _changed(view: ChartView) -> str:
    number = sum(len(line.revised) for line in view.lines)
    if not number:
        return ""
    return (
        f"{count(number, 'value')} changed after {'it was' if number == 1 else 'they were'} first read. "
        "A hollow point shows what was seen then; an alarm may have seen it too."
    )


def _figures(line: PanelLine, series: Series, unit: str | None) -> dict[str, str]:
    known = series.values[np.isfinite(series.values)]
    texts = (
        {
            "Newest": quantity(float(known[-1]), unit),
            "Minimum": quantity(float(known.min()), unit),
            "Mean": quantity(float(known.mean()), unit),
            "Maximum": quantity(float(known.max()), unit),
        }
        if known.size
        else dict.fromkeys(("Newest", "Minimum", "Mean", "Maximum"), quantity(None, unit))
    )
    return {"Series": plain(line.name), **texts, "Datapoints": f"{known.size:,}"}


_COLUMNS = ("time", "value", "unit", "account", "region", "namespace", "metric", "dimensions", "statistic", "period")


def _rows(line: PanelLine, series: Series, on: Grid) -> pd.DataFrame:
    size = len(series)
    return _rows_frame(
        {
            "time": pd.to_datetime(series.times, unit="s", utc=True),
            "value": series.values,
            "unit": [series.unit or ""] * size,
            "account": [on.scope.account] * size,
            "region": [on.scope.region] * size,
            "namespace": [line.metric.namespace] * size,
            "metric": [line.metric.name] * size,
            "dimensions": [";".join(f"{name}={value}" for name, value in line.metric.dimensions)] * size,
            "statistic": [line.statistic] * size,
            "period": [series.period] * size,
        }
    )


def _rows_frame(columns: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(columns, columns=list(_COLUMNS))


def _file_name(asked: Question) -> str:
    scope, span = asked.on.scope, asked.on.span
    return f"watchkeeper_{scope.account}_{scope.region}_{span.start:%Y%m%dT%H%M}_{span.end:%Y%m%dT%H%M}"


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_FOREIGN = ("namespace", "metric", "dimensions", "statistic", "unit")


def csv(data: pd.DataFrame) -> bytes:
    """Give the datapoints as CSV. Foreign text that a spreadsheet would run as a formula gets an apostrophe."""
    safe = data.copy()
    for column in _FOREIGN:
        safe[column] = [f"'{text}" if str(text).startswith(_FORMULA_STARTS) else text for text in safe[column]]
    return safe.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ").encode()


def parquet(data: pd.DataFrame) -> bytes:
    """Give the datapoints as Parquet, with times and numbers as such."""
    import io

    buffer = io.BytesIO()
    data.to_parquet(buffer, index=False)
    return buffer.getvalue()
