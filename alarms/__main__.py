"""The alarm engine on the command line: check, test, evaluate and backtest on files; on an account, doctor, coverage,
export, diff, plan and apply."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from alarms import checking, inquiry, replays, suites
from alarms.as_code.writing import LANGUAGES


def main(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code."""
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m alarms", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="load alarms from files, and say of each: loaded, or refused and why")
    test = commands.add_parser("test", help="run YAML cases with the production evaluator")
    for command, run in ((check, _check), (test, _test)):
        command.add_argument("files", nargs="+", type=Path, metavar="FILE")
        command.add_argument(
            "--set",
            action="append",
            default=[],
            type=_setting,
            metavar="NAME=VALUE",
            help="the value of a template's parameter or of a Terraform variable",
        )
        command.set_defaults(run=run)
    evaluate = commands.add_parser("evaluate", help="read one JSON question on standard input, print the state")
    evaluate.add_argument("--json", action="store_true", help="print state, reason and reason data as JSON")
    evaluate.set_defaults(run=_evaluate)
    backtest = commands.add_parser(
        "backtest", help="replay an alarm over a CSV of timestamp,value, print the transitions"
    )
    backtest.add_argument("alarm", type=Path, metavar="ALARM.json")
    backtest.add_argument("series", type=Path, metavar="SERIES.csv")
    backtest.add_argument("--json", action="store_true", help="print transitions, notifications and limits as JSON")
    backtest.set_defaults(run=_backtest)
    _add_health(commands)
    _add_as_code(commands)
    return parser


def _add_health(commands: Any) -> None:
    """The commands that look at what there is: wrong alarms, and missing ones."""
    examined = commands.add_parser(
        "doctor", help="say what is wrong with the alarms that exist, and what would mend it"
    )
    examined.add_argument("names", nargs="*", metavar="NAME", help="alarms to examine; all where none is named")
    examined.add_argument("--fix-plan", action="store_true", help="print what would mend the findings, change nothing")
    examined.set_defaults(run=_doctor)
    covered = commands.add_parser("coverage", help="say which resources lack which recommended alarms")
    covered.add_argument("--propose", action="store_true", help="say what would fill each gap, replayed and priced")
    covered.add_argument("--requests", action="store_true", help="print the proposed alarms as a file of requests")
    covered.set_defaults(run=_coverage)
    for command in (examined, covered):
        command.add_argument("--account", help="of the watched accounts only this one")
        command.add_argument("--region", help="of the watched regions only this one")
        command.add_argument("--json", action="store_true", help="for programs")


def _add_as_code(commands: Any) -> None:
    """The commands that write live alarms as code, and make code the live alarms."""
    exported = commands.add_parser("export", help="write live alarms as code")
    exported.add_argument("names", nargs="*", metavar="NAME", help="alarms to write; all where none is named")
    exported.add_argument("--format", choices=LANGUAGES, default=LANGUAGES[0], help="json loses nothing")
    helps = {
        "diff": "say how a folder of alarms differs from what is live; exit code 1 where it does",
        "plan": "print what apply would change, and its price a month; changes nothing",
        "apply": "make the live alarms those of a folder",
    }
    for name, words in helps.items():
        command = commands.add_parser(name, help=words)
        command.add_argument("folder", type=Path, metavar="DIR")
        command.add_argument("--prune", action="store_true", help="live alarms that the folder lacks count as deleted")
        command.add_argument("--set", action="append", default=[], type=_setting, metavar="NAME=VALUE")
        if name == "apply":
            command.add_argument("--yes", action="store_true", help="do not ask")
    for name in ("export", *helps):
        command = commands.choices[name]
        command.add_argument("--account", help="of the watched accounts this one")
        command.add_argument("--region", help="of the watched regions this one")
        command.set_defaults(run=partial(_as_code, name))


def _clock() -> datetime:
    return datetime.now(UTC)


def _doctor(options: argparse.Namespace) -> int:
    # What reads AWS is imported by the commands that need it: the others answer in a fraction of the time.
    from dashboard.console import doctor

    return doctor.run(options, clock=_clock)


def _coverage(options: argparse.Namespace) -> int:
    from dashboard.console import coverage

    return coverage.run(options, clock=_clock)


def _as_code(command: str, options: argparse.Namespace) -> int:
    from dashboard.console import as_code

    run: Callable[..., int] = getattr(as_code, command)
    return run(options, clock=_clock)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value


def _check(options: argparse.Namespace) -> int:
    checks = [checking.check(path, parameters=dict(options.set)) for path in options.files]
    _say(checking.report(checks))
    return checking.exit_code(checks)


def _test(options: argparse.Namespace) -> int:
    results = [suites.run(path, parameters=dict(options.set)) for path in options.files]
    _say(suites.text(results))
    return max(result.exit_code for result in results)


def _evaluate(options: argparse.Namespace) -> int:
    try:
        found = inquiry.answer(json.load(sys.stdin))
    except (ValueError, RecursionError) as error:
        _say(f"error: {error}", to_people=True)
        return 2
    _say(json.dumps(found) if options.json else f"{found['state']}: {found['reason']}")
    return 0


def _backtest(options: argparse.Namespace) -> int:
    try:
        found = replays.backtest(options.alarm, options.series)
    except replays.ReplayError as error:
        _say(f"error: {error}", to_people=True)
        return 2
    _say(json.dumps(replays.document(found)) if options.json else replays.text(found))
    return 0


def _say(text: str, *, to_people: bool = False) -> None:
    """Print, but no control characters: file names and alarm names are other people's text."""
    shown = re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found.group()):02x}", text)
    print(shown, file=sys.stderr if to_people else sys.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
