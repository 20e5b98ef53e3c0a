"""What the Patterns mode of the Logs page shows ⇄ URL. Pure; what a URL holds is not trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from collectors.patterns.changes import Kind
from dashboard.state import LONGEST_VALUE, Params

_E = TypeVar("_E", bound=StrEnum)
NAMES: Final = ("against", "changed", "template")
"""Names in the URL that belong to this mode."""
_ID: Final = re.compile(r"[0-9a-f]{10}")


class Against(StrEnum):
    """What the span is compared with."""

    BEFORE = "before"
    """As long a time before it."""
    DEPLOY = "deploy"
    """The time before the newest deployment."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class PatternState:
    """What the mode shows besides the Logs page's own state."""

    against: Against = Against.BEFORE
    changed: Kind | None = None
    """Only templates that changed so; None: all."""
    template: str = ""
    """Id of the template whose lines are shown; empty: none."""
    problems: tuple[str, ...] = ()
    """Sentences about values of the URL that were not understood."""

    def params(self) -> dict[str, str | list[str]]:
        """Give this mode's values of the URL; what is the default is left out."""
        found: dict[str, str | list[str]] = {}
        if self.against is not Against.BEFORE:
            found["against"] = str(self.against)
        if self.changed is not None:
            found["changed"] = str(self.changed)
        if self.template:
            found["template"] = self.template
        return found


def read_patterns(params: Params) -> PatternState:
    """Give what the URL asks this mode for; what is not understood is left out and named."""
    problems: list[str] = []
    against = _one_of(Against, _first(params, "against"), "comparison", problems)
    changed = _one_of(Kind, _first(params, "changed"), "change", problems)
    template = _first(params, "template")
    if template and not _ID.fullmatch(template):
        problems.append("The link names a template in a way that was not understood; none is chosen.")
        template = ""
    return PatternState(against or Against.BEFORE, changed, template, tuple(problems))


def _one_of(kinds: type[_E], wanted: str, what: str, problems: list[str]) -> _E | None:
    known = {str(each): each for each in kinds}
    if wanted and wanted not in known:
        problems.append(f"The link asks for an unknown {what}. Known: {', '.join(known)}.")
    return known.get(wanted)


def _first(params: Params, name: str) -> str:
    return (params.get(name) or ("",))[0][:LONGEST_VALUE]
