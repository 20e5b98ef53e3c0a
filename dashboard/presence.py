"""Who looks, as our own bill counts it: sessions by a random name, never people."""

from __future__ import annotations

import secrets

import streamlit as st

from dashboard.cached import Context


def note(context: Context) -> None:
    """Note that this session has its page on screen now."""
    if context.books is not None:
        viewer = st.session_state.setdefault("viewer", secrets.token_hex(8))
        context.books.watched(viewer, st.session_state.get("frame-page") or "")
