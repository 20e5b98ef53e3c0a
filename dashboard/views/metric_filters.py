"""The form of a metric filter: checked as it is typed, held against real lines, priced, and made a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from access.changes import ChangePlan
from cloud.pricing import custom_metrics_cost
from collectors import custom_prices
from collectors.logs import publishing, trial
from collectors.logs.metric_filters import (
    MOST_DIMENSIONS,
    MOST_PAIRS_AN_HOUR,
    Judged,
    MetricFilter,
    from_response,
    selector_words,
    wrong,
)
from collectors.logs.question import LogAnswer, LogQuestion
from collectors.logs.trial import Disagreement, Metrics, Tried
from core.filter_pattern import FilterPattern, FilterPatternError, parse
from core.filter_pattern.values import number_in
from core.foreign_text import cut, one_line, visible
from core.log_lines import LogLine
from core.masking import masked
from core.money import ZERO
from core.reading import Fault, Reading, Scope
from core.series import MetricId
from core.timespan import Timespan
from dashboard.charts.targets import duration
from dashboard.log_state import LONGEST_GROUP, LONGEST_PATTERN
from dashboard.state import LONGEST_NAME, MetricChoice, Params
from dashboard.views.custom_metrics import custom
from dashboard.views.sources import Sources
from dashboard.wording import NO_VALUE, count, moment, plain

SPANS: Final[Mapping[str, timedelta]] = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
}
"""How much of the group's lines a filter is tried on."""
MOST_LINES: Final = 1_000
"""Matching lines whose values and dimensions are counted, the newest; ours."""
MOST_OTHERS: Final = 200
"""Lines beside them, whatever they say; ours."""
MOST_SHOWN: Final = 50
LONGEST_SHOWN: Final = 400
"""Characters of a line that a cell shows."""
NO_UNIT: Final = "None"
UNITS: Final = (NO_UNIT, "Count", "Milliseconds", "Seconds", "Bytes", "Percent", "Count/Second", "Bytes/Second")
"""The units that people use; a filter that has another keeps it."""
COUNTS: Final = "1"
UNLIMITED: Final = 10**9
"""No quota of ours: AWS says when there are too many metrics."""


@dataclass(frozen=True, slots=True)
class FilterDraft:
    """What a person filled in, as it was typed."""

    group: str
    """The log group."""
    pattern: str = ""
    """The filter pattern; it may be wrong."""
    name: str = ""
    """The filter's name."""
    namespace: str = ""
    """The metric's namespace."""
    metric: str = ""
    """The metric's name."""
    value: str = COUNTS
    """A number, or a field of the pattern."""
    default: str = ""
    """A number, or nothing."""
    unit: str = NO_UNIT
    """CloudWatch's word."""
    dimensions: tuple[str, ...] = ()
    """Fields of the pattern."""


@dataclass(frozen=True, slots=True)
class CheckedFilter:
    """A form, checked."""

    draft: FilterDraft
    """As it was typed."""
    definition: MetricFilter
    """What was filled in; it can be applied where `errors` is empty."""
    pattern: FilterPattern | None
    """The pattern as it is understood; None where it is wrong."""
    errors: Mapping[str, str]
    """What is wrong, a sentence a field; foreign text."""
    words: str
    """Which lines the pattern finds; empty where it is wrong. Foreign text."""
    fields: tuple[str, ...]
    """What value and dimensions can be taken from."""
    live: MetricFilter | None
    """The filter that has the name now."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Fields that are still empty and must not be, with what belongs there."""

    @property
    def ready(self) -> bool:
        """Whether AWS would take it, as far as is known here."""
        return not self.errors and not self.missing


def draft_of(live: MetricFilter) -> FilterDraft:
    """Give the form for changing a filter."""
    return FilterDraft(
        live.group, live.pattern, live.name, live.namespace, live.metric, live.value,
        "" if live.default is None else f"{live.default:g}", live.unit or NO_UNIT,
        tuple(selector for _, selector in live.dimensions),
    )  # fmt: skip


def suggested(group: str, pattern: str) -> FilterDraft:
    """Give a form that only needs a look: names after the group, counting what matches."""
    last = group.rstrip("/").rpartition("/")[2] or group
    return FilterDraft(group, pattern, f"{last}-matches", "Logs", f"{last}-matches", default="0")


NAMES: Final = ("filter", "name", "namespace", "metric", "value", "default", "unit", "dimension")
"""Names in the URL that belong to the form; group and pattern are shared by the pages about logs."""


def params(draft: FilterDraft) -> dict[str, str | list[str]]:
    """Give the URL's values of a form; what is the default is left out."""
    start = FilterDraft(draft.group)
    found: dict[str, str | list[str]] = {"filter": "new", "group": draft.group}
    for name in ("pattern", "name", "namespace", "metric", "value", "default", "unit"):
        if getattr(draft, name) != getattr(start, name):
            found[name] = getattr(draft, name)
    if draft.dimensions:
        found["dimension"] = list(draft.dimensions)
    return found


def read_draft(found: Params) -> FilterDraft | None:
    """Give the form that a URL asks for; None where it asks for none. What it holds is typed text, and not trusted."""
    texts = {name: (values or ("",))[0][:LONGEST_PATTERN] for name, values in found.items()}
    group, pattern = texts.get("group", "")[:LONGEST_GROUP], texts.get("pattern", "")
    if not group or not (texts.get("filter") or pattern):
        return None
    if not texts.get("name"):
        return suggested(group, pattern)
    typed = {name: texts[name] for name in ("namespace", "metric", "value", "default", "unit") if name in texts}
    dimensions = tuple(each[:LONGEST_NAME] for each in found.get("dimension", ()))[: MOST_DIMENSIONS + 1]
    return FilterDraft(group, pattern, texts["name"], **typed, dimensions=dimensions)


def check(draft: FilterDraft, filters: Sequence[MetricFilter]) -> CheckedFilter:
    """Check what was filled in; `filters` are the group's filters as they are now."""
    live = next((each for each in filters if each.name == draft.name), None)
    errors: dict[str, str] = {}
    default = number_in(draft.default.strip()) if draft.default.strip() else None
    if draft.default.strip() and default is None:
        errors["default"] = f"{draft.default!r} is no number; leave it empty for no datapoint"
    names = {} if live is None else {selector: name for name, selector in live.dimensions}
    definition = MetricFilter(
        draft.group, draft.name.strip(), draft.pattern, draft.namespace.strip(), draft.metric.strip(),
        draft.value.strip(), None if default is None else float(default),
        "" if draft.unit == NO_UNIT else draft.unit,
        tuple((names.get(each) or selector_words(each), each) for each in draft.dimensions),
        {} if live is None else live.other,
    )  # fmt: skip
    pattern = _parsed(draft.pattern)
    missing = {name: said for name, said in _NEEDED.items() if not getattr(draft, name).strip()}
    found = {
        name: said for name, said in {**wrong(definition, others=filters), **errors}.items() if name not in missing
    }
    return CheckedFilter(
        draft, definition, pattern, found, "" if pattern is None else pattern.words(),
        () if pattern is None else pattern.fields, live, missing,
    )  # fmt: skip


_NEEDED: Final = {
    "name": "A name for the filter.",
    "namespace": "Where the metric stands, such as Directory.",
    "metric": "What the metric is called, such as SlowRequests.",
}


def _parsed(text: str) -> FilterPattern | None:
    try:
        return parse(text)
    except FilterPatternError:
        return None


# -- real lines -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinesRead:
    """Lines of a group that a filter is tried on: those that its pattern finds, and others."""

    matching: LogAnswer
    """Of the whole span, as far as it is read."""
    newest: LogAnswer
    """The newest lines, whatever they say."""
    faults: tuple[Fault, ...] = ()
    """Why some are missing."""

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """All of them, each once, oldest first."""
        found = {(line.event_id or line.message, line.stream, line.milliseconds): line for line in self._both()}
        return tuple(sorted(found.values(), key=lambda line: line.milliseconds))

    def _both(self) -> tuple[LogLine, ...]:
        return (*self.newest.lines, *self.matching.lines)


def read_lines(
    sources: Sources, scope: Scope, group: str, pattern: str, span: str, *, now: datetime
) -> Reading[LinesRead]:
    """Read lines of a group; a pattern that is wrong finds none."""
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    whole = Timespan(end - SPANS.get(span, SPANS["1h"]), end)
    newest = sources.log_lines(LogQuestion(scope, group, whole, most=MOST_OTHERS), now=now)
    if _parsed(pattern) is None:
        return Reading(LinesRead(LogAnswer(), newest.value), newest.at, newest.faults)
    asked = LogQuestion(scope, group, whole, pattern, most=MOST_LINES, whole=True)
    matching = sources.log_lines(asked, now=now)
    faults = tuple(dict.fromkeys((*newest.faults, *matching.faults)))
    return Reading(LinesRead(matching.value, newest.value), min(newest.at, matching.at), faults)


def tried(checked: CheckedFilter, lines: Sequence[LogLine]) -> tuple[Tried, ...]:
    """Hold the filter against lines; none where its pattern is wrong."""
    return () if checked.pattern is None else trial.tried(checked.definition, checked.pattern, lines)


def matched(read: LinesRead, span: str, *, wrong_pattern: bool) -> str:
    """Say how many lines the pattern found."""
    answer = read.matching
    if wrong_pattern:
        return "The pattern is wrong, so nothing is tried on it."
    if not answer.read:
        return "No line is read yet." if answer.missing else f"No line came in the last {span}."
    said = f"{count(answer.matching, 'line')} of the last {span} match"
    if not answer.missing:
        return f"{said}{'es' if answer.matching == 1 else ''}."
    seconds = sum(each.seconds for each in answer.read)
    return f"{said}{'es' if answer.matching == 1 else ''} so far: {duration(timedelta(seconds=seconds))} of it is read."


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
    faults: tuple[Fault, ...] = ()
    """Why AWS did not say what it finds."""


def view(
    checked: CheckedFilter,
    sentence: str,
    lines: Sequence[Tried],
    judged: Reading[Judged] | None,
    asked: Sequence[str],
    known: Sequence[MetricId],
    *,
    now: datetime,
) -> TrialView:
    """Give what to draw. `known` are the account's metrics, `asked` the lines that AWS judged."""
    made = trial.metrics(checked.definition, lines)
    answered = judged.value if judged is not None and judged.complete else None
    differing = (
        () if answered is None or checked.pattern is None else trial.disagreements(checked.pattern, asked, answered)
    )
    return TrialView(
        sentence, _agreement(answered, asked, differing), None if answered is None else not differing,
        price(checked, made, known, now=now), tuple(_problems(checked, lines, made)),
        _table(lines, answered, frozenset(asked), now=now), differing, made, () if judged is None else judged.faults,
    )  # fmt: skip


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


def price(checked: CheckedFilter, made: Metrics, known: Sequence[MetricId], *, now: datetime) -> str:
    """Say what the filter's metrics add to the bill: as many as the lines made, beside those that are there."""
    there = custom(known)
    new = len(set(made.found) - set(there))
    found = custom_prices.price(adding=new, known=len(there), quota=UNLIMITED, at=now)
    said = f"{plain(str(found))[:1].upper()}{plain(str(found))[1:]}."
    if not checked.definition.dimensions:
        return said
    seen = f"Counted on {count(made.lines, 'matching line')}: each combination of dimension values is a metric."
    return f"{said} {seen}"


def _problems(checked: CheckedFilter, lines: Sequence[Tried], made: Metrics) -> list[str]:
    found = []
    without = sum(each.matches and each.value is None for each in lines)
    if without:
        found.append(
            f"{count(without, 'matching line has', 'matching lines have')} no number at {checked.definition.value}; "
            "they make no datapoint."
        )
    if checked.definition.dimensions and made.lines > 3 and made.late * 4 > made.lines:
        found.append(
            f"{made.late} of {len(made.found)} metrics came with the second half of the lines: more will come, and "
            "each is charged. Take a dimension with few values."
        )
    if len(made.found) * max(1, len(checked.definition.dimensions)) >= MOST_PAIRS_AN_HOUR:
        found.append(f"AWS may switch a filter off that makes {MOST_PAIRS_AN_HOUR:,} values of dimensions in an hour.")
    return found


def _table(lines: Sequence[Tried], answered: Judged | None, asked: frozenset[str], *, now: datetime) -> pd.DataFrame:
    ordered = sorted(lines, key=lambda each: (not each.matches, -each.line.milliseconds))
    both = [each for each in ordered if each.line.message in asked] or ordered
    rows = [
        {
            "Time": moment(each.line.at, now=now),
            "Ours": "✓ found" if each.matches else NO_VALUE,
            "AWS": _verdict(each, answered, asked),
            "Value": plain(each.value or NO_VALUE),
            "Dimensions": ", ".join(f"{plain(name)}={shown(value)}" for name, value in each.dimensions or ()),
            "Line": shown(each.line.message),
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


def shown(text: str) -> str:
    """Give a line for a table cell: secrets hidden, what could forge or hide made visible, in one line."""
    return cut(one_line(visible(masked(text).text).text), LONGEST_SHOWN)


# -- the plan and what comes after ------------------------------------------------------------------------------------


def plan_of(
    checked: CheckedFilter, trial_view: TrialView | None, known: Sequence[MetricId], scope: Scope
) -> ChangePlan:
    """Give the plan of a checked form; what AWS said of real lines stands in its warnings."""
    there = custom(known)
    new = 0 if trial_view is None else len(set(trial_view.metrics.found) - set(there))
    before, after = custom_metrics_cost(len(there)), custom_metrics_cost(len(there) + new)
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


def made_by(plan: ChangePlan) -> MetricFilter | None:
    """Give the filter that a plan makes; None for a plan of something else."""
    return next((from_response(step.params) for step in plan.steps if step.operation == "PutMetricFilter"), None)


@dataclass(frozen=True, slots=True, eq=False)
class FilterTable:
    """The metric filters of a group."""

    filters: tuple[MetricFilter, ...]
    """In the order of the table."""
    table: pd.DataFrame
    """Filter, Finds, Metric, Value, Dimensions, Pattern; foreign text."""
    words: tuple[str, ...] = field(default=())
    """What each finds, in a sentence."""


def table(filters: Sequence[MetricFilter]) -> FilterTable:
    """Give the metric filters of a group with what each finds."""
    words = tuple(_words(each) for each in filters)
    rows = [
        {
            "Filter": plain(each.name),
            "Finds": plain(said),
            "Metric": plain(f"{each.namespace} · {each.metric}"),
            "Value": plain(each.value) + ("" if each.default is None else f", else {each.default:g}"),
            "Dimensions": plain(", ".join(name for name, _ in each.dimensions)) or NO_VALUE,
            "Pattern": plain(each.pattern),
        }
        for each, said in zip(filters, words, strict=True)
    ]
    columns = ["Filter", "Finds", "Metric", "Value", "Dimensions", "Pattern"]
    return FilterTable(tuple(filters), pd.DataFrame(rows, columns=columns, dtype="str"), words)


def _words(definition: MetricFilter) -> str:
    pattern = _parsed(definition.pattern)
    return "not understood here" if pattern is None else pattern.words()
