"""Drawing that pages share: the bar, cards and their five states, lists of states, and the page boundary."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import streamlit as st

from access.policy import Action
from cloud.metering import feature
from core.reading import Fault, Scope
from dashboard import cached, presence
from dashboard.cached import Context
from dashboard.state import LONGEST_VALUE, RANGES, SHORTEST_SPAN, PageState, read
from dashboard.views import frame
from dashboard.views.frame import Badge, Notice
from dashboard.views.tiles import Tile
from dashboard.wording import md, plain

T = TypeVar("T")

LOG: Final = logging.getLogger("watchkeeper.dashboard")
_HERE: Final = Path(__file__).parent
_STYLES: Final = (_HERE.parent / "static" / "app.css", _HERE / "pages.css")
_KIOSK: Final = _HERE / "kiosk.css"


def styles(*, kiosk: bool) -> None:
    """Put our style sheets into the page."""
    for path in (*_STYLES, *((_KIOSK,) if kiosk else ())):
        st.html(path)


def url() -> Mapping[str, Sequence[str]]:
    """Give every value of the URL, not trusted."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


_FRAME: Final = ("scope", "range", "from", "to", "live", "kiosk")
"""Names in the URL that every page shares."""


REVIEW: Final = "review-offer"
"""What a review that stays open over a whole run is about; another page closes it."""


def carry(page: str) -> None:
    """Give a page that was reached from another one what that one showed; Back and links are taken at their word."""
    before = st.session_state.get("frame-page")
    st.session_state["frame-page"] = page
    if before != page:
        st.session_state.pop(REVIEW, None)
    if before not in {None, page} and not any(name in st.query_params for name in _FRAME):
        st.query_params.update(st.session_state.get("frame", {}))


def page_state(context: Context, *, shortest: timedelta = SHORTEST_SPAN) -> PageState:
    """Give what the URL asks for; a pinned span is no shorter than `shortest`."""
    state = read(url(), scopes=context.scopes, now=context.now(), shortest=shortest)
    st.session_state["frame"] = _links(state, context)
    return state


def _links(state: PageState, context: Context) -> dict[str, str]:
    params = state.params()
    if state.scope == context.scopes[0]:
        del params["scope"]
    return params


def frame_params(pinned: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give what a link carries along of the frame that is on screen; a span of its own takes the place of the range."""
    held: dict[str, str] = dict(st.session_state.get("frame", {}))
    if pinned is None:
        return held
    return {name: value for name, value in held.items() if name not in {"range", "from", "to"}} | dict(pinned)


def show(state: PageState, context: Context) -> None:
    """Write the frame's state into the URL; what belongs to the page alone stays."""
    wanted = _links(state, context)
    for name in _FRAME:
        if name in wanted:
            st.query_params[name] = wanted[name]
        elif name in st.query_params:
            del st.query_params[name]
    st.session_state["frame"] = wanted


def bar(title: str, state: PageState, context: Context, *, everywhere: bool = False, timed: bool = True) -> None:
    """Draw the page's bar: title, cloud, account and region, range and the live switch.

    A page about `everywhere` has neither account, region nor range to choose; one that is not `timed` has no range
    and is not live.
    """
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xsmall", key="bar"
    ):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="bar-title", width="content"):
            st.title(md(title), anchor=False, width="content")
            place = context.place(state.scope)
            badge(Badge(place.cloud, context.cloud_look))
            # Where a control beside it says the same, it is there for screen readers only.
            seen = everywhere or state.kiosk or len(context.scopes) == 1
            with st.container(key="place-seen" if seen else "place-unseen"):
                where = "All accounts and regions" if everywhere else place.text()
                st.header(md(where), anchor=False, width="content")
        with st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", key="bar-controls", width="content"
        ):
            if not everywhere and len(context.scopes) > 1:
                _scope_control(state, context)
            if not everywhere and timed:
                _range_control(state, context)
            if timed:
                _controls(state, context)


def _controls(state: PageState, context: Context) -> None:
    if state.fixed is not None:
        if st.button("Back to live", icon=":material/play_arrow:", key="back-to-live"):
            show(replace(state, fixed=None, live=True), context)
            st.rerun()
        return
    if st.button("Kiosk", icon=":material/fullscreen:", type="tertiary", key="to-kiosk"):
        show(replace(state, kiosk=True), context)
        st.rerun()
    st.session_state["live"] = state.live
    st.toggle("Live", key="live", on_change=lambda: show(replace(state, live=st.session_state["live"]), context))


def _scope_control(state: PageState, context: Context) -> None:
    names = {context.place(scope).text(): scope for scope in context.scopes}
    st.session_state["scope"] = context.place(state.scope).text()
    st.selectbox(
        "Account and region",
        list(names),
        key="scope",
        format_func=plain,
        label_visibility="collapsed",
        width=300,
        on_change=lambda: show(replace(state, scope=names[st.session_state["scope"]]), context),
    )


def _range_control(state: PageState, context: Context) -> None:
    st.session_state["range"] = None if state.fixed else state.range
    st.segmented_control(
        "Time range",
        list(RANGES),
        key="range",
        label_visibility="collapsed",
        on_change=lambda: show(replace(state, range=st.session_state["range"] or state.range, fixed=None), context),
    )


def freshness(view: frame.Frame) -> None:
    """Draw the line under the bar: how old what is on screen is, and what else must be known of it."""
    here = cached.context()
    beside = frame.process_badges(here.deaths(), now=here.now())
    with st.container(key="fresh"):
        # One element, whatever it says: a tick never leaves a badge of the tick before behind.
        st.markdown(" ".join(_badge(each) for each in (view.freshness, *view.badges, *beside)))


def age(state: PageState, context: Context, read_at: datetime) -> None:
    """Draw the age of what is on screen, where nothing else must be known of it."""
    shown = frame.freshness(state, read_at=read_at, now=context.now(), refresh=context.cadence)
    freshness(frame.Frame(shown, ()))


def _badge(shown: Badge) -> str:
    return f":{shown.look.color}-badge[{shown.look.icon} {md(shown.text)}]"


def badge(shown: Badge) -> None:
    """Draw a state: sign, word and colour."""
    st.markdown(_badge(shown), width="content")


def notices(shown: Sequence[Notice]) -> None:
    """Draw why part of a card is missing."""
    for notice in shown:
        with st.container(border=True):
            st.markdown(f":{notice.look.color}[{notice.look.icon} **{md(notice.title)}**]")
            st.text(notice.body)
            if notice.action:
                st.code(notice.action, language=None)


def faults(found: Sequence[Fault]) -> None:
    """Draw one notice for each kind of fault, in a place of its own: what follows never moves in the page's order."""
    with st.container():
        notices(frame.notices(found))


def problems(sentences: Sequence[str]) -> None:
    """Draw what of the link was not understood."""
    for sentence in sentences:
        st.caption(f":orange[:material/link_off:] {md(sentence)}")


def empty(title: str, body: str) -> None:
    """Draw an empty state: one sentence, and what was looked for."""
    with st.container(border=True, horizontal_alignment="center", key="card-empty"):
        st.markdown(f":material/inbox: **{md(title)}**", width="content")
        st.text(body, width="content")


def booked(name: str, load: Callable[[], T]) -> T:
    """Read with every call booked to the feature `name`."""
    with feature(name):
        return load()


def looked(
    context: Context, key: tuple[Hashable, ...], load: Callable[[], T], *, every: float | None, height: int
) -> T | None:
    """Give the newest snapshot; while the first one is on its way draw a skeleton of the final height.

    The first word of `key` is the feature that its calls to AWS are booked to.

    Draws exactly one element, so that what follows keeps its place from tick to tick. None: still loading.
    """
    slot = st.empty()
    presence.note(context)
    load = partial(booked, str(key[0]), load)
    snapshot = context.feed.look(key, load, every=every, patience=0.1)
    if snapshot is None:
        with slot:
            st.skeleton(height)
        snapshot = context.feed.look(key, load, every=every, patience=context.patience)
        if snapshot is not None:
            slot.empty()
    return None if snapshot is None else snapshot.value


def tiles(shown: Sequence[Tile], *, key: str, tall: bool = False) -> None:
    """Draw the health summary: always as many tiles as there are, each of one height."""
    with st.grid(TILES, min_column_width=165, gap="xsmall", border=True, key=key):
        for tile in shown:
            st.metric(
                md(tile.label),
                tile.value,
                delta=tile.delta or None,
                delta_color=_DELTA_COLORS[tile.good],
                delta_arrow=tile.arrow,
                delta_description=md(tile.yardstick),
                icon=":material/error:" if tile.alarming else None,
                chart_data=list(tile.spark) or None,
                chart_type="area",
                height=182 if tall else 148 if any(each.spark for each in shown) else 92,
            )


TILES: Final = 6
"""Tiles side by side where there is room."""
_DELTA_COLORS: Final[Mapping[bool | None, Any]] = {None: "off", True: "green", False: "red"}


def not_ready(why: str) -> None:
    """Say why there is nothing to watch yet, in place of every page."""
    st.title("Watchkeeper cannot see the cloud yet", anchor=False)
    st.text(why)
    st.caption("Credentials come from botocore's ordinary chain: environment, profile, single sign-on or instance.")
    st.button("Try again", icon=":material/refresh:", key="try-again")


@contextmanager
def card(key: str, title: str, state: Badge | None) -> Iterator[None]:
    """Draw a card with a title in its first line and a state at its right end."""
    with st.container(border=True, key=f"card-{key}", height="stretch"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="xsmall"
        ):
            st.subheader(md(title), anchor=False, width="content")
            if state is not None:
                badge(state)
        yield


def write(names: Sequence[str], params: Mapping[str, str | list[str]]) -> None:
    """Write one page's own values into the URL; of `names`, those without a value are taken out."""
    for name in names:
        if name in params:
            st.query_params[name] = params[name]
        elif name in st.query_params:
            del st.query_params[name]


def at_clock(context: Context, ask: Callable[..., T], scope: Scope) -> T:
    """Ask a source about `scope` as of this moment; the background calls it again and again."""
    return ask(scope, now=context.now())


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Draw facts as label over value, side by side where there is room."""
    with st.grid("auto", min_column_width=170, gap="small", key="facts"):
        for label, value in pairs:
            with st.container(gap=None):
                st.caption(md(label))
                st.text(value)


def record_story(context: Context, story: str, *, scope: Scope, done: bool) -> None:
    """Write into the audit record that the viewer told a story."""
    if context.audit is not None:
        context.audit.record(context.actor, Action.TELL_STORY, story, at=context.now(), allowed=done, scope=scope)


def first(name: str) -> str:
    """Give the first value of a name in the URL, cut to a sane length; empty where there is none."""
    return (url().get(name) or ("",))[0][:LONGEST_VALUE]


@contextmanager
def foreseen(kind: type[Exception], title: str) -> Iterator[None]:
    """Show what was foreseen to go wrong as it says itself, in place of what is drawn inside."""
    try:
        yield
    except kind as why:
        st.error(md(str(why)), title=title, icon=":material/error:")


@contextmanager
def boundary() -> Iterator[None]:
    """The page boundary: what nobody foresaw is logged with a reference and shown as a short apology."""
    try:
        yield
    except Exception:
        reference = secrets.token_hex(4)
        LOG.exception("page failed, reference %s", reference)
        st.error(
            f"This part of the page failed; the rest still works. Reference for the log: {reference}",
            title="Something went wrong here",
            icon=":material/error:",
        )
