"""Stories: incidents that can be told in the demo cloud, and what is being told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from access.identity import Actor
from access.policy import Action, decide
from core.reading import Verdict
from dashboard.stage import Control, Playbill, StageError
from dashboard.views.frame import Badge
from dashboard.wording import INFO, NO_DATA, age, clock, moment, plain

_TITLES: Final = {
    "traffic-spike": "Traffic spike",
    "instance-failure": "Instance failure",
    "bad-deploy": "Bad deploy",
    "slow-leak": "Slow leak",
    "metric-outage": "Metric outage",
    "cost-surge": "Cost surge",
}


@dataclass(frozen=True, slots=True)
class StoryTile:
    """One incident with its button."""

    name: str
    """As the demo's control knows it."""
    title: str
    """As people say it."""
    summary: str
    """What an onlooker will see."""
    state: Badge
    """Whether it is being told, and how long still."""
    may_tell: Verdict
    """Whether the button works, and why not."""


@dataclass(frozen=True, slots=True)
class StoriesView:
    """What the stories page draws."""

    tiles: tuple[StoryTile, ...]
    """Every incident, in the control's order."""
    telling: str
    """What is happening now, a sentence."""
    may_calm: Verdict
    """Whether there is anything to end, and whether the viewer may."""
    clock: str
    """The demo cloud's own time."""


def read(stage: Control) -> Playbill | StageError:
    """Give the playbill, or why the demo cloud's control did not answer."""
    try:
        return stage.read()
    except StageError as error:
        return error


def act(stage: Control, story: str | None) -> StageError | None:
    """Tell a story, or with None end all; give why it did not work."""
    try:
        if story is None:
            stage.calm()
        else:
            stage.tell(story)
    except StageError as error:
        return error
    return None


def build(playbill: Playbill, actor: Actor, *, now: datetime) -> StoriesView:
    """Give the page for what the control said."""
    at = playbill.clock or now
    verdict = decide(actor, Action.TELL_STORY)
    telling = {each.story: each for each in playbill.telling}
    tiles = []
    for card in playbill.stories:
        told = telling.get(card.name)
        until = f", until {moment(told.until, now=at)}" if told and told.until else ""
        since = f"for {age(told.since, now=at)}{until}" if told and told.since else ""
        state = Badge(f"happening {since}".strip(), INFO) if told else Badge("not told", NO_DATA)
        allowed = Verdict(allowed=False, reason="It is already being told.") if told else verdict
        title = _TITLES.get(card.name, plain(card.name.replace("-", " ")).capitalize())
        tiles.append(StoryTile(card.name, title, plain(card.summary), state, allowed))
    names = [tile.title for tile in tiles if tile.name in telling]
    return StoriesView(
        tuple(tiles),
        f"Happening now: {', '.join(names)}." if names else "Nothing is being told; this is an ordinary day.",
        verdict if names else Verdict(allowed=False, reason="Nothing is being told."),
        f"{at:%d %b} {clock(at)} UTC",
    )
