"""`python -m access`: proposals that wait for a second person, and approving one as that person.

python -m access approvals      # what waits, who proposed it, and until when
python -m access approve 1a2b   # approve it, as the operating-system user who runs this
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from access.approvals import Approvals, Proposal
from access.audit import Audit
from access.identity import local_actor
from cloud.database import DatabaseDownError
from cloud.settings import SettingsError, load
from core.reading import Verdict


def clock() -> datetime:
    return datetime.now(UTC)


def main(arguments: list[str] | None = None, *, now: Callable[[], datetime] = clock) -> int:
    """Run one command; give the exit code: 0 done, 1 refused, 2 the settings or the data cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m access", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("approvals", help="list what waits for a second person")
    approving = commands.add_parser("approve", help="approve a proposal that another person made")
    approving.add_argument("id")
    options = parser.parse_args(arguments)
    try:
        settings = load()
        approvals = Approvals(settings.place, Audit(settings.data_dir))
        if options.command == "approvals":
            print("\n".join(_line(each, now()) for each in approvals.pending(now=now())) or "Nothing waits.")
            return 0
        found = approvals.approve(options.id, local_actor(settings), now=now())
    except (SettingsError, DatabaseDownError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if isinstance(found, Verdict):
        print(found.reason, file=sys.stderr)
        return 1
    print(f"Approved until {found.until:%d %B %H:%M} UTC: {_plain(found.title)}")
    return 0


def _line(each: Proposal, now: datetime) -> str:
    what = f"{each.id}  {each.standing(now)} until {each.until:%d %B %H:%M} UTC  {_plain(each.title)}"
    return f"{what}, proposed by {_plain(each.proposer)} ({_plain(each.proposer_person)}): {_plain(str(each.targets))}"


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


if __name__ == "__main__":
    sys.exit(main())
