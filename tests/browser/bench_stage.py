"""A throwaway page with the workbench's preview and the form's small pictures, for the browser tests."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.charts.bench import BenchEvent
from dashboard.charts.components import draw_bench, draw_steps, draw_window
from tests.browser.bench_stage_data import INCIDENT, Form, anomaly, bench, silent, steps, windows

st.set_page_config(layout="wide", page_title="Bench", page_icon="static/favicon.png", menu_items={"About": "stage"})
st.html(Path(__file__).parents[2] / "static" / "app.css")
EVERY = st.query_params.get("every")


def take(event: BenchEvent) -> None:
    st.session_state["form"] = st.session_state["form"].after(event)


@st.fragment(run_every=EVERY)
def preview() -> None:
    form = st.session_state.setdefault("form", Form(incidents=(INCIDENT,) if "marked" in st.query_params else ()))
    runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    event = draw_bench(bench(form, fine="fine" in st.query_params), key="bench", on_event=take)
    st.session_state["events"] = (*st.session_state.get("events", ()), *([event] if event else []))
    with st.container(key="log"):
        st.text(f"runs {runs} form {form}")
        st.text(f"events {st.session_state['events']}")
    st.button("Refresh", key="refresh")


preview()
if st.query_params.get("more") != "no":
    draw_bench(anomaly(), key="anomaly")
    st.text(f"silent {draw_bench(silent(), key='silent', height=160)}")
    for place, window in enumerate(windows()):
        draw_window(window, key=f"window{place}")
    for place, stairs in enumerate(steps()):
        draw_steps(stairs, key=f"steps{place}")
