"""The budget that a viewer works on: in the session while it is worked on, in the link for a reload and for others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import streamlit as st

from dashboard import parts
from dashboard.cached import Context
from dashboard.views.budget_draft import BudgetDraft, document, read_document
from dashboard.views.draft_text import DraftError

NAME: Final = "draft"
_DRAFT: Final = "budget-draft"
_TOKEN: Final = "budget-token"  # noqa: S105 - no secret: the name of a draft in a link
_LONGEST_TOKEN: Final = 2_000


def opened(context: Context) -> str:
    """Put on the desk what the link asks for, nothing where it names no form; and say why it could not be read."""
    token = (st.query_params.get(NAME) or "")[:_LONGEST_TOKEN]
    if token == st.session_state.get(_TOKEN, ""):
        return ""
    close()
    if not token:
        return ""
    try:
        found = read_document(context.drafts.document(token))
    except DraftError as error:
        return f"The form of this link cannot be opened: {error}."
    st.session_state[_DRAFT], st.session_state[_TOKEN] = found, token
    return ""


def draft() -> BudgetDraft | None:
    """Give what is worked on now."""
    found = st.session_state.get(_DRAFT)
    return found if isinstance(found, BudgetDraft) else None


def lay(context: Context, changed: BudgetDraft) -> None:
    """Put a draft on the desk and into the link; one that can be kept nowhere stays in the session."""
    token = context.drafts.token(document(changed), now=context.now())
    st.session_state[_DRAFT], st.session_state[_TOKEN] = changed, token
    parts.write((NAME,), {NAME: token} if token else {})


def change(context: Context, **fields: Any) -> None:
    """Change some fields of the draft."""
    lay(context, replace(draft() or BudgetDraft(), **fields))


def close() -> None:
    """Close the form; the link then names none."""
    st.session_state.pop(_DRAFT, None)
    st.session_state[_TOKEN] = ""


def leave() -> None:
    """Close the form, and take it out of the link."""
    close()
    parts.write((NAME,), {})
