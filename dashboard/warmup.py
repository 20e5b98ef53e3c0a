"""What the server pays once at its start, so that no viewer pays it at each refresh."""

from __future__ import annotations

import gc
import importlib
from typing import Final

USED_BY_EVERY_PAGE: Final = (
    "pandas",
    "pyarrow",
    "streamlit.elements.plotly_chart",
    "dashboard.charts.components",
)
"""Imported before the first viewer comes; what they bring along lives as long as the process."""


SERVER_OPTIONS: Final = {"runner.postScriptGC": False}
"""Streamlit would collect garbage after every run of a script, every refresh of a fragment included, and walk each
object of each imported library: 120 of the 140 ms of processor time that a refresh of the live wall took. Python
collects by itself when there is something to collect."""


def settle() -> None:
    """Import what every page uses and take it out of the garbage collector's sight.

    What lives as long as the process need not be looked at again; what sessions leave behind is collected as before.
    """
    for name in USED_BY_EVERY_PAGE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
