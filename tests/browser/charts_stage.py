"""A throwaway page with every drawing of `dashboard.charts`, for the browser tests and for looking at."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.charts.components import draw_chart, draw_targets, draw_wall
from tests.browser.charts_stage_data import charts, targets

st.set_page_config(layout="wide", page_title="Stage", page_icon="static/favicon.png", menu_items={"About": "stage"})
st.html(Path(__file__).parents[2] / "static" / "app.css")


@st.fragment(run_every=st.query_params.get("every"))
def wall() -> None:
    tick = st.session_state.get("tick", 0)
    if st.button("Tick", key="ticker") or st.query_params.get("every"):
        tick += 1
    st.session_state["tick"] = tick
    event = draw_wall(charts(tick), key="wall")
    if event is not None:
        st.session_state["event"] = event
    st.text(f"tick {tick} event {st.session_state.get('event')}")


wall()
if st.query_params.get("more") != "no":
    st.text(f"beside: {draw_wall(charts(0)[:1], key='beside', height=120, columns=1)}")
    with st.container(border=True, key="card_targets"):
        pressed = draw_targets(targets(0), key="targets")
        st.text(f"pressed {pressed}")
    for chart in charts(0):
        st.text(f"{chart.key}: {draw_chart(chart, key=f'plotly_{chart.key}')}")
