"""Clients that can do only what they are for: a call that is not on a session's list is never made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from typing import Any, Final

from cloud.metering import Events, service_of
from cloud.permissions import Call

SESSION_NAME_LENGTHS: Final = (2, 64)
"""Characters of an STS session name. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
_NOT_IN_SESSION_NAME: Final = re.compile(r"[^A-Za-z0-9_+=,.@-]+")


class NotOnTheList(RuntimeError):  # noqa: N818 - a mistake of ours: never caught, never a fault
    """A call by a client that is not for it."""


def allow_only(session: Events, calls: AbstractSet[Call], *, use: str) -> None:
    """Let every client that `session` makes from now on do `calls` only; register this before anything that buys."""

    def refuse_others(model: Any, **_: Any) -> None:
        call = service_of(model), str(model.name)
        if call not in calls:
            raise NotOnTheList(
                f"{call[0]}:{call[1]} is not on the list of calls for {use} in cloud/permissions.py, so it is not made"
            )

    session.register("provide-client-params", refuse_others)


def session_name(person: str) -> str:
    """Give a person's name as STS takes it, so that CloudTrail says who acted.

    >>> session_name("Ana Müller"), session_name("../etc"), session_name("")
    ('Ana-Muller', '..-etc', 'watchkeeper')
    """
    shortest, longest = SESSION_NAME_LENGTHS
    plain = unicodedata.normalize("NFKD", person)
    unaccented = "".join(letter for letter in plain if not unicodedata.combining(letter))
    name = _NOT_IN_SESSION_NAME.sub("-", unaccented).strip("-")[:longest]
    return name if len(name) >= shortest else f"watchkeeper-{name}".rstrip("-")
