"""Fields of a form that is bound to the draft on the desk: drawn from it, written into it, errors beside them.

A widget keeps its identity while its value changes, so the keyboard stays where it is; its value is set from here only
where it differs, so nothing is taken from under the fingers of somebody who types on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard import desk
from dashboard.cached import Context
from dashboard.views.alarm_form import Checked, field_errors
from dashboard.wording import md, plain

Write = Callable[[Any], None]
"""Takes the new value of a field into the draft."""


def hold(key: str, value: Any) -> None:
    """Give a widget its value, where it has another one."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


@dataclass(frozen=True, slots=True)
class Fields:
    """Draws the fields of one draft."""

    context: Context
    checked: Checked
    prefix: str = "wb"

    def value(self, field: str) -> Any:
        return getattr(self.checked.draft, field)

    def _write(self, field: str) -> Write:
        return lambda value: desk.change(self.context, **{field: value})

    def text(self, label: str, field: str, **options: Any) -> None:
        """Draw a line of text."""
        self.line(label, field, self.value(field) or "", self._write(field), **options)

    def line(self, label: str, place: str, value: str, write: Write, **options: Any) -> None:
        """Draw a line of text that is written by `write`."""
        key = self._held(place, value)
        with self.box(place):
            st.text_input(label, key=key, on_change=lambda: write(st.session_state[key] or ""), **options)

    def area(self, label: str, place: str, value: str, write: Write, **options: Any) -> None:
        """Draw a text of several lines."""
        key = self._held(place, value)
        with self.box(place):
            st.text_area(label, key=key, on_change=lambda: write(st.session_state[key] or ""), **options)

    def whole(self, label: str, field: str, *, empty: int | None = None, **options: Any) -> None:
        """Draw a whole number with steps up and down; a text that is none, or far out of range, stays a text."""
        text = self.value(field)
        if text and not re.fullmatch(r"[1-9][0-9]{0,5}", text):
            self.text(label, field)
            return
        key = self._held(f"{field}-number", int(text) if text else empty)
        write = self._write(field)

        def keep() -> None:
            found = st.session_state[key]
            write("" if found is None else str(int(found)))

        with self.box(field):
            st.number_input(label, key=key, on_change=keep, min_value=1, step=1, format="%d", **options)

    def select(self, label: str, field: str, names: Mapping[str, str], **options: Any) -> None:
        """Draw a choice among `names`, what is written → how it is called."""
        self.choice(label, field, self.value(field), names, self._write(field), **options)

    def choice(
        self, label: str, place: str, value: str, names: Mapping[str, str], write: Write, **options: Any
    ) -> None:
        """Draw a choice that is written by `write`; a value that is not offered is offered as it is."""
        offered = list(names) if value in names else [*names, value]
        key = self._held(place, value)
        with self.box(place):
            st.selectbox(
                label,
                offered,
                key=key,
                format_func=lambda held: names.get(held, plain(str(held))),
                on_change=lambda: write(st.session_state[key] or ""),
                **options,
            )

    def segments(self, label: str, field: str, names: Mapping[str, str], write: Write | None = None) -> None:
        """Draw a choice of few, side by side."""
        value = self.value(field)
        key = self._held(field, value if value in names else None)
        keep = write or self._write(field)

        def picked() -> None:
            if st.session_state[key] is not None:
                keep(st.session_state[key])

        with self.box(field):
            st.segmented_control(label, list(names), key=key, format_func=lambda held: names[held], on_change=picked)

    def radio(self, label: str, field: str, names: Mapping[str, str], captions: Sequence[str] | None) -> None:
        """Draw a choice with a sentence under each."""
        value = self.value(field)
        key = self._held(field, value)
        write = self._write(field)
        with self.box(field):
            st.radio(
                label,
                list(dict.fromkeys((*names, value))),
                key=key,
                format_func=lambda held: names.get(held) or md(held),
                captions=captions,
                on_change=lambda: write(st.session_state[key]),
            )

    def several(self, label: str, field: str, names: Mapping[str, str], **options: Any) -> None:
        """Draw a choice of any number; what is not offered may be typed."""
        chosen = list(self.value(field))
        key = self._held(field, chosen)
        write = self._write(field)
        with self.box(field):
            st.multiselect(
                label,
                list(dict.fromkeys((*names, *chosen))),
                key=key,
                format_func=lambda held: names.get(held, plain(str(held))),
                accept_new_options=True,
                on_change=lambda: write(tuple(st.session_state[key])),
                **options,
            )

    def flag(self, label: str, field: str, **options: Any) -> None:
        """Draw a yes or no."""
        key = self._held(field, self.value(field))
        write = self._write(field)
        st.toggle(label, key=key, on_change=lambda: write(st.session_state[key]), **options)

    @contextmanager
    def box(self, place: str) -> Iterator[None]:
        """Keep a field and what is said of it together, also where several stand side by side."""
        with st.container(gap=None):
            yield
            self.problem(place)

    def problem(self, place: str) -> None:
        """Draw what is wrong with a field, or what belongs there, right under it."""
        for sentence in field_errors(self.checked, place):
            st.markdown(f":red[:material/error: {md(sentence)}]")
            return
        if place in self.checked.missing:
            st.caption(md(self.checked.missing[place]))

    def _held(self, place: str, value: Any) -> str:
        key = f"{self.prefix}-{place}"
        hold(key, value)
        return key
