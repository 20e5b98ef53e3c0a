"""The strip of tabs that the pages about logs share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard import parts
from dashboard.log_state import SHARED


@dataclass(frozen=True, slots=True)
class Tab:
    """One page about logs."""

    page: str
    """File name in `app_pages`, without its ending."""
    label: str
    icon: str


TABS: Final = (
    Tab("logs", "Lines", ":material/article:"),
    Tab("insights", "Insights", ":material/query_stats:"),
    Tab("access_logs", "Access logs", ":material/swap_vert:"),
    Tab("log_groups", "Groups and metric filters", ":material/folder_copy:"),
)
"""In the order they stand. A page is added here and in `dashboard/main.py`."""


def draw() -> None:
    """Draw the strip; group and pattern go along, so that each page shows the same thing in its own way."""
    if parts.first("kiosk") == "1":
        return
    along = {name: parts.first(name) for name in SHARED if parts.first(name)}
    with st.container(horizontal=True, gap="xsmall", key="log-tabs"):
        for tab in TABS:
            st.page_link(f"app_pages/{tab.page}.py", label=tab.label, icon=tab.icon, query_params=along)
