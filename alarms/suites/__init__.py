"""Alarms tested like code: YAML cases, run with the production evaluator and a simulated clock.

What a suite looks like is in docs/notation.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from alarms.as_code import SourceError
from alarms.suites.cases import Case, Suite, read_suite
from alarms.suites.feeding import FeedError
from alarms.suites.running import run_case
from alarms.suites.showing import differences

__all__ = ["CaseResult", "SuiteResult", "run", "text"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case."""

    name: str
    line: int
    differences: tuple[str, ...] = ()
    """Blocks of text: what was expected, what was found, and why."""
    error: str = ""
    """Why the case could not be run."""

    @property
    def passed(self) -> bool:
        return not self.differences and not self.error


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What became of a file."""

    file: str
    cases: tuple[CaseResult, ...] = ()
    error: str = ""
    """Why the file could not be read."""
    error_line: int = 0

    @property
    def exit_code(self) -> int:
        """0 where every case passed, 1 where one failed, 2 where the file or a case could not be run."""
        if self.error or any(case.error for case in self.cases):
            return 2
        return 0 if all(case.passed for case in self.cases) else 1


def run(path: Path, *, parameters: Mapping[str, str] | None = None) -> SuiteResult:
    """Run the cases of a file. `parameters` go to the templates and modules that it names."""
    try:
        suite = read_suite(path, parameters=parameters or {})
    except SourceError as error:
        return SuiteResult(str(path), error=error.reason, error_line=error.line)
    return SuiteResult(str(path), tuple(_result(case, suite) for case in suite.cases))


def _result(case: Case, suite: Suite) -> CaseResult:
    try:
        outcome = run_case(case, suite.alarms)
    except FeedError as error:
        return CaseResult(case.name, case.line, error=str(error))
    return CaseResult(case.name, case.line, differences(case, outcome))


def text(results: Iterable[SuiteResult]) -> str:
    """Write what became of the files: a line a case, a block for each difference, a sum at the end."""
    lines: list[str] = []
    failed = passed = 0
    for result in results:
        if result.error:
            lines.append(f"ERROR {result.file}, line {result.error_line}: {result.error}")
            failed += 1
        for case in result.cases:
            lines += _case_lines(case, result.file)
            passed, failed = passed + case.passed, failed + (not case.passed)
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed"])


def _case_lines(case: CaseResult, file: str) -> list[str]:
    word = "ok   " if case.passed else "ERROR" if case.error else "FAIL "
    where = "" if case.passed else f" ({file}, line {case.line})"
    blocks = [case.error] if case.error else case.differences
    indented = [f"      {line}" for block in blocks for line in block.splitlines()]
    return [f"{word} {case.name}{where}", *indented]
