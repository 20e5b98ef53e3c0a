"""What the Insights page shows ⇄ URL. Pure; what a URL holds is not trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.logs.insights import MOST_GROUPS
from dashboard.log_state import LONGEST_GROUP
from dashboard.state import LONGEST_VALUE, Params

NAMES: Final = ("group", "q", "draft", "run")
"""Names in the URL that belong to the Insights page."""
SHORT: Final = 1_500
"""Characters of a query that a link holds itself; a longer one is kept with the drafts."""
_RUN: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class InsightsState:
    """What the Insights page shows besides account and span."""

    groups: tuple[str, ...] = ()
    """The log groups to query."""
    text: str = ""
    """The query, where it is short enough for a link."""
    draft: str = ""
    """The token of a longer one."""
    run: str = ""
    """The run whose results are shown."""

    def params(self) -> dict[str, str | list[str]]:
        """Give this page's values of the URL; what is the default is left out."""
        found: dict[str, str | list[str]] = {"group": list(self.groups)} if self.groups else {}
        pairs = (("q", self.text), ("draft", self.draft), ("run", self.run))
        return found | {name: value for name, value in pairs if value}


def read_insights(params: Params) -> InsightsState:
    """Give what the URL asks the Insights page for; what is not understood is left out."""
    run = _first(params, "run")
    groups = dict.fromkeys(each[:LONGEST_GROUP] for each in params.get("group") or () if each)
    return InsightsState(
        tuple(groups)[:MOST_GROUPS],
        _first(params, "q"),
        _first(params, "draft"),
        run if _RUN.fullmatch(run) else "",
    )


def _first(params: Params, name: str) -> str:
    return (params.get(name) or ("",))[0][:LONGEST_VALUE]
