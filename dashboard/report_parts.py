"""Drawing of the monthly report's downloads; a file is made when it is asked for."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.reading import Scope
from dashboard.cached import Context
from dashboard.report.making import gather, offered


def _made(context: Context, scope: Scope, month: str, kind: str) -> bytes:
    # Fonts and templates are loaded by who asks for a report.
    from dashboard.report.html import html
    from dashboard.report.pdf import pdf

    now = context.now()
    name = context.names.get(scope.account, scope.account)
    report = gather(context.sources, scope, month, export=context.export, name=name, now=now)
    return pdf(report, now=now) if kind == "pdf" else html(report)


def draw(context: Context, scope: Scope) -> None:
    """Offer a month as HTML and as PDF."""
    months = offered(context.export, now=context.now())
    with st.popover("Monthly report", icon=":material/summarize:"):
        st.caption("Spend by service, what changed, budgets and allowances, to be forwarded.")
        month = st.selectbox("Month", months, key="report-month")
        for kind, mime in (("pdf", "application/pdf"), ("html", "text/html")):
            st.download_button(
                kind.upper(),
                data=partial(_made, context, scope, str(month), kind),
                file_name=f"costs-{month}.{kind}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                disabled=month is None,
                key=f"report-{kind}",
            )
