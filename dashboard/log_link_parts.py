"""Drawing of the ways from a chart, a resource or an alarm to the lines that explain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import streamlit as st

from alarms.definition import Alarm, MetricAlarm
from collectors.alarm_states import AlarmState
from collectors.inventory import Inventory
from core.reading import Reading, Scope
from core.series import MetricId
from dashboard import parts, presence
from dashboard.cached import Context
from dashboard.log_parts import GROUPS_KEY, GROUPS_SECONDS
from dashboard.log_state import span_params
from dashboard.state import PageState
from dashboard.views import log_links
from dashboard.views.alarm_roll import Roll
from dashboard.views.log_links import Clue, Suggestion
from dashboard.wording import md, moment

T = TypeVar("T")


def draw(context: Context, state: PageState, clues: Callable[[Inventory], Sequence[Clue]], *, key: str) -> None:
    """Draw the way to the logs of the span on screen."""
    found = _suggested(context, state.scope, clues)
    _draw(found, parts.frame_params(), "Logs", key=key)


def draw_metrics(context: Context, state: PageState, metrics: Sequence[MetricId], *, key: str) -> None:
    """Draw the way from charts of `metrics` to the logs of the same span."""
    draw(context, state, partial(log_links.clues, metrics), key=key)


def draw_definition(context: Context, state: PageState, alarm: Alarm | None, *, key: str) -> None:
    """Draw the way from an alarm that is being written to the logs beside its metrics."""
    if isinstance(alarm, MetricAlarm):
        draw_metrics(context, state, alarm.metrics, key=key)


def draw_alarm(context: Context, roll: Roll, state: AlarmState, *, key: str) -> None:
    """Draw the way from an alarm to the logs of when it fired last; of the span on screen where it never did."""
    alarm = roll.alarms.get(state.name)
    found = _suggested(context, roll.scope, partial(log_links.of_alarm, alarm, state, roll))
    at = log_links.fired(state, roll)
    if at is None:
        _draw(found, parts.frame_params(), "Logs", key=key)
        return
    span = log_links.around(at, state, now=context.now())
    label = f"Logs of {moment(at, now=context.now())}, when it fired"
    _draw(found, parts.frame_params(span_params(span)), label, key=key)


def _suggested(
    context: Context, scope: Scope, clues: Callable[[Inventory], Sequence[Clue]]
) -> tuple[Suggestion, ...] | None:
    """Give the groups that may explain it; None while it is not known which groups there are."""
    groups = _glance(context, GROUPS_KEY, context.sources.log_groups, scope)
    stock = _glance(context, "inventory", context.sources.inventory, scope)
    if groups is None:
        return None
    return log_links.suggested(groups.value, clues(Inventory() if stock is None else stock.value))


def _glance(context: Context, key: str, ask: Callable[..., Reading[T]], scope: Scope) -> Reading[T] | None:
    """Give what is known without waiting for it and without drawing: the next run has it."""
    presence.note(context)
    load = partial(parts.booked, key, partial(parts.at_clock, context, ask, scope))
    snapshot = context.feed.look((key, scope), load, every=GROUPS_SECONDS, patience=0.4)
    return None if snapshot is None else snapshot.value


def _draw(found: Sequence[Suggestion] | None, params: Mapping[str, str], label: str, *, key: str) -> None:
    """Draw a link to the group that clearly fits best, and the others behind a button; each with its reason."""
    best = log_links.clear(found or ())
    others = [each for each in found or () if each is not best]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=key, width="content"):
        if best is not None:
            _link(f"{label}: {best.group}", {**params, "group": best.group}, best.reason)
        elif not others:
            _link(label, params, _UNKNOWN if found is None else _NONE)
        if others:
            with st.popover("Other logs" if best else label, icon=":material/article:"):
                for each in others:
                    _link(each.group, {**params, "group": each.group}, each.reason)
                    st.caption(md(each.reason))


_UNKNOWN: Final = "The log groups are still being read; choose one there."
_NONE: Final = "Choose the log group there: no rule finds one for what is on screen."


def _link(label: str, params: Mapping[str, str], reason: str) -> None:
    st.page_link(
        "app_pages/logs.py", label=md(label), icon=":material/article:", query_params=dict(params), help=md(reason)
    )
