"""Drawing of the page load page's lower half: a recording, custom metrics with their price, values by hand."""

from __future__ import annotations

from functools import partial

import streamlit as st

from access.policy import Action, decide
from cloud.metering import feature
from core.series import MetricId
from dashboard import parts
from dashboard.cached import Context
from dashboard.charts.components import draw_bars
from dashboard.state import PageState
from dashboard.views import custom_metrics, recordings
from dashboard.views.custom_metrics import PushDesk, PushForm, PushView
from dashboard.views.recordings import Recorded
from dashboard.wording import count, md, plain

ROW_PIXELS = 34
LIST_SECONDS = 300.0
UNITS = ("Seconds", "Milliseconds", "Count", "Percent", "Bytes", "None")
_CHECKED = "push-checked"


def known(context: Context, state: PageState) -> tuple[MetricId, ...] | None:
    """Give the metrics that reported lately, and those that were pushed from here: AWS lists new ones after a while."""
    load = partial(parts.at_clock, context, context.sources.known_metrics, state.scope)
    found = parts.looked(context, ("known", state.scope), load, every=60.0, height=120)
    if found is None:
        return None
    parts.faults(found.faults)
    here = context.pushing.known() if context.pushing is not None and state.scope == context.scopes[0] else ()
    return tuple(sorted({*found.value, *here}))


def draw_recording() -> None:
    """Let a person look at a recording; it stays in this session and costs nothing."""
    with parts.card("recording", "A recording of your own", None):
        given = st.file_uploader("HAR file, as a browser's network panel saves it", type=["har", "json"], key="har")
        if given is None:
            st.caption("It is drawn here and kept nowhere. `python -m collectors har FILE` reads larger ones.")
            return
        found = _recorded(given.getvalue())
        if found.problem:
            st.error(md(found.problem), title="This is no recording", icon=":material/error:")
        if not found.pages:
            return
        place = 0
        if len(found.pages) > 1:
            place = st.selectbox(
                "Page", range(len(found.pages)), format_func=lambda at: found.pages[at], key="har-page"
            )
        st.text(found.notes[place])
        draw_bars(found.bars[place], key=f"har-bars-{place}")


@st.cache_data(show_spinner=False, max_entries=4, scope="session")
def _recorded(content: bytes) -> Recorded:
    return recordings.recorded(content)


def draw_beacons(context: Context) -> None:
    """Say what visitors' browsers sent to this process."""
    beacons = context.beacons
    if beacons is None or not beacons.origins:
        st.caption(
            "Real users: nothing is taken from visitors' browsers yet. Name your site in "
            "WATCHKEEPER\\_BEACON\\_ORIGINS and put beacon.js into its pages."
        )
        return
    counts = dict(beacons.counts)
    kept = counts.pop("kept", 0)
    dropped = ", ".join(f"{number:,} {why}" for why, number in sorted(counts.items())) or "none"
    st.caption(md(f"Real users: {count(kept, 'page load')} taken since this process began; dropped: {dropped}."))


def draw_custom(context: Context, state: PageState) -> None:
    """Draw every custom metric with its price, and the form that pushes values by hand."""
    load = partial(parts.at_clock, context, partial(custom_metrics.read, context.sources), state.scope)
    listing = parts.looked(context, ("custom", state.scope), load, every=LIST_SECONDS, height=200)
    if listing is None:
        return
    desk = context.pushing
    with parts.card("custom", f"Custom metrics · {len(listing.metrics)}", None):
        parts.faults(listing.counted.faults)
        known, paused = (desk.known(), desk.paused()) if desk is not None else ((), ())
        view = custom_metrics.build(listing, known, paused, now=context.now())
        if len(view.table):
            st.dataframe(view.table, hide_index=True, height=260, row_height=ROW_PIXELS, key="custom-table")
        st.text(view.price)
        with st.expander("Stop paying for one", icon=":material/money_off:"):
            st.text(custom_metrics.STOP)
            if desk is not None:
                _draw_pauses(context, desk)
        if desk is not None:
            with st.expander("Push values by hand", icon=":material/upload:"):
                _draw_form(context, desk)


def _draw_pauses(context: Context, desk: PushDesk) -> None:
    """Draw what can be paused and what is; a viewer sees why the buttons do nothing."""
    verdict = decide(context.actor, Action.PUSH_METRIC)
    why = None if verdict.allowed else md(verdict.reason)
    change = partial(
        custom_metrics.change, desk, context.actor, context.audit, scope=context.scopes[0], now=context.now()
    )
    offered = custom_metrics.stoppable(desk)
    if offered:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            chosen = st.selectbox(
                "Pushed from here", offered, format_func=offered.__getitem__, width=420, key="pause-which"
            )
            if st.button("Pause", icon=":material/pause:", disabled=not verdict.allowed, help=why, key="pause-now"):
                _said(change(pause=chosen))
    for place, (pause, name) in enumerate(custom_metrics.stopped(desk).items()):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"Paused: {name}", width="content")
            if st.button("Send again", disabled=not verdict.allowed, help=why, key=f"resume-{place}"):
                _said(change(resume=pause))


def _said(sentence: str) -> None:
    st.toast(md(sentence), duration="long")
    st.rerun()


def _draw_form(context: Context, desk: PushDesk) -> None:
    place = md(context.place(context.scopes[0]).text())
    st.caption(
        f"They go to {place}. The price below counts every custom metric that the account has in the regions that are "
        "watched: ten are free, each other costs \\$0.30 a month."
    )
    left, right = st.columns(2, gap="small")
    with left:
        namespace = st.text_input("Namespace", "PageLoad", max_chars=255, key="push-namespace")
        name = st.text_input("Metric", "PageLoadTime", max_chars=255, key="push-name")
        value = st.text_input("Value", placeholder="1.23", max_chars=40, key="push-value")
        unit = st.selectbox("Unit", UNITS, key="push-unit")
    with right:
        dimensions = st.text_area("Dimensions, one a line", placeholder="Page=/cart", max_chars=4_000, key="push-by")
        file = st.file_uploader(
            "Or a CSV with the columns name, value, unit, timestamp, and dimensions", type="csv", key="push-file"
        )
    form = PushForm(namespace, name, value, unit, dimensions, file.getvalue() if file is not None else None)
    if st.button("Check and price", icon=":material/price_check:", key="push-check"):
        ask = partial(custom_metrics.account_of, context.sources, context.scopes, now=context.now())
        with feature("custom metrics"):
            st.session_state[_CHECKED] = (form, custom_metrics.check(desk, form, context.actor, account=ask))
    checked = st.session_state.get(_CHECKED)
    if isinstance(checked, tuple) and checked[0] == form:
        _draw_checked(context, desk, form, checked[1])


def _draw_checked(context: Context, desk: PushDesk, form: PushForm, view: PushView) -> None:
    if view.sentence:
        st.markdown(f":material/payments: {md(view.sentence)}")
    for problem in view.problems:
        st.text(f"✕ {plain(problem)}")
    pressed = st.button(
        "Push", type="primary", icon=":material/upload:", disabled=not view.may.allowed, key="push-now",
        help=None if view.may.allowed else md(view.may.reason),
    )  # fmt: skip
    if not view.may.allowed:
        st.caption(f":material/lock: {md(view.may.reason)}")
    if pressed:
        said = custom_metrics.push(
            desk, view, form, context.actor, context.audit, scope=context.scopes[0], now=context.now()
        )
        st.session_state.pop(_CHECKED, None)
        _said(said)
