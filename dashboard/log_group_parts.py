"""Drawing of the log groups page: the list, what can be chosen for several groups, and one group."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import streamlit as st

from access.changes import ChangePlan
from access.policy import Action, decide
from collectors.logs import publishing
from collectors.logs.groups import LogGroup
from core.reading import Scope
from dashboard import filter_desk, parts, plan_dialog
from dashboard.cached import Context
from dashboard.views import filter_trials, log_groups, metric_filters
from dashboard.views.log_groups import GroupList, GroupReadings, GroupRow, Only, Wanted
from dashboard.wording import count, md, plain

ROW_PIXELS: Final = 34
MOST_ROWS: Final = 12
"""Rows that are seen at once; the rest is scrolled to."""
GROUP: Final = "group"
"""Name in the link: the group that is open."""
_OPENED: Final = "log-group-opened"
_DAYS: Final = "log-group-days"
USUAL: Final = 30
"""Days that the choice begins with."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One run of the page."""

    context: Context
    scope: Scope
    """Where the groups are."""
    found: GroupReadings
    """As read."""

    def row(self, name: str) -> GroupRow | None:
        """Give one group; None where there is none of that name."""
        view = log_groups.build(self.found, Wanted())
        return next((row for row in view.rows if row.group.name == name), None)


def looked(context: Context, scope: Scope, *, every: float | None) -> Desk | None:
    """Look at the groups; None while the first look is on its way."""
    load = partial(_read, context, scope)
    found = parts.looked(context, ("log-groups", scope), load, every=every, height=480)
    return None if found is None else Desk(context, scope, found)


def _read(context: Context, scope: Scope) -> GroupReadings:
    return log_groups.read(context.sources, scope, now=context.now())


def filters() -> Wanted:
    """Draw the filters and give what they say; the link holds them."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="log-group-filters"):
        words = st.text_input(
            "Search log groups", key="find", live=True, icon=":material/search:", bind="query-params",
            placeholder="name or tag", max_chars=255, width=300,
        )  # fmt: skip
        only = st.pills("Only", list(Only), key="only", selection_mode="multi", bind="query-params")
    return Wanted(words or "", tuple(only or ()))


def draw_list(desk: Desk) -> None:
    """Draw every group, and what can be done to those that are chosen."""
    whole = log_groups.build(desk.found, Wanted())
    st.header(md(whole.headline), anchor=False)
    st.caption(f":material/payments: {md(whole.bill)}")
    if not whole.rows:
        return
    view = log_groups.build(desk.found, filters())
    if not view.rows:
        parts.empty("No log group is like that", "Take off a filter to see more.")
        return
    chosen = _table(view)
    _draw_retention(desk, chosen)
    st.caption(md(view.note))


def _table(view: GroupList) -> tuple[GroupRow, ...]:
    """Draw the table and give the chosen groups; a click on a name opens its group."""
    names = [row.group.name for row in view.rows]
    key = f"log-groups-{hashlib.sha256(repr(names).encode()).hexdigest()[:12]}"
    event = st.dataframe(
        view.table, hide_index=True, height=(min(MOST_ROWS, len(names)) + 1) * ROW_PIXELS + 4,
        row_height=ROW_PIXELS, on_select="rerun", selection_mode="multi-row", key=key, column_config=_columns(),
        alt="Log groups. Choose rows, then how long their lines are kept.",
    )  # fmt: skip
    opened = st.session_state.get(_OPENED)
    if opened is not None and opened["row"] < len(names):
        open_group(names[opened["row"]])
    return tuple(view.rows[row] for row in event.selection.rows if row < len(names))


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "Log group": config.ButtonColumn(type="tertiary", alignment="left", width=260, key=_OPENED),
        "Kept": config.TextColumn(width=95, help="How long lines are kept."),
        "Stored": config.TextColumn(width=80, alignment="right"),
        "Comes in a day": config.TextColumn(width=110, alignment="right"),
        "Last 14 days": config.BarChartColumn(width=120, help="Bytes that came in, each day.", y_min=0),
        "Week on week": config.TextColumn(
            width=100, alignment="right", help="The last seven days against those before."
        ),
        "Ingestion a month": config.TextColumn(width=125, alignment="right"),
        "Storage a month": config.TextColumn(width=120, alignment="right", help="At most; AWS packs what it stores."),
        "Storage in a year": config.TextColumn(
            width=125, alignment="right", help="A month's price, if nothing changes."
        ),
        "Filters": config.TextColumn(width=65, alignment="right", help="Metric filters."),
        "Class": config.TextColumn(width=120),
    }


def open_group(name: str) -> None:
    """Open a group below the list."""
    filter_desk.leave()
    parts.write((GROUP,), {GROUP: name})
    st.rerun(scope="app")


def _draw_retention(desk: Desk, chosen: Sequence[GroupRow]) -> None:
    """Draw the choice of days for the chosen groups, what it saves, and the way to its plan."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="log-group-deeds"):
        st.markdown(f"**{count(len(chosen), 'group')} chosen**" if chosen else "**None chosen**", width="content")
        days = _days("retention")
        offer = log_groups.offer(chosen, days)
        _retention_button(desk, offer, days, key="log-retention")
        if offer.sentence:
            st.caption(f":material/savings: {md(offer.sentence)}", width="content")
    _draw_lock(desk.context)


def _days(key: str, start: int | None = USUAL) -> int | None:
    options = log_groups.retention_options()
    found: int | None = st.selectbox(
        "Keep for", list(options), index=list(options).index(start), format_func=lambda days: options[days],
        key=f"{_DAYS}-{key}", label_visibility="collapsed", width=190,
    )  # fmt: skip
    return found


def _retention_button(desk: Desk, offer: log_groups.RetentionOffer, days: int | None, *, key: str) -> None:
    if st.button(
        "Review retention", icon=":material/auto_delete:", key=key, disabled=bool(offer.problem),
        help=offer.problem or None,
    ):  # fmt: skip
        groups, daily = offer.changed, desk.found.daily()
        plan_dialog.ask(partial(_retention_plan, groups, days, daily))


def _retention_plan(groups: Sequence[LogGroup], days: int | None, daily: Mapping[str, int]) -> ChangePlan:
    return publishing.set_retention(groups, days, daily=daily)


def _draw_lock(context: Context) -> None:
    """Say why this viewer may only look."""
    may = decide(context.actor, Action.EDIT_LOGS)
    if not may.allowed:
        st.caption(f":material/lock: {md(may.reason)}")


# -- one group --------------------------------------------------------------------------------------------------------


def draw_group(desk: Desk, name: str) -> None:
    """Draw one group: its facts, its metric filters, and the ways on."""
    row = desk.row(name)
    with parts.card("log-group", name, None):
        if row is None:
            st.text("There is no log group of this name here.")
        else:
            parts.facts(_facts(row))
            _draw_ways(desk, row)
            _draw_filters(desk, row)


def _facts(row: GroupRow) -> tuple[tuple[str, str], ...]:
    group, costs = row.group, row.costs
    later = "not known" if costs.stored_in_a_year is None else str(costs.stored_in_a_year)
    tags = ", ".join(f"{key}={value}" for key, value in (group.tags or {}).items())
    return (
        ("Kept", log_groups.kept(group.retention_days)),
        ("Storage a month now", str(costs.stored)),
        ("Storage a month in a year", later),
        ("Ingestion a month", "not known" if costs.ingested is None else str(costs.ingested)),
        ("Made", f"{group.created:%Y-%m-%d}"),
        ("Tags", plain(tags) or "none" if group.tags is not None else "not read"),
    )


def _draw_ways(desk: Desk, row: GroupRow) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="log-group-ways"):
        st.page_link(
            "app_pages/logs.py", label="Its lines", icon=":material/article:", query_params={GROUP: row.group.name}
        )
        days = _days("one", row.group.retention_days)
        _retention_button(desk, log_groups.offer([row], days), days, key="log-retention-one")
        refused = metric_filters.refusal(row.group)
        if st.button(
            "New metric filter", icon=":material/add_chart:", key="new-filter", disabled=bool(refused),
            help=refused or None,
        ):  # fmt: skip
            filter_desk.lay(metric_filters.suggested(row.group.name, parts.first("pattern")))
            st.rerun(scope="app")
        if st.button("Close", key="log-group-close", type="tertiary"):
            filter_desk.leave()
            parts.write((GROUP,), {})
            st.rerun(scope="app")


def _draw_filters(desk: Desk, row: GroupRow) -> None:
    """Draw the group's metric filters; a click chooses one."""
    if not row.filters:
        st.caption("No metric filter: none of its lines becomes a metric.")
        return
    shown = metric_filters.table(row.filters)
    event = st.dataframe(
        shown.table, hide_index=True, height="content", row_height=ROW_PIXELS, on_select="rerun",
        selection_mode="single-row", key="metric-filters", alt="Metric filters. Choose one to change it.",
    )  # fmt: skip
    picked = [shown.filters[place] for place in event.selection.rows if place < len(shown.filters)]
    if not picked:
        st.caption("Choose a filter to change or delete it, or to make an alarm on its metric.")
        return
    (live,) = picked
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filter-ways"):
        st.page_link(
            "app_pages/workbench.py", label="Alarm on its metric", icon=":material/notification_add:",
            query_params={"metric": filter_trials.alarm_choice(live).text()},
        )  # fmt: skip
        if st.button("Change", icon=":material/edit:", key="filter-change"):
            filter_desk.lay(metric_filters.draft_of(live))
            st.rerun(scope="app")
        if st.button("Delete", icon=":material/delete:", key="filter-delete"):
            plan_dialog.ask(partial(publishing.delete_filter, live, scope=desk.scope))
