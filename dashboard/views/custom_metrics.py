"""Custom metrics: which there are, who pushes them, what they cost, and values pushed by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np
import pandas as pd

from access.audit import Audit
from access.identity import Actor
from access.policy import Action, decide
from cloud.pricing import FREE_CUSTOM_METRICS, custom_metrics_cost
from collectors.custom_files import AskAccount, NotReadableError, PushPlan, Put, nobody, read_csv
from collectors.custom_prices import AccountMetrics, is_custom
from collectors.custom_rules import MetricRefusedError
from collectors.query import MetricQuery
from collectors.spool.pauses import Pause
from core.reading import Reading, Scope, Verdict
from core.series import MetricId
from core.timespan import Timespan, from_epoch
from dashboard.views.explorer import dimensions_text
from dashboard.views.panels import Readings
from dashboard.views.sources import Sources
from dashboard.wording import count, moment, plain

MOST_SEEN: Final = 40
"""Metrics of which it is asked when they reported last; one free call each."""
MOST_LISTED: Final = 500
HOUR: Final = 3_600
SEEN_WITHIN: Final = timedelta(hours=24)
LONGEST_FILE: Final = 1_000_000
"""Bytes of a CSV that is pushed by hand; longer ones go through `python -m collectors push --csv`."""
MOST_PROBLEMS: Final = 10

_SOURCES: Final[Mapping[str, str]] = {
    "users": "visitors' browsers, through /beacon",
    "probe": "python -m collectors probe",
    "browser": "python -m collectors probe --browser",
    "har": "python -m collectors har",
}
STOP: Final = (
    "To stop paying for a metric, stop pushing it: AWS charges each hour in which it reports, and there is no call "
    "that deletes one. What goes through this machine's spool can be paused here: it is accepted and not sent. For "
    "others end the probe, take the page out of WATCHKEEPER_BEACON_PAGES, or take the put out of the application. A "
    "metric leaves the list about two weeks later. Alarms on it go to no data."
)


class PushDesk(Protocol):
    """Where values are priced and pushed by hand. Nothing here raises for what AWS or the disk does."""

    def plan(self, namespace: str, puts: Sequence[Put], problems: Sequence[str], *, account: AskAccount) -> PushPlan:
        """Check and price values; raises `MetricRefusedError` for a namespace that AWS does not take."""

    def push(self, namespace: str, plan: PushPlan) -> str:
        """Push what a plan holds; give why it has not arrived, or nothing where it has."""

    def known(self) -> Collection[MetricId]:
        """Give the metrics that processes on this machine pushed this month."""

    def paused(self) -> frozenset[Pause]:
        """Give what somebody paused: it is accepted and not sent."""

    def change(self, *, pause: Collection[Pause], resume: Collection[Pause]) -> str:
        """Pause metrics and let others go on; give why that is not possible, or nothing where it is done."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is, and when it reported last."""

    metrics: tuple[MetricId, ...]
    """Every custom metric that reported in the last two weeks."""
    counted: Reading[Readings]
    """How often each of the first reported, by the hour."""


def custom(known: Sequence[MetricId]) -> tuple[MetricId, ...]:
    """Give the metrics that are not AWS's own."""
    return tuple(sorted(filter(is_custom, known)))


def read(sources: Sources, scope: Scope, *, now: datetime) -> Listing:
    """Read which custom metrics there are, and of the first when they reported last."""
    known = sources.known_metrics(scope, now=now)
    metrics = custom(known.value)
    span = Timespan(now - SEEN_WITHIN, now).aligned(HOUR)
    queries = [MetricQuery(scope, metric, "SampleCount", HOUR, span) for metric in metrics[:MOST_SEEN]]
    nothing: Readings = {}
    counted = sources.metrics(queries, now=now) if queries else Reading(nothing, now)
    return Listing(metrics, Reading(counted.value, counted.at, (*known.faults, *counted.faults)))


@dataclass(frozen=True, slots=True)
class ListView:
    """What the list draws."""

    table: pd.DataFrame
    """One row a metric; foreign text in text cells."""
    price: str
    """What all of them cost a month, a sentence."""


def build(
    listing: Listing, pushed_here: Collection[MetricId], paused: Collection[Pause] = (), *, now: datetime
) -> ListView:
    """Give the list with who pushes each, what is paused, and what it costs."""
    last = {query.metric: series for query, series in listing.counted.value.items()}
    here = frozenset(pushed_here)
    rows = []
    for place, metric in enumerate(listing.metrics[:MOST_LISTED]):
        series = last.get(metric)
        seen = series.times[np.isfinite(series.values)] if series is not None else np.empty(0)
        since = from_epoch(int(seen[-1])) if seen.size else None
        rows.append(
            {
                "Metric": plain(metric.name),
                "Dimensions": dimensions_text(metric),
                "Namespace": plain(metric.namespace),
                "Last seen": _seen(since, asked=place < MOST_SEEN, now=now),
                "Pushed by": _who(metric, here, paused),
                "A month": "up to $0.30",
            }
        )
    number = len(listing.metrics)
    price = (
        f"{count(number, 'custom metric')} that reported in the last two weeks; if all report every hour of a month, "
        f"{custom_metrics_cost(number)} a month after the {FREE_CUSTOM_METRICS} that are free in the account. "
        "Which ten are the free ones is not AWS's to say: any ten are."
    )
    return ListView(pd.DataFrame(rows, dtype="str"), price)


def _seen(at: datetime | None, *, asked: bool, now: datetime) -> str:
    if not asked:
        return "not asked"
    return "over a day ago" if at is None else f"in the hour from {moment(at, now=now)}"


def _who(metric: MetricId, here: frozenset[MetricId], paused: Collection[Pause]) -> str:
    """Say who pushes a metric as far as it is known; CloudWatch does not tell."""
    stopped = ", paused here" if any(pause.covers(metric) for pause in paused) else ""
    source = _SOURCES.get(metric.dimension_map.get("Source", ""))
    if source is not None:
        return source + stopped
    return f"a process on this machine{stopped}" if metric in here else "not known: CloudWatch does not say"


def account_of(sources: Sources, scopes: Sequence[Scope], *, now: datetime) -> AccountMetrics | None:
    """Read which custom metrics the account has that values from here go to; None where that is not known."""
    mine = [scope for scope in scopes if scope.account == scopes[0].account]
    return AccountMetrics.of({scope: sources.known_metrics(scope, now=now) for scope in mine}, scopes[0])


# -- stop paying ------------------------------------------------------------------------------------------------------


def stoppable(desk: PushDesk) -> dict[Pause, str]:
    """Give what can be paused, with a name for people: each metric, and all of a name where there are several."""
    known, paused = sorted(desk.known()), desk.paused()
    going = [metric for metric in known if not any(pause.covers(metric) for pause in paused)]
    named = Counter((metric.namespace, metric.name) for metric in going)
    several = {name: many for name, many in sorted(named.items()) if many > 1}
    found = {Pause(*name): f"{plain(' '.join(name))}, all {many}" for name, many in several.items()}
    return found | {Pause(each.namespace, each.name, each.dimensions): plain(str(each)) for each in going}


def stopped(desk: PushDesk) -> dict[Pause, str]:
    """Give what is paused, with a name for people."""
    return {
        pause: plain(str(MetricId(pause.namespace, pause.name, pause.dimensions or ())))
        + (", all" if pause.dimensions is None else "")
        for pause in sorted(desk.paused(), key=str)
    }


def change(
    desk: PushDesk, actor: Actor, audit: Audit | None, *, scope: Scope, now: datetime,
    pause: Pause | None = None, resume: Pause | None = None,
) -> str:  # fmt: skip
    """Pause a metric or let one go on, as far as `actor` may, and write it into the audit record; say how it went."""
    verdict = decide(actor, Action.PUSH_METRIC)
    chosen = [each for each in (pause, resume) if each is not None]
    sentence = verdict.reason
    if verdict.allowed:
        sentence = desk.change(pause=[pause] if pause else [], resume=[resume] if resume else [])
    if audit is not None:
        detail = {"what": "pause" if pause else "resume", "outcome": sentence}
        target = ", ".join(str(each) for each in chosen)[:200]
        audit.record(actor, Action.PUSH_METRIC, target, at=now, allowed=verdict.allowed, scope=scope, detail=detail)
    return sentence or ("Paused: nothing of it is sent any more." if pause else "It is sent again from now on.")


@dataclass(frozen=True, slots=True)
class PushForm:
    """What a person filled in."""

    namespace: str
    """Where the values go."""
    name: str = ""
    """Of one value; a file has its own names."""
    value: str = ""
    """As it was typed."""
    unit: str = ""
    """CloudWatch's word; empty for none."""
    dimensions: str = ""
    """One a line, name=value."""
    file: bytes | None = None
    """A CSV instead of one value."""


@dataclass(frozen=True, slots=True)
class PushView:
    """What pushing would do, to be read before it is done."""

    plan: PushPlan | None
    """None where nothing could be checked."""
    sentence: str
    """Values and price; foreign text."""
    problems: tuple[str, ...]
    """What stands in the way; foreign text."""
    may: Verdict
    """Whether the button works, and why not."""


def check(desk: PushDesk, form: PushForm, actor: Actor, *, account: AskAccount = nobody) -> PushView:
    """Check and price what was filled in; nothing is pushed. `account` is asked where something is new."""
    verdict = decide(actor, Action.PUSH_METRIC)
    try:
        plan = desk.plan(form.namespace, *_given(form), account=account)
    except (MetricRefusedError, NotReadableError, ValueError) as error:
        return PushView(None, "", (str(error),), Verdict(allowed=False, reason="Nothing can be pushed yet."))
    problems = plan.problems[:MOST_PROBLEMS]
    if len(plan.problems) > MOST_PROBLEMS:
        problems += (f"and {len(plan.problems) - MOST_PROBLEMS} more",)
    if problems or not plan.puts:
        verdict = Verdict(allowed=False, reason="Put the problems right first: all values are pushed, or none.")
    return PushView(plan, f"{count(len(plan.puts), 'value')}: {plan.price}.", problems, verdict)


def _given(form: PushForm) -> tuple[tuple[Put, ...], tuple[str, ...]]:
    if form.file is not None:
        if len(form.file) > LONGEST_FILE:
            raise NotReadableError(
                f"the file has {len(form.file):,} bytes; here at most {LONGEST_FILE:,} are read, and "
                "`python -m collectors push --csv` takes more"
            )
        try:
            return read_csv(form.file.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise NotReadableError("the file is not UTF-8; save it as CSV in UTF-8") from None
    try:
        value = float(form.value)
    except ValueError:
        raise NotReadableError(f"value {form.value[:40]!r} is no number; write it like 1.23") from None
    return (Put(form.name, value, form.unit or None, dict(_pairs(form.dimensions))),), ()


def _pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, separator, value = line.partition("=")
        if not separator:
            raise NotReadableError(f"dimension {line[:80]!r} has no value; write one a line, like Page=/cart")
        found.append((name.strip(), value.strip()))
    return found


def push(
    desk: PushDesk, view: PushView, form: PushForm, actor: Actor, audit: Audit | None, *, scope: Scope, now: datetime
) -> str:
    """Push what was checked, as far as `actor` may, and write it into the audit record; say how it went."""
    allowed = view.may.allowed and decide(actor, Action.PUSH_METRIC).allowed and view.plan is not None
    sentence = desk.push(form.namespace, view.plan) if allowed and view.plan is not None else view.may.reason
    if audit is not None:
        names = sorted({put.name for put in view.plan.puts}) if view.plan else []
        detail = {"values": str(len(view.plan.puts) if view.plan else 0), "price": view.sentence, "outcome": sentence}
        target = f"{form.namespace}: {', '.join(names)[:200]}"
        audit.record(actor, Action.PUSH_METRIC, target, at=now, allowed=allowed, scope=scope, detail=detail)
    return sentence or "Pushed. The chart shows it as soon as AWS does, in a minute or two."
