"""Things with a state, as grids and lists show them: targets, activities, alarms."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.wording import Look


@dataclass(frozen=True, slots=True)
class Item:
    """One thing with its state. Every text may be foreign; it is drawn as text only."""

    key: str
    """Tells it from the others of its group; keeps its place while the screen refreshes."""
    title: str
    """Its name."""
    look: Look
    """Sign and colour of its state."""
    state: str
    """The state's word."""
    detail: str = ""
    """Why it is in that state."""
    since: str = ""
    """Since when, or when it happened."""
    pick: str = ""
    """What a click hands back; empty where there is nothing to open."""


@dataclass(frozen=True, slots=True)
class Group:
    """Things that belong together, such as the targets of a zone."""

    name: str
    """Empty where there is only one group."""
    items: tuple[Item, ...]
    """In the order in which they are shown."""
