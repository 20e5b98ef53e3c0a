"""Drawing of the Insights page: the editor with its fields, the price before a run, results, and the runs before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from access.changes import ChangePlan
from access.policy import Action, decide
from cloud.metering import feature
from collectors.logs import queries
from collectors.logs.groups import LogGroup
from collectors.logs.insights import LONGEST, MOST_GROUPS, InsightsQuery, ScanQuote
from collectors.logs.queries import LANGUAGE, SavedQuery
from collectors.logs.runs import Run, RunState
from core.money import ZERO, Money
from core.reading import Reading, Scope
from core.timespan import Timespan
from dashboard import parts, plan_dialog
from dashboard.cached import Context
from dashboard.charts.components import draw_chart
from dashboard.insights_state import NAMES, SHORT, InsightsState
from dashboard.state import PageState
from dashboard.views import insights
from dashboard.views.draft_text import DraftError
from dashboard.views.insights import RunView
from dashboard.wording import md, plain

FEED: Final = "insights"
EDITOR: Final = "insights-text"
_LINK: Final = "insights-link"
_FIELD: Final = "insights-field"
_EXAMPLE: Final = "insights-example"
_SAVED: Final = "insights-saved"
_GROUPS: Final = "insights-groups"
QUOTE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 1.0
"""Seconds between looks at a query that runs."""
FIELDS_SHOWN: Final = 40
ROW_PIXELS: Final = 34
MOST_ROWS: Final = 14
EDITOR_PIXELS: Final = 190


# -- what is asked ----------------------------------------------------------------------------------------------------


def opened(context: Context, wanted: InsightsState) -> tuple[str, str]:
    """Give the text that the link or the session holds, and why a long one could not be read."""
    link = (wanted.text, wanted.draft)
    if st.session_state.get(_LINK) == link and EDITOR in st.session_state:
        return str(st.session_state[EDITOR]), ""
    text, problem = wanted.text or insights.START, ""
    if wanted.draft:
        try:
            text = context.drafts.document(wanted.draft)
        except DraftError as error:
            problem = f"The query of the link was not found: {error}."
    st.session_state[EDITOR], st.session_state[_LINK] = text[:LONGEST], link
    return text, problem


def keep(context: Context, wanted: InsightsState, **changes: Any) -> None:
    """Write what the page shows into the link; a text that is too long for it is kept with the drafts."""
    text = str(st.session_state.get(EDITOR, ""))
    short = len(text) <= SHORT
    token = "" if short else context.drafts.token(text, now=context.now())
    state = replace(wanted, text=text if short else "", draft=token, **changes)
    st.session_state[_LINK] = (state.text, state.draft)
    parts.write(NAMES, state.params())


def _laid(context: Context, wanted: InsightsState, text: str, **changes: Any) -> None:
    """Put a text into the editor and the link."""
    st.session_state[EDITOR] = text[:LONGEST]
    keep(context, wanted, **changes)


def draw_groups(context: Context, found: Sequence[LogGroup], wanted: InsightsState) -> tuple[str, ...]:
    """Let a person choose the groups to query."""
    known = {group.name: group for group in found}
    options = list(dict.fromkeys((*wanted.groups, *known)))
    key = f"{_GROUPS}-{'~'.join(wanted.groups)}"
    chosen: list[str] = st.multiselect(
        "Log groups", options, default=list(wanted.groups), key=key, max_selections=MOST_GROUPS,
        format_func=plain, placeholder="Type a part of a name",
    )  # fmt: skip
    if tuple(chosen) != wanted.groups:
        keep(context, wanted, groups=tuple(chosen))
        st.rerun()
    return wanted.groups


def draw_starts(context: Context, scope: Scope, wanted: InsightsState) -> None:
    """Draw the queries to begin with: examples, and those that somebody saved."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="insights-starts"):
        names = [name for name, _ in insights.EXAMPLES]
        st.selectbox(
            "Examples", names, index=None, placeholder="Examples", key=_EXAMPLE, label_visibility="collapsed",
            width=220, on_change=partial(_take_example, context, wanted),
        )  # fmt: skip
        _draw_saved(context, scope, wanted)


def _take_example(context: Context, wanted: InsightsState) -> None:
    text = dict(insights.EXAMPLES).get(str(st.session_state.get(_EXAMPLE)))
    if text is not None:
        _laid(context, wanted, text)
    st.session_state[_EXAMPLE] = None


def saved_queries(context: Context, scope: Scope) -> Reading[tuple[SavedQuery, ...]]:
    """Give the saved queries, which the store shares; a call a minute at most."""
    with feature(FEED):
        return context.sources.insights.saved(scope, now=context.now())


def _draw_saved(context: Context, scope: Scope, wanted: InsightsState) -> None:
    found = saved_queries(context, scope)
    known = {query.id: query for query in found.value if query.language == LANGUAGE}
    st.selectbox(
        "Saved queries", list(known), index=None, key=_SAVED, label_visibility="collapsed", width=260,
        format_func=lambda query: insights.saved_label(known[query]) if query in known else query,
        placeholder="Saved queries" if known else "No saved queries", disabled=not known,
        on_change=partial(_take_saved, context, wanted, known),
    )  # fmt: skip
    with st.popover("Save", icon=":material/bookmark:"):
        _draw_saving(context, scope, wanted, found)


def _take_saved(context: Context, wanted: InsightsState, known: dict[str, SavedQuery]) -> None:
    query = known.get(str(st.session_state.get(_SAVED)))
    if query is not None:
        _laid(context, wanted, query.text, groups=query.groups or wanted.groups)
    st.session_state[_SAVED] = None


def _draw_saving(context: Context, scope: Scope, wanted: InsightsState, found: Reading[tuple[SavedQuery, ...]]) -> None:
    """Draw the form that saves what is in the editor, and what deletes a saved query; both are plans first."""
    parts.faults(found.faults)
    may = decide(context.actor, Action.EDIT_LOGS)
    name = st.text_input("Name", key="insights-name", max_chars=255, placeholder="folder/errors by path")
    live = next((query for query in found.value if query.name == (name or "").strip()), None)
    new = SavedQuery("", (name or "").strip(), str(st.session_state.get(EDITOR, "")), wanted.groups)
    label = "Review the change" if live else "Review saving it"
    ready = may.allowed and bool(new.name) and bool(new.text.strip())
    if st.button(label, icon=":material/bookmark_add:", disabled=not ready, key="insights-save"):
        plan_dialog.ask(partial(_saving, new, live, scope))
    if live is not None and st.button(
        "Review deleting it", icon=":material/delete:", disabled=not may.allowed, key="insights-unsave"
    ):
        plan_dialog.ask(partial(_deleting, live, scope))
    if not may.allowed:
        st.caption(f":material/lock: {md(may.reason)}")


def _saving(new: SavedQuery, live: SavedQuery | None, scope: Scope) -> ChangePlan:
    return queries.save(new, live=live, scope=scope)


def _deleting(live: SavedQuery, scope: Scope) -> ChangePlan:
    return queries.delete(live, scope=scope)


def draw_editor(context: Context, wanted: InsightsState) -> str:
    """Draw the editor; what is typed goes into the link when it is left."""
    text: str = st.text_area(
        "Query", key=EDITOR, height=EDITOR_PIXELS, max_chars=LONGEST, on_change=partial(keep, context, wanted),
        placeholder=insights.START, help="Logs Insights' own language. Ctrl+Enter takes over what is typed.",
    )  # fmt: skip
    return text


def draw_fields(context: Context, scope: Scope, wanted: InsightsState) -> None:
    """Draw the fields of the first group; a click puts one into the query."""
    if not wanted.groups:
        st.caption("The fields of a log group are listed here once one is chosen.")
        return
    group = wanted.groups[0]
    load = partial(_fields, context, scope, group)
    found = parts.looked(context, (FEED, "fields", scope, group), load, every=600.0, height=EDITOR_PIXELS)
    if found is None:
        return
    if not found.value and not found.faults:
        st.caption("No line came in the last 15 minutes, so no field is known.")
    parts.faults(found.faults)
    names = [field.name for field in found.value[:FIELDS_SHOWN]]
    with st.container(height=EDITOR_PIXELS + 30, border=False, key="insights-fields"):
        st.pills(
            f"Fields of {plain(group)}: a click puts one into the query", names, key=_FIELD, format_func=plain,
            on_change=partial(_take_field, context, wanted),
        )  # fmt: skip


def _fields(context: Context, scope: Scope, group: str) -> Any:
    return context.sources.insights.fields(scope, group, now=context.now())


def _take_field(context: Context, wanted: InsightsState) -> None:
    name = st.session_state.get(_FIELD)
    if name:
        _laid(context, wanted, insights.with_field(str(st.session_state.get(EDITOR, "")), str(name)))
    st.session_state[_FIELD] = None


# -- price and run ----------------------------------------------------------------------------------------------------


def quoted(context: Context, state: PageState, wanted: InsightsState) -> Reading[ScanQuote] | None:
    """Give what the chosen groups cost over the span on screen; None: still loading."""
    span = state.span(now=context.now())
    load = partial(_quote, context, state, wanted.groups)
    of = (FEED, "quote", state.scope, wanted.groups, state.fixed or span.duration)
    return parts.looked(context, of, load, every=QUOTE_SECONDS, height=64)


def _quote(context: Context, state: PageState, groups: tuple[str, ...]) -> Reading[ScanQuote]:
    now = context.now()
    return context.sources.insights.quote(InsightsQuery(state.scope, groups, state.span(now=now), ""), now=now)


def draw_offer(context: Context, wanted: InsightsState, found: Reading[ScanQuote], text: str, span: Timespan) -> None:
    """Draw what a run costs, and the button that accepts it."""
    offered = insights.offer(found.value, text, context.actor)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="insights-offer"):
        clicked = st.button(
            offered.label, type="primary", icon=":material/play_arrow:", disabled=not offered.verdict.allowed,
            key="insights-run",
        )  # fmt: skip
        with st.container(gap=None, key="insights-says"):
            st.caption(f":material/payments: {md(offered.text)}")
            if not offered.verdict.allowed:
                st.caption(f":material/lock: {md(offered.verdict.reason)}")
    parts.faults(found.faults)
    if found.value.parts:
        with st.expander("What this is reckoned from"):
            st.dataframe(offered.parts, hide_index=True, row_height=ROW_PIXELS, key="insights-basis")
    if clicked and offered.verdict.allowed:
        _run(context, wanted, replace(found.value, query=replace(found.value.query, text=text, span=span)))


def _run(context: Context, wanted: InsightsState, accepted: ScanQuote) -> None:
    done = context.sources.insights.ask(accepted, by=context.actor.name, now=context.now())
    parts.faults(done.faults)
    if done.value is not None:
        keep(context, wanted, run=done.value.id)
        st.rerun()


# -- what was found ---------------------------------------------------------------------------------------------------


def runs(context: Context, scope: Scope) -> Reading[tuple[Run, ...]]:
    """Give the newest runs. Those that are open are moved on in the background, once for all viewers."""
    load = partial(parts.booked, FEED, partial(parts.at_clock, context, context.sources.insights.move_on, scope))
    context.feed.look((FEED, "moving", scope), load, every=LOOK_SECONDS)
    return context.sources.insights.runs(scope, now=context.now())


def each_byte(found: Reading[ScanQuote] | None) -> Money:
    """Give the price of a byte."""
    return found.value.each if found is not None else ZERO


def draw_run(context: Context, wanted: InsightsState, run: Run, each: Money) -> None:
    """Draw what a run found."""
    rows = context.sources.insights.rows(run.query.scope, run.id, now=context.now())
    asked = (str(st.session_state.get(EDITOR, "")), wanted.groups)
    view = insights.view(run, rows.value, each, asked=asked, bare=context.log_secrets, now=context.now())
    with parts.card("insights-results", "Results", view.state):
        if view.stale:
            st.caption(f":material/history: {md(view.stale)}")
        if run.problem:
            st.text(view.sentence)
        else:
            st.caption(md(view.sentence))
        parts.faults(rows.faults)
        if view.mistake is not None:
            st.code(view.mistake.pointed, language=None, wrap_lines=False)
        _draw_found(view)
        _draw_ways(context, wanted, run)


def _draw_found(view: RunView) -> None:
    if view.chart is not None:
        draw_chart(view.chart, key="insights-chart", height=220)
    if len(view.table.columns):
        height = (min(MOST_ROWS, len(view.table)) + 1) * ROW_PIXELS + 4
        st.dataframe(view.table, hide_index=True, height=height, row_height=ROW_PIXELS, key="insights-table")
    elif view.run.state is RunState.COMPLETE:
        st.text("No line matched. Try a longer span, or take a condition out.")


def _draw_ways(context: Context, wanted: InsightsState, run: Run) -> None:
    with st.container(horizontal=True, gap="small", key="insights-ways"):
        if run.is_open and st.button("Stop", icon=":material/stop_circle:", key="insights-stop"):
            parts.faults(context.sources.insights.stop(run.query.scope, run.id, now=context.now()).faults)
            st.rerun(scope="fragment")
        if run.state is RunState.COMPLETE and run.rows:
            st.download_button(
                "CSV", partial(_csv, context, run), file_name=f"insights-{run.id}.csv", mime="text/csv",
                icon=":material/download:", on_click="ignore", key="insights-csv",
            )  # fmt: skip
        if st.button("Edit this query", icon=":material/edit:", key="insights-take"):
            _take_run(context, wanted, run)


def _take_run(context: Context, wanted: InsightsState, run: Run) -> None:
    """Put a run's own query and groups into the editor: by the link, for the editor is drawn already."""
    short = len(run.query.text) <= SHORT
    token = "" if short else context.drafts.token(run.query.text, now=context.now())
    state = replace(wanted, groups=run.query.groups, text=run.query.text if short else "", draft=token, run=run.id)
    st.session_state.pop(_LINK, None)
    parts.write(NAMES, state.params())
    st.rerun(scope="app")


def _csv(context: Context, run: Run) -> bytes:
    rows = context.sources.insights.rows(run.query.scope, run.id, now=context.now())
    return insights.csv(rows.value, bare=context.log_secrets)


def draw_history(context: Context, wanted: InsightsState, found: Sequence[Run], each: Money) -> None:
    """Draw the runs of the last days; a click opens one's results."""
    with parts.card("insights-history", "Queries of the last days", None):
        if not found:
            st.text("Nobody has run a query here in the last seven days.")
            return
        table = insights.history(found, each, now=context.now())
        event = st.dataframe(
            table, hide_index=True, row_height=ROW_PIXELS, on_select="rerun", selection_mode="single-row",
            height=(min(8, len(found)) + 1) * ROW_PIXELS + 4, key=f"insights-history-{wanted.run}",
        )  # fmt: skip
        rows = event.selection.rows
        if rows and rows[0] < len(found) and found[rows[0]].id != wanted.run:
            keep(context, wanted, run=found[rows[0]].id)
            st.rerun(scope="app")
