"""The doctor's round: every alarm of a place examined, and its findings as documents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarms.doctor import Finding, Path, Severity, examine, paths, unexamined
from alarms.kinds import Alarm
from alarms.wire import operation_of, request_of
from core.reading import Fault, Scope
from dashboard.views.evidence import Gathered


@dataclass(frozen=True, slots=True)
class Checkup:
    """What the doctor says of one alarm."""

    alarm: Alarm
    """As it is defined."""
    findings: tuple[Finding, ...]
    """The worst first."""
    unexamined: tuple[str, ...]
    """A sentence for each thing that could not be looked at."""
    paths: tuple[Path, ...]
    """The way of each action's notification."""


@dataclass(frozen=True, slots=True)
class Round:
    """What the doctor says of the alarms of one account and region."""

    scope: Scope
    """The account and region."""
    at: datetime
    """When it was made."""
    checkups: tuple[Checkup, ...]
    """Alarms with the worst findings first, then by name."""
    faults: tuple[Fault, ...]
    """What could not be read."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for checkup in self.checkups for finding in checkup.findings)


_ORDER = tuple(Severity)


def examine_all(found: Gathered) -> Round:
    """Examine every alarm that was gathered."""
    checkups = [examined(alarm, found) for alarm in found.alarms]
    checkups.sort(key=lambda each: (_worst(each.findings), each.alarm.name))
    return Round(found.evidence.scope, found.evidence.at, tuple(checkups), found.faults)


def examined(alarm: Alarm, found: Gathered) -> Checkup:
    """Examine one alarm, or a draft of one."""
    evidence = found.evidence
    return Checkup(alarm, examine(alarm, evidence), unexamined(alarm, evidence), paths(alarm, evidence))


def _worst(findings: Iterable[Finding]) -> int:
    return min((_ORDER.index(finding.severity) for finding in findings), default=len(_ORDER))


def finding_document(finding: Finding) -> dict[str, Any]:
    """Give a finding as a JSON document; its fix is a request, as AWS takes it."""
    return {
        "alarm": finding.alarm,
        "code": str(finding.code),
        "severity": str(finding.severity),
        "what": finding.what,
        "why": finding.why,
        "fix": finding.fix_sentence,
        "request": fix_request(finding),
    }


def fix_request(finding: Finding) -> dict[str, Any] | None:
    """Give the AWS call that mends a finding, where it is one: service, operation and parameters."""
    if finding.fix is not None:
        params = request_of(finding.fix)
        return {"service": "cloudwatch", "operation": operation_of(params), "params": params}
    if finding.call is not None:
        call = finding.call
        return {"service": call.service, "operation": call.operation, "params": dict(call.params)}
    return None
