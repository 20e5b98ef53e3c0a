"""The draft on a viewer's desk: in the session while it is worked on, in the link for a reload and for others.

Every change goes into the link at once, so nothing is lost when the page is loaded anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import streamlit as st

from dashboard import parts
from dashboard.cached import Context
from dashboard.views.alarm_draft import Draft, document, read_document
from dashboard.views.draft_text import DraftError

NAME: Final = "draft"
_DRAFT: Final = "desk-draft"
_TOKEN: Final = "desk-token"  # noqa: S105 - no secret: the name of a draft in a link
_LONGEST_TOKEN: Final = 2_000


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the desk."""

    draft: Draft
    problem: str = ""
    """Why the link's draft could not be read; foreign text."""


def opened(context: Context, start: Callable[[], Draft | None]) -> Desk:
    """Give the draft that the link asks for: a start, the one that is worked on, or one that was sent."""
    if any(name in st.query_params for name in STARTS):
        try:
            begun = start()
        except DraftError as error:
            clear()
            return Desk(draft(), f"The form begins empty: {error}.")
        if begun is not None:
            lay(context, begun)
            return Desk(begun)
    token = (st.query_params.get(NAME) or "")[:_LONGEST_TOKEN]
    if token == st.session_state.get(_TOKEN):
        return Desk(draft())
    if token:
        return _sent(context, token)
    clear()
    return Desk(draft())


def clear() -> None:
    """Begin with an empty form."""
    st.session_state[_DRAFT], st.session_state[_TOKEN] = Draft(), ""


def _sent(context: Context, token: str) -> Desk:
    try:
        draft = read_document(context.drafts.document(token))
    except DraftError as error:
        return Desk(Draft(), f"The form begins empty: {error}.")
    st.session_state[_DRAFT], st.session_state[_TOKEN] = draft, token
    return Desk(draft)


def draft() -> Draft:
    """Give what lies on the desk now."""
    found = st.session_state.get(_DRAFT)
    return found if isinstance(found, Draft) else Draft()


def lay(context: Context, changed: Draft) -> None:
    """Put a draft on the desk and into the link; what the link said of a start is done with.

    One that can be kept nowhere stays in the session: nothing is lost but on a reload.
    """
    token = context.drafts.token(document(changed), now=context.now())
    st.session_state[_DRAFT], st.session_state[_TOKEN] = changed, token
    parts.write((NAME, *STARTS, THRESHOLD), {NAME: token} if token else {})


def change(context: Context, **fields: Any) -> None:
    """Change some fields of the draft on the desk."""
    lay(context, replace(draft(), **fields))


THRESHOLD: Final = "threshold"
"""Name in the link of the threshold that a form on a metric starts with."""
STARTS: Final = ("metric", "alarm", "copy")
"""Names in the link that a form can start from: a metric, an alarm to change, an alarm to copy."""
