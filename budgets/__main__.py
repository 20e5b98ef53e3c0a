"""Money on the command line: exact totals of billing exports, the month as a report, the prices of the estimate."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any


def main(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m budgets", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_focus, _add_report, _add_prices):
        add(commands)
    return parser


def _add_focus(commands: Any) -> None:
    focus = commands.add_parser(
        "focus",
        help="add up a billing export, exactly",
        description="Adds up FOCUS and legacy CUR exports, each currency apart. "
        "Gives 0; 1 where something of the export was left out; 2 where nothing could be read.",
    )
    focus.add_argument("path", metavar="PATH", help="a folder of exports, one file, or s3://bucket/prefix")
    focus.add_argument("--by", action="append", default=[], metavar="COLUMN", help="group by it; may be given again")
    focus.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only rows like this; != for all but those, an empty VALUE for rows that say nothing",
    )
    focus.add_argument("--from", dest="since", type=_day, metavar="DAY", help="first day, such as 2026-10-01")
    focus.add_argument("--to", dest="until", type=_day, metavar="DAY", help="one past the last day")
    focus.add_argument("--json", action="store_true", help="print amounts as decimal strings in JSON")
    focus.set_defaults(run=_focus)


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report",
        help="write a month as HTML and PDF",
        description="Writes the month's spend by service, what changed, budgets and allowances. "
        "Asks for nothing that costs money, but an export in S3 that is due, as far as the cap allows.",
    )
    report.add_argument("--month", metavar="MONTH", help="such as 2026-10; the running one where none is named")
    report.add_argument("--html", type=Path, metavar="FILE")
    report.add_argument("--pdf", type=Path, metavar="FILE")
    report.add_argument("--account", help="of the watched accounts this one's budgets and allowances")
    report.set_defaults(run=_report)


def _add_prices(commands: Any) -> None:
    prices = commands.add_parser(
        "prices",
        help="list the prices of the estimate, and where each was read",
        description="Lists the prices in force, those of WATCHKEEPER_PRICES_FILE among them, with the text in which "
        "each was read and how sure that makes it. Asks AWS nothing.",
    )
    prices.add_argument("--unsure", action="store_true", help="only those to compare before money is staked on them")
    prices.add_argument("--json", action="store_true", help="print them as JSON, amounts as decimal strings")
    prices.set_defaults(run=_prices)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-10-01") from None


def _clock() -> datetime:
    return datetime.now(UTC)


def _focus(options: argparse.Namespace) -> int:
    from dashboard.console import focus

    return focus.run(options, clock=_clock)


def _report(options: argparse.Namespace) -> int:
    from dashboard.console import report

    return report.run(options, clock=_clock)


def _prices(options: argparse.Namespace) -> int:
    from dashboard.console import prices

    return prices.run(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
