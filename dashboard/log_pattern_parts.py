"""Drawing of the Patterns mode of the Logs page: what is compared, the table of templates, one of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

import streamlit as st

from collectors.patterns.changes import Kind
from dashboard import log_parts, parts
from dashboard.cached import Context
from dashboard.charts.components import draw_chart
from dashboard.charts.log_lines import LineList
from dashboard.log_pattern_state import NAMES, Against, PatternState, read_patterns
from dashboard.log_state import LogState, Mode
from dashboard.state import PageState, pinned
from dashboard.views import log_patterns, logs
from dashboard.views.log_patterns import Detail, PatternView
from dashboard.wording import md

ROW_PIXELS: Final = 30
ROWS_SEEN: Final = 16
AGAINST: Final = {
    Against.BEFORE: "The time before",
    Against.DEPLOY: "Before the deployment",
    Against.NOTHING: "Nothing",
}
KINDS: Final = {Kind.NEW: "New", Kind.GONE: "Gone", Kind.MORE: "More", Kind.LESS: "Less", Kind.SAME: "Same"}
READ_ON: Final = 1.0
_GOING_ON: Final = "patterns-going-on"


def keep(changed: PatternState) -> None:
    """Write what the mode shows into the URL, and draw it from there."""
    parts.write(NAMES, changed.params())
    st.rerun()


def draw(context: Context, state: PageState, wanted: LogState) -> None:
    """Draw the mode for the group, streams and pattern of the Logs page."""
    chosen = read_patterns(parts.url())
    parts.problems(chosen.problems)
    asked = (state.scope, state.range, state.fixed, wanted, chosen.against)
    going_on = st.session_state.get(_GOING_ON) == asked
    slow = context.refresh * 2 if state.refreshing else None

    @st.fragment(run_every=READ_ON if going_on else slow)
    def body() -> None:
        with parts.boundary():
            load = partial(log_patterns.read, context.sources, wanted, state, chosen.against, clock=context.now)
            pace = READ_ON if going_on else slow
            look = parts.looked(context, ("logs", "patterns", *asked, state.live), load, every=pace, height=600)
            if look is None:
                return
            view = log_patterns.build(look, chosen, bare=context.log_secrets, now=context.now())
            _draw_view(context, state, wanted, chosen, view)
            if view.going_on != going_on:
                st.session_state[_GOING_ON] = asked if view.going_on else None
                st.rerun()

    body()


def _draw_view(context: Context, state: PageState, wanted: LogState, chosen: PatternState, view: PatternView) -> None:
    parts.age(state, context, view.at)
    parts.faults(view.faults)
    _draw_choice(chosen, view)
    st.text(view.sentence)
    st.caption(md(" ".join(view.notes)))
    event = draw_chart(view.chart, key="patterns-histogram", height=104)
    if view.rows:
        _draw_table(chosen, view)
    else:
        parts.empty("No templates here", "No line of this span matches. Try a longer span, or a wider pattern.")
    if view.missing:
        st.caption("The template of the link is not among these lines.")
    if view.detail is not None:
        _draw_detail(context, wanted, chosen, view.detail)
    if event is not None and (event.range or event.reset):
        parts.show(pinned(state, event.range, now=context.now(), shortest=logs.SHORTEST), context)
        st.rerun()


def _draw_choice(chosen: PatternState, view: PatternView) -> None:
    """Let a person choose what the span is compared with, and which changes are listed."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="patterns-choice"):
        against = st.selectbox(
            "Compare with", list(AGAINST), index=list(AGAINST).index(chosen.against), width=230,
            format_func=lambda each: AGAINST[each], key=f"patterns-against-{chosen.against}",
        )  # fmt: skip
        # Always the same choices: a control that changes with what is read would lose a click.
        kind = st.segmented_control(
            "Show", list(KINDS), default=chosen.changed, format_func=lambda each: KINDS[each],
            disabled=not view.counts, key=f"patterns-kind-{chosen.changed}",
        )  # fmt: skip
    if against != chosen.against:
        keep(replace(chosen, against=against, changed=None))
    if kind != chosen.changed:
        keep(replace(chosen, changed=kind))


def _draw_table(chosen: PatternState, view: PatternView) -> None:
    """Draw the templates; a click on one shows its lines."""
    config = st.column_config
    picked = st.dataframe(
        view.table, hide_index=True, row_height=ROW_PIXELS, on_select="rerun", selection_mode="single-row",
        height=(min(ROWS_SEEN, len(view.rows)) + 1) * ROW_PIXELS + 4, key=f"patterns-table-{hash(chosen)}",
        column_config={
            "Change": config.TextColumn(width=92),
            "Level": config.TextColumn(width=70),
            "Template": config.TextColumn(width=640),
            "Lines": config.NumberColumn(width=76, format="localized"),
            "Before": config.NumberColumn(width=76, format="localized"),
            "Over time": config.BarChartColumn(width=150, y_min=0),
            "Last": config.TextColumn(width=96),
        },
    )  # fmt: skip
    for row in picked.selection.rows:
        if row < len(view.rows) and view.rows[row].template.id != chosen.template:
            keep(replace(chosen, template=view.rows[row].template.id))


def _draw_detail(context: Context, wanted: LogState, chosen: PatternState, detail: Detail) -> None:
    """Draw one template: what it says, its lines over time, and the lines."""
    with parts.card("pattern", "One template", None):
        st.code(detail.text, language=None, wrap_lines=True)
        st.text(detail.sentence)
        with st.container(horizontal=True, gap="small", key="patterns-ways"):
            if detail.pattern is not None and st.button("Search for its lines", icon=":material/search:"):
                parts.write(NAMES, {})
                log_parts.keep(replace(wanted, pattern=detail.pattern, mode=Mode.SEARCH, line=None))
            if st.button("Close", icon=":material/close:", key="patterns-close"):
                keep(replace(chosen, template=""))
        if detail.pattern is not None:
            st.code(detail.pattern, language=None, wrap_lines=True)
        draw_chart(detail.chart, key="pattern-lines", height=140)
        shown = LineList(
            f"template {chosen.template} {wanted.group}", "Lines of this template, newest first",
            logs.listed(detail.lines, wanted.pattern, bare=context.log_secrets), {},
            empty="None of its lines is in the later span.",
        )  # fmt: skip
        log_parts.draw_list(context, wanted, detail.lines, shown, key="pattern-list")
