"""What a viewer reads on a page under AppTest."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def text(app: AppTest) -> str:
    """Every text that is on the page, drawn components' data included."""
    parts: list[str] = []
    for kind in (
        "markdown",
        "text",
        "caption",
        "title",
        "header",
        "code",
        "error",
        "metric",
        "button",
        "text_input",
        "selectbox",
    ):
        for element in app.get(kind):
            parts.extend(str(getattr(element, name, "") or "") for name in ("label", "value", "delta", "body", "help"))
            parts.append(str(getattr(element.proto, "title", "")))
    parts.extend(str(frame.value.to_csv(index=False)) for frame in app.dataframe)
    parts.extend(component_text(app))
    return "\n".join(parts)


def component_text(app: AppTest) -> list[str]:
    """The data of our components, as far as it is text."""
    return [repr(element.proto) for element in components(app)]


def components(app: AppTest) -> list[Any]:
    return list(app.get("bidi_component"))
