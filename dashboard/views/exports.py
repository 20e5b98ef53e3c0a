"""Alarms as files to take away, in every language that reads them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from alarms.as_code import writing
from alarms.definition import Alarm


@dataclass(frozen=True, slots=True)
class Language:
    """How alarms are written down."""

    name: str
    """As people call it."""
    file_name: str
    """What the file is called."""
    highlight: str
    """What the code block is coloured as."""
    write: Callable[[Sequence[Alarm]], str]
    """Raises `CannotWriteError` for an alarm that the language has no words for."""


def _commands(alarms: Sequence[Alarm]) -> str:
    return "\n".join(writing.as_cli(alarm) for alarm in alarms)


def _script(alarms: Sequence[Alarm]) -> str:
    return "\n".join(writing.as_boto3(alarm) for alarm in alarms)


JSON: Final = Language("JSON", "alarms.json", "json", writing.as_requests)
"""The form that loses nothing."""
LANGUAGES: Final = (
    JSON,
    Language("CloudFormation", "alarms.template.yaml", "yaml", writing.as_cloudformation),
    Language("Terraform", "alarms.tf", "hcl", lambda alarms: writing.as_terraform(alarms).text),
    Language("AWS CLI", "alarms.sh", "bash", _commands),
    Language("boto3", "alarms.py", "python", _script),
)
