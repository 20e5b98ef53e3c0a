"""`python -m alarms doctor`: what is wrong with the alarms that exist, and what would mend it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import datetime

from alarms.as_code.writing import as_cli
from alarms.doctor import Finding
from dashboard.console.reading import UNREAD, CommandError, say, scopes, sources
from dashboard.views.checkups import Checkup, Round, examine_all, finding_document, fix_request
from dashboard.views.evidence import gather
from dashboard.wording import count


def run(options: argparse.Namespace, *, clock: Callable[[], datetime]) -> int:
    """Examine the alarms; give 0 where nothing was found, 1 where something was, 2 where alarms could not be read."""
    try:
        with sources("doctor", clock=clock) as found:
            places = scopes(found, account=options.account, region=options.region)
            rounds = [examine_all(gather(found, place, now=clock(), names=options.names)) for place in places]
    except CommandError as error:
        say(f"error: {error}", to_people=True)
        return UNREAD
    unknown = set(options.names) - {checkup.alarm.name for each in rounds for checkup in each.checkups}
    if options.json:
        say(json.dumps([_document(each) for each in rounds], indent=2))
    else:
        for each in rounds:
            say("\n".join(_plan_lines(each) if options.fix_plan else _lines(each)))
    if any(fault.what == "cloudwatch:DescribeAlarms" for each in rounds for fault in each.faults):
        return UNREAD
    for name in sorted(unknown):
        say(f"error: there is no alarm {name!r} in the places that were looked at", to_people=True)
    if unknown:
        return UNREAD
    return 1 if any(each.findings for each in rounds) else 0


def _document(found: Round) -> dict[str, object]:
    return {
        "account": found.scope.account,
        "region": found.scope.region,
        "alarms": [
            {
                "name": checkup.alarm.name,
                "findings": [finding_document(finding) for finding in checkup.findings],
                "not_examined": list(checkup.unexamined),
                "delivery": [
                    {
                        "action": path.action,
                        "hops": [{"hop": hop.name, "light": str(hop.light), "says": hop.says} for hop in path.hops],
                    }
                    for path in checkup.paths
                ],
            }
            for checkup in found.checkups
        ],
        "faults": [fault.message for fault in found.faults],
    }


def _lines(found: Round) -> Iterator[str]:
    sick = [checkup for checkup in found.checkups if checkup.findings]
    yield (
        f"{found.scope}: {count(len(found.checkups), 'alarm')}, {count(len(found.findings), 'finding')}"
        f"{f' on {len(sick)} of them' if sick else ''}"
    )
    for checkup in sick:
        yield ""
        yield checkup.alarm.name
        for finding in checkup.findings:
            yield f"  {finding.severity} ({finding.code}): {finding.what}"
            yield f"    why: {finding.why}"
            yield f"    fix: {finding.fix_sentence}"
    dark = _unexamined(found.checkups)
    if dark:
        yield ""
        yield "not examined:"
        yield from (f"  {sentence} ({who})" for sentence, who in dark)
    yield from (f"could not be read: {fault.message}" for fault in found.faults)


def _unexamined(checkups: tuple[Checkup, ...]) -> list[tuple[str, str]]:
    """Each sentence once, with the alarm that it is about, or with how many there are."""
    about: dict[str, list[str]] = {}
    for checkup in checkups:
        for sentence in checkup.unexamined:
            about.setdefault(sentence, []).append(checkup.alarm.name)
    return [
        (sentence, names[0] if len(names) == 1 else count(len(names), "alarm")) for sentence, names in about.items()
    ]


def _plan_lines(found: Round) -> Iterator[str]:
    """What a person could run: commands for changed definitions, and calls in words of JSON."""
    yield f"# {found.scope}: nothing of this was done"
    for finding in found.findings:
        yield f"\n# {_one_line(finding.alarm)} ({finding.code}): {_one_line(finding.fix_sentence)}"
        yield _command(finding)


def _command(finding: Finding) -> str:
    if finding.fix is not None:
        return as_cli(finding.fix).rstrip()
    request = fix_request(finding)
    return "# by hand" if request is None else f"# call {json.dumps(request)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
