"""The script that Streamlit runs for every viewer: styles, navigation, and the page inside the boundary."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import cached, parts

ROOT = Path(__file__).parents[1]


def pages(context: cached.Context) -> list[st.Page]:
    """Give the pages that this cloud has; stories can only be told in the demo cloud."""
    shown = [
        st.Page("app_pages/wall.py", title="Live wall", icon=":material/monitoring:", default=True),
        st.Page("app_pages/explorer.py", title="Explorer", icon=":material/query_stats:", url_path="explorer"),
        st.Page("app_pages/resources.py", title="Resources", icon=":material/dns:", url_path="resources"),
        st.Page("app_pages/logs.py", title="Logs", icon=":material/article:", url_path="logs"),
        st.Page("app_pages/insights.py", title="Logs Insights", url_path="insights", visibility="hidden"),
        st.Page("app_pages/log_groups.py", title="Log groups", url_path="log-groups", visibility="hidden"),
        st.Page("app_pages/access_logs.py", title="Access logs", url_path="access-logs", visibility="hidden"),
        st.Page("app_pages/page_load.py", title="Page load", url_path="page-load", visibility="hidden"),
        st.Page("app_pages/alarms.py", title="Alarms", icon=":material/notifications:", url_path="alarms"),
        st.Page("app_pages/alarm.py", title="Alarm", url_path="alarm", visibility="hidden"),
        st.Page("app_pages/workbench.py", title="Alarm workbench", url_path="workbench", visibility="hidden"),
        st.Page("app_pages/guard.py", title="Estimate and guard", url_path="guard", visibility="hidden"),
        st.Page("app_pages/cost_explorer.py", title="Costs", url_path="costs", visibility="hidden"),
        st.Page(
            "app_pages/alarm_health.py", title="Alarm health", icon=":material/stethoscope:", url_path="alarm-health"
        ),
    ]
    shown.append(st.Page("app_pages/spend.py", title="Spend", icon=":material/savings:", url_path="spend"))
    shown.append(st.Page("app_pages/budgets.py", title="Budgets", url_path="budgets", visibility="hidden"))
    if context.books is not None:
        bill = st.Page("app_pages/own_bill.py", title="Own bill", icon=":material/receipt_long:", url_path="own-bill")
        shown.append(bill)
    if context.stories is not None:
        shown.append(
            st.Page("app_pages/stories.py", title="Stories", icon=":material/theater_comedy:", url_path="stories")
        )
    return shown


def run() -> None:
    """Draw the page that the viewer asked for."""
    st.set_page_config(
        page_title="Watchkeeper",
        page_icon=str(ROOT / "static" / "favicon.png"),
        layout="wide",
        menu_items={"About": "Watchkeeper watches an AWS account and its bill, and never runs up a bill itself."},
    )
    try:
        context = cached.context()
    except cached.NotReady as why:
        parts.styles(kiosk=False)
        parts.not_ready(str(why))
        return
    hidden = parts.first("kiosk") == "1"
    page = st.navigation(pages(context), position="hidden" if hidden else "top")
    parts.carry(page.url_path)
    state = parts.page_state(context)
    if state.kiosk != hidden:
        # The mode came along from another page; the navigation is drawn once a run.
        parts.show(state, context)
        st.rerun()
    parts.styles(kiosk=state.kiosk)
    st.logo(str(ROOT / "static" / "logo.svg"), size="medium")
    with parts.boundary():
        page.run()


run()
