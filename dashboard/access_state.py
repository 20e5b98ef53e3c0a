"""What the Access logs page shows ⇄ URL. Pure; what a URL holds is not trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from collectors.access_logs.book import Only
from collectors.access_logs.summary import CLASSES
from dashboard.log_state import LONGEST_GROUP
from dashboard.state import LONGEST_VALUE, Params

NAMES: Final = ("path", "target", "status", "requests", "request", "group")
"""Names in the URL that belong to this page; `group` is shared with the other Logs pages."""
EVERYTHING: Final = Only()
LISTS: Final = ("slowest", "failing")
"""Which requests are listed one by one."""
_TRACE: Final = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class AccessState:
    """What the page shows besides account and span."""

    only: Only = EVERYTHING
    """Which requests are counted."""
    requests: str = LISTS[0]
    """Which requests are listed one by one."""
    request: str = ""
    """Trace id of the request that is shown with its lines; empty: none."""
    group: str = ""
    """The application's log group, where the lines of a request are looked for; empty until one was chosen."""
    problems: tuple[str, ...] = ()
    """Sentences about values of the URL that were not understood."""

    def params(self) -> dict[str, str | list[str]]:
        """Give this page's values of the URL; what is the default is left out."""
        found = {
            "path": self.only.path,
            "target": self.only.target,
            "status": self.only.status,
            "requests": self.requests if self.requests != LISTS[0] else "",
            "request": self.request,
            "group": self.group,
        }
        return {name: value for name, value in found.items() if value}


def read_access(params: Params) -> AccessState:
    """Give what the URL asks this page for; what is not understood is left out and named."""
    problems: list[str] = []
    status = _known(_first(params, "status"), CLASSES, "class of statuses", problems)
    requests = _known(_first(params, "requests"), LISTS, "list of requests", problems)
    request = _first(params, "request")
    if request and not _TRACE.fullmatch(request):
        problems.append("The link names a request in a way that was not understood; none is shown.")
        request = ""
    return AccessState(
        Only(_first(params, "path"), _first(params, "target"), status),
        requests or LISTS[0],
        request,
        _first(params, "group")[:LONGEST_GROUP],
        tuple(problems),
    )


def _known(wanted: str, known: tuple[str, ...], what: str, problems: list[str]) -> str:
    if wanted and wanted not in known:
        problems.append(f"The link asks for an unknown {what}. Known: {', '.join(known)}.")
        return ""
    return wanted


def _first(params: Params, name: str) -> str:
    return (params.get(name) or ("",))[0][:LONGEST_VALUE]
