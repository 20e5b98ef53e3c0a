"""Serves the stage as the product is served: `st.App` with the repository's `static/`."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

ROOT = Path(__file__).parents[2]
app = st.App(
    str(Path(__file__).with_name("charts_stage.py")),
    routes=[Mount("/app/static", app=StaticFiles(directory=ROOT / "static"))],
)

if __name__ == "__main__":
    app.run(config={"server.port": int(sys.argv[1]), "server.headless": True})
