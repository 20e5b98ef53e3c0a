"""The metric filter that a viewer works on: in the session while it is worked on, in the link for a reload."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import streamlit as st

from dashboard import parts
from dashboard.views.metric_filters import NAMES, FilterDraft, params, read_draft

_DRAFT: Final = "filter-draft"
_LINK: Final = "filter-link"


def opened() -> FilterDraft | None:
    """Give what the link asks for, or what was typed since; None where no form is open."""
    link = {name: tuple(parts.url().get(name, ())) for name in (*NAMES, "group", "pattern")}
    if st.session_state.get(_LINK) != link:
        st.session_state[_LINK], st.session_state[_DRAFT] = link, read_draft(parts.url())
    return draft()


def draft() -> FilterDraft | None:
    """Give what is worked on now."""
    found = st.session_state.get(_DRAFT)
    return found if isinstance(found, FilterDraft) else None


def lay(changed: FilterDraft) -> None:
    """Put a draft on the desk and into the link."""
    parts.write((*NAMES, "group", "pattern"), params(changed))
    st.session_state[_DRAFT] = changed
    st.session_state[_LINK] = {name: tuple(parts.url().get(name, ())) for name in (*NAMES, "group", "pattern")}


def change(**fields: Any) -> None:
    """Change some fields of the draft."""
    found = draft()
    if found is not None:
        lay(replace(found, **fields))


def leave() -> None:
    """Close the form, and take it out of the link; the group stays open."""
    st.session_state.pop(_DRAFT, None)
    parts.write((*NAMES, "pattern"), {})
    st.session_state[_LINK] = {name: tuple(parts.url().get(name, ())) for name in (*NAMES, "group", "pattern")}


def draw_way(group: str, pattern: str) -> None:
    """Draw the way from a search to a metric filter of its pattern; without a pattern there is none."""
    if group and pattern:
        st.page_link(
            "app_pages/log_groups.py", label="Metric filter", icon=":material/add_chart:",
            query_params={"group": group, "pattern": pattern}, help="Make a metric of the lines that it finds",
        )  # fmt: skip
