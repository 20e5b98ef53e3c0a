"""Page state ⇄ URL: whoever opens the link sees the same thing. Pure; what a URL holds is not trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.reading import Scope
from core.series import MetricId
from core.timespan import RETENTION, Timespan, check_period, parse_instant

RANGES: Final[Mapping[str, timedelta]] = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "3h": timedelta(hours=3),
    "12h": timedelta(hours=12),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "15d": timedelta(days=15),
}
DEFAULT_RANGE: Final = "1h"
SHORTEST_SPAN: Final = timedelta(minutes=5)
"""A drag over less is widened to this, so that a slip of the hand does not show an empty chart."""
LONGEST_SPAN: Final = RETENTION[-1][0]
MOST_CHOICES: Final = 12
"""Series on one explorer chart; more cannot be told apart."""
LONGEST_VALUE: Final = 2_000
"""Characters of one URL value that are looked at."""
LONGEST_NAME: Final = 255
"""Characters of a metric's namespace, name or dimension.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Metric.html"""
MOST_DIMENSIONS: Final = 30
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Metric.html"""

Params = Mapping[str, Sequence[str]]
"""What the URL says: every value of every name, in order."""


@dataclass(frozen=True, slots=True)
class PageState:
    """What every page knows of what its viewer wants to see."""

    scope: Scope
    """The account and region on screen."""
    range: str = DEFAULT_RANGE
    """Key of `RANGES`: the length that ends now."""
    fixed: Timespan | None = None
    """A span pinned by a drag or a link; while there is one, nothing refreshes."""
    live: bool = True
    """False when the viewer switched refreshing off."""
    kiosk: bool = False
    """For a screen on the wall: no navigation, larger type."""
    problems: tuple[str, ...] = ()
    """Sentences about values of the URL that were not understood, and what is shown instead."""

    @property
    def refreshing(self) -> bool:
        return self.live and self.fixed is None

    def span(self, *, now: datetime) -> Timespan:
        """Give the span on screen."""
        return self.fixed or Timespan.last(RANGES[self.range], now=now)

    def params(self) -> dict[str, str]:
        """Give the URL's values; what is the default is left out, so that links stay short."""
        found = {"scope": str(self.scope)}
        if self.fixed is not None:
            found |= {"from": instant_text(self.fixed.start), "to": instant_text(self.fixed.end)}
        elif self.range != DEFAULT_RANGE:
            found["range"] = self.range
        if not self.live:
            found["live"] = "false"
        if self.kiosk:
            found["kiosk"] = "1"
        return found


def read(params: Params, *, scopes: Sequence[Scope], now: datetime, shortest: timedelta = SHORTEST_SPAN) -> PageState:
    """Give the state that the URL asks for; what is not understood is replaced and named, never raised.

    A pinned span is no shorter than `shortest`.
    """
    if not scopes:
        raise ValueError("there is no account to show; give at least one scope")
    problems: list[str] = []
    fixed = _fixed_span(params, now=now, problems=problems, shortest=shortest)
    return PageState(
        scope=_scope(params, scopes, problems),
        range=_range(params, problems),
        fixed=fixed,
        live=_first(params, "live").lower() not in {"false", "0", "off", "no"},
        kiosk=_first(params, "kiosk").lower() in {"true", "1", "on", "yes"},
        problems=tuple(problems),
    )


def _first(params: Params, name: str) -> str:
    values = params.get(name) or ("",)
    return values[0][:LONGEST_VALUE]


def _scope(params: Params, scopes: Sequence[Scope], problems: list[str]) -> Scope:
    wanted = _first(params, "scope")
    for scope in scopes:
        if str(scope) == wanted:
            return scope
    if wanted:
        problems.append(f"The link names an account and region that are not watched here; this is {scopes[0]}.")
    return scopes[0]


def _range(params: Params, problems: list[str]) -> str:
    wanted = _first(params, "range")
    if wanted and wanted not in RANGES:
        problems.append(f"The link asks for an unknown range; {DEFAULT_RANGE} is shown. Known: {', '.join(RANGES)}.")
    return wanted if wanted in RANGES else DEFAULT_RANGE


def _fixed_span(params: Params, *, now: datetime, problems: list[str], shortest: timedelta) -> Timespan | None:
    start, end = _first(params, "from"), _first(params, "to")
    if not start and not end:
        return None
    try:
        return bounded_span(parse_instant(start), parse_instant(end), now=now, shortest=shortest)
    except (ValueError, OverflowError):
        problems.append("The link's times were not understood; write them as 2026-11-23T10:00:00Z, from before to.")
        return None


def bounded_span(start: datetime, end: datetime, *, now: datetime, shortest: timedelta = SHORTEST_SPAN) -> Timespan:
    """Give the span in whole seconds, no shorter than a chart needs and within what CloudWatch keeps.

    Raises ValueError when nothing of it can hold data.
    """
    latest = now + timedelta(minutes=1)
    first = max(start, now - LONGEST_SPAN).replace(microsecond=0)
    last = min(end, latest).replace(microsecond=0)
    if last <= first:
        raise ValueError(f"{start.isoformat()} to {end.isoformat()} holds no data CloudWatch could have")
    if last - first < shortest:
        middle = first + (last - first) / 2
        first = (middle - shortest / 2).replace(microsecond=0)
        last = first + shortest
    return Timespan(first, last)


def pinned(
    state: PageState, dragged: Timespan | None, *, now: datetime, shortest: timedelta = SHORTEST_SPAN
) -> PageState:
    """Give the state after a drag over a chart; None lets go of the span. A senseless drag changes nothing."""
    if dragged is None:
        return replace(state, fixed=None)
    try:
        return replace(state, fixed=bounded_span(dragged.start, dragged.end, now=now, shortest=shortest))
    except (ValueError, OverflowError):
        return state


def instant_text(at: datetime) -> str:
    """Write an instant for a URL, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """One series that a viewer chose: a metric and a statistic, in the URL as one readable value."""

    metric: MetricId
    statistic: str
    """As written; validated where it is used, so that the message can stand beside it."""

    def text(self) -> str:
        """Write namespace, name, statistic and dimensions, joined by `~`.

        >>> MetricChoice(MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),)), "p99").text()
        'AWS/EC2~CPUUtilization~p99~InstanceId~i-1'
        """
        pairs = [part for pair in self.metric.dimensions for part in pair]
        return "~".join(_quoted(part) for part in (self.metric.namespace, self.metric.name, self.statistic, *pairs))


def _quoted(part: str) -> str:
    return part.replace("%", "%25").replace("~", "%7E")


def _unquoted(part: str) -> str:
    return part.replace("%7E", "~").replace("%25", "%")


def read_choice(text: str) -> MetricChoice:
    """Read what `MetricChoice.text` wrote; ValueError says what is accepted."""
    parts = [_unquoted(part) for part in text.split("~")]
    long = any(not part or len(part) > LONGEST_NAME for part in parts)
    if len(parts) < 3 or len(parts) % 2 == 0 or long or len(parts) > 3 + 2 * MOST_DIMENSIONS:
        raise ValueError(
            f"{text[:80]!r} names no metric; write namespace~name~statistic~dimension~value, "
            f"at most {LONGEST_NAME} characters each"
        )
    namespace, name, statistic, *pairs = parts
    return MetricChoice(MetricId(namespace, name, tuple(zip(pairs[::2], pairs[1::2], strict=True))), statistic)


@dataclass(frozen=True, slots=True)
class ExplorerState:
    """What the explorer page shows besides account and span."""

    choices: tuple[MetricChoice, ...] = ()
    """The series on the chart, in the order they were added."""
    period: int | None = None
    """Seconds a datapoint covers; None lets the span decide."""
    search: str = ""
    """Words that the metric list is narrowed by."""
    problems: tuple[str, ...] = ()
    """Sentences about values of the URL that were not understood."""

    def params(self) -> dict[str, str | list[str]]:
        """Give this page's values of the URL."""
        found: dict[str, str | list[str]] = {}
        if self.choices:
            found["metric"] = [choice.text() for choice in self.choices]
        if self.period is not None:
            found["period"] = str(self.period)
        if self.search:
            found["search"] = self.search
        return found


def read_explorer(params: Params) -> ExplorerState:
    """Give what the URL asks the explorer for; what is not understood is left out and named."""
    problems: list[str] = []
    choices: dict[MetricChoice, None] = {}
    for text in list(params.get("metric") or ())[:MOST_CHOICES]:
        try:
            choices[read_choice(text[:LONGEST_VALUE])] = None
        except ValueError as error:
            problems.append(f"A metric of the link was left out: {error}.")
    return ExplorerState(
        tuple(choices), _period(params, problems), _first(params, "search")[:LONGEST_NAME], tuple(problems)
    )


def _period(params: Params, problems: list[str]) -> int | None:
    wanted = _first(params, "period")
    if not wanted or wanted == "auto":
        return None
    try:
        return check_period(int(wanted[:8]))
    except ValueError:
        problems.append("The link's period was not understood; the span decides. Use seconds: 60, 300, 3600, …")
        return None
