"""Opens pages of the real script over hand-written sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cached
from dashboard.cached import Context

MAIN = Path(__file__).parents[2] / "dashboard" / "main.py"
Open = Callable[..., AppTest]


@pytest.fixture
def open_page() -> Iterator[Open]:
    """Give `open_page(context, page, **url)`: the page as a viewer with that link sees it."""
    contexts: list[Context] = []

    def open_it(context: Context, page: str = "wall", **url: str | list[str]) -> AppTest:
        contexts.append(context)
        cached.provide(lambda: context)
        app = AppTest.from_file(str(MAIN), default_timeout=30)
        for name, value in url.items():
            app.query_params[name.rstrip("_")] = value
        if page == "wall":
            return app.run()
        app.run()
        app.switch_page(f"app_pages/{page}.py")
        for name, value in url.items():
            app.query_params[name.rstrip("_")] = value
        return app.run()

    yield open_it
    cached.close()
    for context in contexts:
        context.close()
