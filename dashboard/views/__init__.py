"""View models: `build(state, sources, now)` gives a frozen, documented dataclass; no streamlit here."""
