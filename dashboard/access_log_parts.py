"""Drawing of the Access logs page: what S3 costs, the whole, the tables, one request with its application lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from io import BufferedReader, BytesIO
from typing import Any, Final, cast

import pandas as pd
import streamlit as st

from access.policy import Action, decide
from cloud.metering import feature
from collectors.access_logs.book import Contents, Only
from collectors.access_logs.entries import Entry
from collectors.log_files import rows
from core.timespan import Timespan
from dashboard import log_parts, parts
from dashboard.access_state import LISTS, NAMES, AccessState
from dashboard.cached import Context
from dashboard.charts.components import ChartEvent, draw_chart
from dashboard.charts.log_lines import LineList
from dashboard.log_state import LogState
from dashboard.state import PageState, pinned
from dashboard.views import access_logs, logs
from dashboard.views.access_logs import AccessView
from dashboard.wording import md, money, plain

ROW_PIXELS: Final = 30
ROWS_SEEN: Final = 12
LIST_PIXELS: Final = 360
MOST_UPLOADED: Final = 20
"""Megabytes of an uploaded file."""
MOST_UNPACKED: Final = 400_000_000
_FETCHED: Final = "access-fetched"


def keep(changed: AccessState) -> None:
    """Write what the page shows into the URL, and draw it from there."""
    parts.write(NAMES, changed.params())
    st.rerun()


def draw_offer(context: Context, state: PageState) -> None:
    """Say what the files of the span cost to fetch, and fetch them when a person asks."""
    book, span = context.access_logs, state.span(now=context.now())
    offer = book.offer(state.scope, span) if book is not None else None
    if book is None or offer is None:
        return
    verdict = access_logs.may_fetch(offer, decide(context.actor, Action.SPEND))
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="access-offer"):
        pressed = st.button(
            f"Fetch this span from S3, {money(offer.most)} at most", icon=":material/payments:",
            disabled=not verdict.allowed, help=md(verdict.reason), key="access-fetch",
        )  # fmt: skip
        if not verdict.allowed:
            st.caption(md(verdict.reason))
        elif told := st.session_state.get(_FETCHED):
            st.caption(md(told))
    if pressed:
        with feature("access logs"), st.spinner("Fetching"):
            fetched = book.fetch(state.scope, span)
        st.session_state[_FETCHED] = access_logs.brought(fetched)
        st.rerun()


def draw_upload(wanted: AccessState) -> tuple[Timespan, Contents] | None:
    """Let a person look at a file of their own; it stays in this session."""
    with st.expander("A file of your own"):
        given = st.file_uploader(
            "Access log, .log or .log.gz", type=["log", "gz", "txt"], max_upload_size=MOST_UPLOADED, key="access-file"
        )
        st.caption("It is drawn here and kept nowhere. `python -m collectors access-log FILE` reads larger ones.")
        return None if given is None else _uploaded(given.getvalue(), wanted)


@st.cache_data(show_spinner=False, max_entries=4, scope="session")
def _uploaded(content: bytes, wanted: AccessState) -> tuple[Timespan, Contents]:
    return access_logs.of_rows(
        rows(BufferedReader(cast("Any", BytesIO(content))), "the file", most=MOST_UNPACKED), wanted
    )


def draw_view(context: Context, state: PageState, wanted: AccessState, view: AccessView) -> None:
    """Draw everything; the same elements in the same order each time."""
    st.text(view.sentence)
    if view.notes:
        with st.expander("What is not counted"):
            st.text("\n".join(view.notes))
    _draw_only(wanted)
    if view.nothing:
        parts.empty("No requests here", view.nothing)
        return
    parts.tiles(view.tiles, key="access-kpi")
    left, right = st.columns(2, gap="xsmall")
    with left:
        picked = draw_chart(view.statuses, key="access-statuses", height=190)
    with right:
        picked = draw_chart(view.times, key="access-times", height=190) or picked
    with parts.card("access-paths", "By path", None):
        _draw_rows(view.paths, view.path_keys, wanted, "path")
    with parts.card("access-targets", "By target", None):
        _draw_rows(view.targets, view.target_keys, wanted, "target")
    _draw_requests(wanted, view)
    if view.missing:
        st.caption("The request of the link is not among the slowest and the failing of this span.")
    if view.request is not None:
        _draw_request(context, state, wanted, view.request)
    _pin(context, state, picked)


def _pin(context: Context, state: PageState, picked: ChartEvent | None) -> None:
    if picked is not None and (picked.range or picked.reset):
        parts.show(pinned(state, picked.range, now=context.now()), context)
        st.rerun()


def _draw_only(wanted: AccessState) -> None:
    """Draw what the page is narrowed to; a press widens it."""
    only = wanted.only
    with st.container(horizontal=True, gap="xsmall", key="access-only"):
        status = st.segmented_control(
            "Status", ["2xx", "3xx", "4xx", "5xx"], default=only.status or None, label_visibility="collapsed",
            key=f"access-status-{only.status}",
        )  # fmt: skip
        for name, value in (("path", only.path), ("target", only.target)):
            if value and st.button(md(plain(value)), icon=":material/close:", key=f"access-{name}", help="Take away"):
                keep(replace(wanted, only=_narrowed(only, name, ""), request=""))
    if (status or "") != only.status:
        keep(replace(wanted, only=replace(only, status=status or ""), request=""))


def _narrowed(only: Only, name: str, value: str) -> Only:
    return replace(only, path=value) if name == "path" else replace(only, target=value)


def _draw_rows(table: pd.DataFrame, keys: Sequence[str], wanted: AccessState, name: str) -> None:
    """Draw a table; a click on a row narrows the page to it."""
    for row in _table(table, key=f"access-{name}s-{hash(wanted.only)}"):
        value = keys[row] if row < len(keys) else ""
        if value and value not in {wanted.only.path, wanted.only.target}:
            keep(replace(wanted, only=_narrowed(wanted.only, name, value), request=""))


def _table(table: pd.DataFrame, *, key: str) -> Sequence[int]:
    """Draw a table and give the rows that were picked."""
    config = st.column_config
    picked = st.dataframe(
        table, hide_index=True, row_height=ROW_PIXELS, on_select="rerun", selection_mode="single-row",
        height=(min(ROWS_SEEN, len(table)) + 1) * ROW_PIXELS + 4, key=key,
        column_config={
            "Path": config.TextColumn(width="large"),
            "Request": config.TextColumn(width="large"),
            "Requests": config.NumberColumn(format="localized"),
            "4xx": config.NumberColumn(format="localized"),
            "5xx": config.NumberColumn(format="localized"),
        },
    )  # fmt: skip
    return list(picked.selection.rows)


def _draw_requests(wanted: AccessState, view: AccessView) -> None:
    """Draw single requests; a click on one shows all of it."""
    with parts.card("access-requests", "Single requests", None):
        chosen = st.segmented_control(
            "Which", LISTS, default=wanted.requests, required=True, label_visibility="collapsed",
            format_func={"slowest": "The slowest", "failing": "Failing, the newest first"}.__getitem__,
            key=f"access-which-{wanted.requests}",
        )  # fmt: skip
        if chosen != wanted.requests:
            keep(replace(wanted, requests=chosen, request=""))
        if not len(view.requests):
            st.caption("No request failed here." if wanted.requests == "failing" else "No time was measured here.")
            return
        for row in _table(view.requests, key=f"access-requests-{hash(wanted)}"):
            trace = view.request_keys[row] if row < len(view.request_keys) else ""
            if trace and trace != wanted.request:
                keep(replace(wanted, request=trace))
        if wanted.requests == "failing":
            st.dataframe(view.reasons, hide_index=True, row_height=ROW_PIXELS, key="access-reasons")


def _draw_request(context: Context, state: PageState, wanted: AccessState, entry: Entry) -> None:
    """Draw one request: its fields, and the application's lines of the same trace."""
    with parts.card("access-request", "One request", None):
        parts.facts(access_logs.facts(entry))
        found = log_parts.groups(context, state.scope)
        names = [group.name for group in found.value if group.can_be_searched] if found is not None else []
        options = [*names, *([wanted.group] if wanted.group and wanted.group not in names else [])]
        group = st.selectbox(
            "Application's log group", options, index=options.index(wanted.group) if wanted.group else None,
            format_func=plain, placeholder="Choose where its lines are looked for", key=f"access-group-{wanted.group}",
        )  # fmt: skip
        if (group or "") != wanted.group:
            keep(replace(wanted, group=group or ""))
        if wanted.group:
            _draw_lines(context, state, wanted, entry)
        if st.button("Close", icon=":material/close:", key="access-close"):
            keep(replace(wanted, request=""))


def _draw_lines(context: Context, state: PageState, wanted: AccessState, entry: Entry) -> None:
    load = partial(access_logs.read_lines, context.sources, entry, state.scope, wanted.group, clock=context.now)
    key = ("access logs", "lines", state.scope, wanted.group, wanted.request)
    answer = parts.looked(context, key, load, every=None, height=120)
    if answer is None:
        return
    parts.faults(answer.faults)
    pattern = access_logs.lines_question(entry, state.scope, wanted.group).pattern
    shown = LineList(
        f"{wanted.request} {wanted.group}", "Application lines of this request, newest first",
        logs.listed(answer.value.lines, pattern, bare=context.log_secrets), {},
        empty="No line of this group names the request's trace id. Does the application log it?", around=False,
    )  # fmt: skip
    log_parts.draw_list(context, LogState(wanted.group, pattern=pattern), answer.value.lines, shown, key="access-lines")
