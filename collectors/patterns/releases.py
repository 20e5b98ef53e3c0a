"""When a new release began to write lines, as far as the lines name their release."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from core.log_lines import LogLine

MOST_RELEASES: Final = 20
"""Different values; where there are more, the field is no release."""
FURTHEST: Final = 8_000
_NAMED: Final = re.compile(
    r'"(?:release|app_version|application_version|service_version|service\.version|git_sha|git_commit|commit_sha|build_id'
    r'|image_tag)"\s*:\s*"(?P<name>[^"\\]{1,80})"'
)


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was not there before."""

    name: str
    """Foreign text."""
    milliseconds: int
    """When its first line was written."""


def releases(lines: Iterable[LogLine]) -> tuple[Release, ...]:
    """Give the releases whose first line follows lines of another one, oldest first.

    The release of the oldest line is none: it may have been there for long.
    """
    first: dict[str, int] = {}
    for line in lines:
        found = _NAMED.search(line.message, 0, FURTHEST) if line.message.startswith("{") else None
        if found is not None:
            name = found["name"]
            first[name] = min(line.milliseconds, first.get(name, line.milliseconds))
            if len(first) > MOST_RELEASES:
                return ()
    begun = sorted((at, name) for name, at in first.items())
    return tuple(Release(name, at) for at, name in begun[1:])
