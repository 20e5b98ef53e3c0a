"""Drawing of the Logs page: group, streams, pattern, the list with its chart, one line with its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Literal

import streamlit as st

from collectors.logs.groups import LogGroup, LogStream
from core.log_lines import LogLine
from core.reading import Reading, Scope
from dashboard import filter_desk, parts
from dashboard.cached import Context
from dashboard.charts.components import draw_log_lines, draw_pattern_box, picked_line, picked_pattern
from dashboard.charts.log_lines import Act, LineEvent, LineList
from dashboard.log_state import LONGEST_PATTERN, MOST_STREAMS, NAMES, LogState, Mode
from dashboard.state import PageState
from dashboard.views import log_conditions, log_files, log_rows, logs
from dashboard.wording import md, plain

GROUPS_KEY: Final = "log groups"
"""What their reading is kept under, and their calls are booked to."""
GROUPS_SECONDS: Final = 60.0
LIST_PIXELS: Final = 560
MOST_OPEN: Final = 12
"""Lines whose fields are sent; the ones that were opened last."""
_OPEN: Final = "logs-open"
_NEIGHBOURS: Final = "logs-neighbours"
_BOX: Final = "logs-pattern"
MODES: Final = {Mode.SEARCH: "Lines", Mode.TAIL: "Live tail", Mode.PATTERNS: "Patterns"}


def keep(changed: LogState) -> None:
    """Write what the page shows into the URL, and draw it from there."""
    parts.write(NAMES, changed.params())
    st.rerun()


def groups(context: Context, scope: Scope, *, height: int = 70) -> Reading[tuple[LogGroup, ...]] | None:
    """Give the log groups; None: still loading."""
    load = partial(parts.at_clock, context, context.sources.log_groups, scope)
    return parts.looked(context, (GROUPS_KEY, scope), load, every=GROUPS_SECONDS, height=height)


def draw_group(found: Sequence[LogGroup], wanted: LogState) -> LogGroup | None:
    """Let a person choose a group by its name or its tags; give the one that is chosen and known."""
    known = {group.name: group for group in found}
    options = [*known, *([wanted.group] if wanted.group and wanted.group not in known else [])]
    chosen = st.selectbox(
        "Log group",
        options,
        index=options.index(wanted.group) if wanted.group in options else None,
        format_func=lambda name: logs.group_label(known[name]) if name in known else plain(name),
        placeholder="Type a part of a name or a tag",
        key=f"logs-group-{wanted.group}",
    )
    if chosen and chosen != wanted.group:
        keep(LogState(chosen, mode=wanted.mode, pattern=wanted.pattern))
    return known.get(wanted.group)


def draw_streams(context: Context, scope: Scope, wanted: LogState) -> None:
    """Let a person narrow the search to streams; one that is not listed can be typed."""
    load = partial(_streams, context, scope, wanted.group)
    found = parts.looked(context, ("logs", "streams", scope, wanted.group), load, every=GROUPS_SECONDS, height=70)
    if found is None:
        return
    known = {stream.name: stream for stream in found.value}
    options = list(dict.fromkeys((*wanted.streams, *known)))
    chosen = st.multiselect(
        "Streams",
        options,
        default=list(wanted.streams),
        format_func=lambda name: logs.stream_label(known[name], now=context.now()) if name in known else plain(name),
        placeholder="All streams",
        accept_new_options=True,
        max_selections=MOST_STREAMS,
        key=f"logs-streams-{wanted.group}-{'~'.join(wanted.streams)}",
    )
    if tuple(chosen) != wanted.streams:
        keep(replace(wanted, streams=tuple(chosen), line=None))
    parts.faults(found.faults)


def _streams(context: Context, scope: Scope, group: str) -> Reading[tuple[LogStream, ...]]:
    return context.sources.log_streams(scope, group, now=context.now())


@st.fragment
def draw_pattern(wanted: LogState) -> None:
    """Draw the pattern box: each key is explained by a run of this alone; Enter searches."""
    event = picked_pattern(_BOX, longest=LONGEST_PATTERN)
    if event is not None and event.entered and event.text != wanted.pattern:
        keep(replace(wanted, pattern=event.text, line=None))
    typed = wanted.pattern if event is None else event.text
    draw_pattern_box(logs.explained(typed), current=wanted.pattern, key=_BOX)


def draw_ways(wanted: LogState) -> None:
    """Let a person choose what is done with the lines, and offer patterns to begin with."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="logs-ways"):
        chosen = st.segmented_control(
            "What to show", list(MODES), default=wanted.mode, format_func=lambda mode: MODES[mode], required=True,
            label_visibility="collapsed", key=f"logs-mode-{wanted.mode}",
        )  # fmt: skip
        if chosen != wanted.mode:
            keep(replace(wanted, mode=chosen, line=None))
        for label, pattern in log_conditions.STARTS:
            on = wanted.pattern == pattern
            kind: Literal["primary", "secondary"] = "primary" if on else "secondary"
            if st.button(label, key=f"logs-start-{label}", type=kind):
                keep(replace(wanted, pattern="" if on else pattern, line=None))
        filter_desk.draw_way(wanted.group, wanted.pattern)


def _held(key: str, lines: Sequence[LogLine]) -> dict[str, LogLine]:
    """Give the lines that are open, the one that was just opened among them; a tail may have let go of some since."""
    held: dict[str, LogLine] = st.session_state.setdefault(_OPEN, {})
    event = picked_line(key)
    line = log_rows.find(lines, event.key) if event is not None and event.act is Act.OPEN else None
    if event is not None and line is not None:
        held.pop(event.key, None)
        held[event.key] = line
        for old in list(held)[:-MOST_OPEN]:
            del held[old]
    return held


def draw_list(context: Context, wanted: LogState, lines: Sequence[LogLine], shown: LineList, *, key: str) -> None:
    """Draw the list and do what was asked of a line."""
    held = _held(key, lines)
    opened = {
        each: logs.opened(line, wanted.pattern, bare=context.log_secrets)
        for each, line in held.items()
        if line.group == wanted.group
    }
    event = draw_log_lines(replace(shown, opened=opened), key=key, height=LIST_PIXELS)
    line = None if event is None else held.get(event.key) or log_rows.find(lines, event.key)
    if event is not None and line is not None and line.group == wanted.group:
        _act(wanted, line, event, bare=context.log_secrets)


def _act(wanted: LogState, line: LogLine, event: LineEvent, *, bare: bool) -> None:
    """Do what a viewer asked of one line."""
    if event.act is Act.AROUND:
        keep(replace(wanted, line=log_rows.key_of(line), mode=Mode.SEARCH))
    pattern = _pattern_of(wanted, line, event, bare=bare)
    if pattern is not None and pattern != wanted.pattern:
        keep(replace(wanted, pattern=pattern, line=None))


def _pattern_of(wanted: LogState, line: LogLine, event: LineEvent, *, bare: bool) -> str | None:
    if event.act is Act.REQUEST:
        request = log_rows.request_of(line, bare=bare)
        return log_conditions.with_text("", request) if request else None
    if event.act in {Act.ONLY, Act.WITHOUT}:
        return logs.narrowed(line, wanted.pattern, event.field, keep=event.act is Act.ONLY, bare=bare)
    return None


def draw_downloads(context: Context, lines: Sequence[LogLine], wanted: LogState) -> None:
    """Offer the lines as files, made when they are asked for; secrets are hidden as on screen."""
    with st.popover("Download", icon=":material/download:", disabled=not lines):
        for label, ending, kind, write in log_files.KINDS:
            st.download_button(
                label,
                data=partial(write, tuple(lines), bare=context.log_secrets),
                file_name=f"{log_files.file_name(wanted.group)}.{ending}",
                mime=kind,
                on_click="ignore",
                key=f"logs-download-{ending}",
            )
        if not context.log_secrets:
            st.caption("Secrets are hidden, as on screen.")


def draw_around(context: Context, state: PageState, wanted: LogState) -> None:
    """Draw one line with its neighbours in its stream, oldest first."""
    held = st.session_state.get(_NEIGHBOURS)
    most = held[1] if held and held[0] == wanted.line else logs.NEIGHBOURS[0]
    load = partial(logs.read_around, context.sources, wanted, state.scope, most=most, clock=context.now)
    key = ("logs", "around", state.scope, wanted.group, wanted.line, most)
    found = parts.looked(context, key, load, every=None, height=LIST_PIXELS)
    if found is None:
        return
    parts.faults(found.faults)
    if found.anchor is None:
        parts.empty("This line is not there", "Its group may keep lines for a shorter time, or it was deleted.")
        return
    st.caption(
        md(f"{len(found.lines):,} lines of the stream {found.anchor.stream}, oldest first; all, without pattern.")
    )
    listed = logs.listed(found.lines, wanted.pattern, bare=context.log_secrets)
    anchor = log_rows.key_of(found.anchor).text()
    shown = LineList(f"{wanted.line} {most}", "A line with its neighbours", listed, {}, anchor=anchor, around=False)
    draw_list(context, wanted, found.lines, shown, key="logs-around")
    further = next((each for each in logs.NEIGHBOURS if each > most), None)
    if further:
        st.button(
            f"{further} lines before and after",
            key="logs-further",
            on_click=lambda: st.session_state.update({_NEIGHBOURS: (wanted.line, further)}),
        )
