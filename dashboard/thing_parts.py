"""Things that have a state, drawn as a list, and the ways to their own pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard import parts
from dashboard.views.things import Group, Item
from dashboard.wording import NO_VALUE, plain

_HERE: Final = Path(__file__).parent
_states = st.components.v2.component(
    "watchkeeper.states",
    html='<div class="states"></div><p class="empty" hidden></p>',
    css=(_HERE / "states.css").read_text(encoding="utf-8"),
    js=(_HERE / "states.js").read_text(encoding="utf-8"),
)


def states(
    groups: Sequence[Group],
    *,
    key: str,
    name: str,
    height: int,
    empty_text: str,
    clickable: bool = True,
) -> str | None:
    """Draw a list of things with a state, and give the pick of the one that was just clicked."""
    shown = [_group(group, clickable=clickable) for group in groups]
    data = {"name": name, "height": height, "empty": empty_text, "groups": shown}
    picked = _states(key=key, data=data, on_picked_change=lambda: None).picked
    return picked if isinstance(picked, str) else None


def _group(group: Group, *, clickable: bool) -> dict[str, Any]:
    items = [_item(item) if clickable else _item(item) | {"pick": ""} for item in group.items]
    return {"key": group.name, "name": plain(group.name), "items": items}


def _item(item: Item) -> dict[str, str]:
    return {
        "key": item.key,
        "tone": item.look.tone,
        "glyph": item.look.glyph,
        "title": plain(item.title),
        "state": plain(item.state) or NO_VALUE,
        "detail": plain(item.detail),
        "since": plain(item.since),
        "pick": item.pick,
    }


def fleet_control(names: Mapping[str, str], shown: str) -> None:
    """Let the viewer choose among several fleets, by key and name; with one there is nothing to choose."""
    with st.container(key="fleets"):
        if len(names) < 2:
            return
        chosen = st.selectbox(
            "Fleet",
            list(names),
            index=list(names).index(shown),
            key=f"fleet-{shown}",
            format_func=lambda key: plain(names[key]),
            label_visibility="collapsed",
            width=300,
        )
    if chosen != shown:
        parts.write(("fleet",), {"fleet": chosen})
        st.rerun()


def open_target(place: str | None) -> None:
    """Go to the instance behind a target that was pressed, `i-0abc:80`; None stays here."""
    if place:
        st.switch_page("app_pages/resources.py", query_params={"resource": f"instance~{place.partition(':')[0]}"})


def open_alarm(name: str | None) -> None:
    """Go to an alarm's own page; None stays here."""
    if name:
        st.switch_page("app_pages/alarm.py", query_params={"name": name})
