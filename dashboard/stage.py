"""Where the demo cloud's stories are told: the control that only the demo endpoint has."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from core.timespan import parse_instant

ANSWER_SECONDS: Final = 5.0
LONGEST_ANSWER: Final = 1_000_000


class StageError(Exception):
    """The demo cloud's control did not answer; the message says what it said."""


@dataclass(frozen=True, slots=True)
class StoryCard:
    """One incident that can be told."""

    name: str
    """As the control knows it: `traffic-spike`."""
    summary: str
    """What an onlooker will see, a sentence."""
    minutes: float | None = None
    """How long it goes by itself."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One incident that is being told."""

    story: str
    since: datetime | None
    until: datetime | None
    where: str = ""
    """The place it happens in."""


@dataclass(frozen=True, slots=True)
class Playbill:
    """What can be told, and what is being told."""

    stories: tuple[StoryCard, ...]
    telling: tuple[Telling, ...]
    clock: datetime | None
    """The demo cloud's own time."""


class Control(Protocol):
    """What the stories page needs of the demo cloud."""

    def read(self) -> Playbill: ...
    def tell(self, story: str) -> None: ...
    def calm(self) -> None: ...


class Stage:
    """The demo cloud's control, over HTTP on loopback; no proxy stands between."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def read(self) -> Playbill:
        """Give what can be told and what is; StageError where the control does not answer."""
        return read_playbill(self._ask("story"))

    def tell(self, story: str) -> None:
        """Begin a story now."""
        self._ask("tell", {"story": story})

    def calm(self) -> None:
        """End every story."""
        self._ask("calm", {})

    def _ask(self, what: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the endpoint is ours, on loopback
            f"{self._endpoint}/_demo/{what}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="GET" if body is None else "POST",
        )
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as response:
                document = json.loads(response.read(LONGEST_ANSWER))
        except (OSError, ValueError) as error:
            raise StageError(f"The demo cloud's control did not answer: {error}") from error
        return document if isinstance(document, dict) else {}


def read_playbill(document: Mapping[str, Any]) -> Playbill:
    """Read the control's answer; what it leaves out is empty."""
    return Playbill(
        stories=tuple(_card(each) for each in document.get("stories", ())),
        telling=tuple(_telling(each) for each in document.get("telling") or ()),
        clock=_instant(document.get("now")),
    )


def _card(each: Mapping[str, Any]) -> StoryCard:
    seconds = each.get("seconds")
    return StoryCard(str(each.get("story", "")), str(each.get("summary", "")), seconds / 60 if seconds else None)


def _telling(each: Mapping[str, Any]) -> Telling:
    return Telling(
        str(each.get("story", "")), _instant(each.get("since")), _instant(each.get("until")), str(each.get("site", ""))
    )


def _instant(text: object) -> datetime | None:
    return parse_instant(text) if isinstance(text, str) and text else None
