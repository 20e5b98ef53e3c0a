"""Places for shared data: each test of them runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

from cloud.database import Place

NewPlace = Callable[[], Place]
"""Gives an empty place, another one each time."""


def told(place: Place) -> str:
    """Give a place as an argument of a process."""
    return json.dumps([str(place.folder), place.url, place.prefix])


def heard(argument: str) -> Place:
    """Give the place that `told` told of."""
    folder, url, prefix = json.loads(argument)
    return Place(Path(folder), url, prefix)


def new_prefix() -> str:
    return f"t{uuid.uuid4().hex[:12]}"
