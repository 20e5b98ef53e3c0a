"""Drawing of the explorer's controls: which statistic of which series, the period, and downloads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import streamlit as st

from core.reading import Reading, Scope, Verdict
from dashboard import desk, parts
from dashboard.cached import Context
from dashboard.state import MetricChoice
from dashboard.views import explorer, explorer_starts
from dashboard.views.explorer import ExplorerView, PeriodOption, PriceTag
from dashboard.views.panels import PanelLine
from dashboard.wording import md, money, plain

T = TypeVar("T")

DIRECTORY_SECONDS: Final = 60.0
"""How often the lists of metrics and resources are looked at anew while somebody chooses from them."""


def draw_choice(place: int, choice: MetricChoice) -> str | None:
    """Draw one chosen series and give the statistic that it now has; None when it was taken off the chart."""
    offered = explorer.offered(choice)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"choice-{place}"):
        st.text(plain(str(choice.metric)), width="stretch")
        statistic = st.selectbox(
            f"Statistic of series {place + 1}",
            offered,
            index=offered.index(choice.statistic),
            format_func=plain,
            accept_new_options=True,
            label_visibility="collapsed",
            width=130,
            key=f"explorer-statistic-{place}-{choice.text()}",
        )
        alarm_link("Alarm", choice)
        gone = st.button(
            "Remove", icon=":material/close:", type="tertiary", key=f"explorer-gone-{place}-{choice.text()}"
        )
    return None if gone else str(statistic or choice.statistic)


def draw_starts(context: Context, scope: Scope) -> tuple[MetricChoice, ...]:
    """Draw an empty chart's way on, the fleet's own charts among it; give the series of the one that was pressed."""
    parts.empty("No series yet", "Pick a metric from the list; the link then holds what is on the chart.")
    known = _read(context, "known", context.sources.known_metrics, scope)
    found = _read(context, "inventory", context.sources.inventory, scope)
    offered = () if known is None or found is None else explorer_starts.offered(found.value, known.value)
    if not offered:
        return ()
    st.caption("Or begin with one of these:")
    with st.container(horizontal=True, gap="xsmall", key="explorer-starts"):
        pressed = [
            start
            for place, start in enumerate(offered)
            if st.button(md(start.label), icon=":material/show_chart:", key=f"explorer-start-{place}")
        ]
    return pressed[0].choices if pressed else ()


def _read(context: Context, key: str, ask: Callable[..., Reading[T]], scope: Scope) -> Reading[T] | None:
    load = partial(parts.at_clock, context, ask, scope)
    return parts.looked(context, (key, scope), load, every=DIRECTORY_SECONDS, height=40)


def alarm_link(label: str, choice: MetricChoice, *, threshold: float | None = None) -> None:
    """Draw the link that begins an alarm on a metric; everybody may follow it, and try what it would have done."""
    limit = {} if threshold is None else {desk.THRESHOLD: f"{threshold:g}"}
    st.page_link(
        "app_pages/workbench.py",
        label=label,
        icon=":material/notification_add:",
        query_params={"metric": choice.text(), **limit},
        help="Make an alarm on this metric",
    )


def page_load_link() -> None:
    """Draw the way to what has no place of its own in the navigation."""
    st.page_link("app_pages/page_load.py", label="Page load and custom metrics", icon=":material/speed:")


def alarm_links(lines: Sequence[PanelLine]) -> None:
    """Draw a link to an alarm on each series of a resource's charts."""
    choices = dict.fromkeys(MetricChoice(line.metric, line.statistic) for line in lines)
    with st.popover("New alarm on …", icon=":material/notification_add:"):
        for choice in choices:
            alarm_link(md(f"{choice.metric.name} {choice.statistic}"), choice)


def draw_price(tag: PriceTag, verdict: Verdict, *, key: str) -> bool:
    """Draw what the next read costs, and say whether it may be made: a free one always, a paid one when agreed to."""
    st.caption(f":material/payments: Next read: {tag.text}")
    if tag.free:
        return True
    return st.button(
        f"Read for {money(tag.cost)}",
        icon=":material/payments:",
        disabled=not verdict.allowed,
        help=md(verdict.reason),
        key=key,
    )


def draw_period(options: Sequence[PeriodOption], wanted: int | None, *, key: str) -> int | None:
    """Draw the period control and give the period in seconds; None lets the span decide."""
    labels = {option.seconds: option.label for option in options}
    return st.selectbox(
        "Period",
        list(labels),
        index=list(labels).index(wanted) if wanted in labels else 0,
        format_func=lambda seconds: labels[seconds],
        width=160,
        key=key,
    )


def downloads(view: ExplorerView) -> None:
    """Offer the datapoints as CSV and Parquet; the file is made when it is asked for."""
    with st.container(horizontal=True, gap="xsmall", key="downloads"):
        for name, ending, kind, make in (
            ("CSV", "csv", "text/csv", explorer.csv),
            ("Parquet", "parquet", "application/vnd.apache.parquet", explorer.parquet),
        ):
            st.download_button(
                name,
                data=partial(make, view.data),
                file_name=f"{view.file_name}.{ending}",
                mime=kind,
                icon=":material/download:",
                on_click="ignore",
                key=f"download-{ending}",
            )
