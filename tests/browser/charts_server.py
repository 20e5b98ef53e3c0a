"""Serves the stage as the product is served: `st.App` with the repository's `static/` and security headers."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

from dashboard import serving
from dashboard.charts.assets import static_route

app = st.App(
    str(Path(__file__).with_name(sys.argv[2] if len(sys.argv) > 2 else "charts_stage.py")),
    routes=[static_route()],
    middleware=serving.build_middleware(),
)

if __name__ == "__main__":
    app.run(config={"server.port": int(sys.argv[1]), "server.headless": True})
