"""Alarms written as code: the AWS CLI, boto3, CloudFormation and Terraform; `alarms.as_code.load` reads them back.

Names, descriptions and tags are other people's text. They are quoted for the language they are written in, and
nothing that a terminal, a shell, CloudFormation or Terraform would act on is left in them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from alarms.as_code.hcl_writing import block, text
from alarms.as_code.terraform_members import resource_of
from alarms.definition import Alarm, CompositeAlarm, LogAlarm, to_request
from alarms.wire import operation_of

DYNAMIC_REFERENCE: Final = "{{resolve:"
"""What CloudFormation replaces with a parameter or a secret wherever it stands; there is no way to write it as text.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html"""
_TYPES: Final = {
    "PutMetricAlarm": "AWS::CloudWatch::Alarm",
    "PutCompositeAlarm": "AWS::CloudWatch::CompositeAlarm",
    "PutLogAlarm": "AWS::CloudWatch::LogAlarm",
}
_LONGEST_ID: Final = 200


class CannotWriteError(ValueError):
    """An alarm that a language has no words for; says why and which language has."""


@dataclass(frozen=True, slots=True)
class Written:
    """Alarms in one language."""

    text: str
    left_out: tuple[str, ...] = ()
    """A sentence for each member that the language has no name for; it stands as a comment in the text too."""


def write(alarms: Iterable[Alarm], language: str) -> Written:
    """Write alarms in one of `LANGUAGES`."""
    return _WRITERS[language](alarms)


def as_requests(alarms: Iterable[Alarm]) -> str:
    """Write alarms as a JSON list of the requests that make them: the form that loses nothing."""
    return json.dumps([to_request(alarm) for alarm in alarms], indent=2) + "\n"


def as_cli(alarm: Alarm) -> str:
    """Write the AWS CLI command that makes the alarm.

    The request goes in as one JSON argument: a plain option that begins with `file://` would make the CLI read a file.
    """
    request = to_request(alarm)
    command = re.sub(r"(?<!^)([A-Z])", r"-\1", operation_of(request)).lower()
    return f"aws cloudwatch {command} --cli-input-json {shlex.quote(json.dumps(request, indent=2))}\n"


def as_boto3(alarm: Alarm) -> str:
    """Write the boto3 call that makes the alarm."""
    request = to_request(alarm)
    method = re.sub(r"(?<!^)([A-Z])", r"_\1", operation_of(request)).lower()
    arguments = "".join(f"    {name}={_python(value)},\n" for name, value in request.items())
    return f'import boto3\n\ncloudwatch = boto3.client("cloudwatch")\ncloudwatch.{method}(\n{arguments})\n'


def as_cloudformation(alarms: Iterable[Alarm]) -> str:
    """Write a CloudFormation template, YAML, that makes the alarms; raises CannotWriteError for a dynamic reference."""
    resources: dict[str, Any] = {}
    for alarm, logical_id in _with_ids(alarms, r"[^A-Za-z0-9]+", joint=""):
        request = to_request(alarm)
        if DYNAMIC_REFERENCE in json.dumps(request):
            raise CannotWriteError(
                f"{alarm.name!r} holds {DYNAMIC_REFERENCE}…, which CloudFormation would replace when it deploys; take "
                "it out of the text, or write the alarm as AWS CLI JSON"
            )
        resources[logical_id] = {"Type": _TYPES[operation_of(request)], "Properties": request}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    return yaml.dump(template, Dumper=_Plain, sort_keys=False, width=100)


def as_terraform(alarms: Iterable[Alarm]) -> Written:
    """Write Terraform resources that make the alarms; what the AWS provider has no name for is left out, and said."""
    parts: list[str] = []
    left_out: list[str] = []
    for alarm, name in _with_ids(alarms, r"[^A-Za-z0-9_]+", joint="_"):
        if isinstance(alarm, LogAlarm):
            sentence = f"{alarm.name!r} is a log alarm, for which Terraform's AWS provider has no resource."
            left_out.append(sentence)
            parts.append(_comment(sentence))
            continue
        resource = resource_of(to_request(alarm), composite=isinstance(alarm, CompositeAlarm))
        sentences = [f"{alarm.name!r}: Terraform's AWS provider has no {member}." for member in resource.unnamed]
        left_out += sentences
        parts.append("".join(map(_comment, sentences)) + block("resource", (resource.kind, name), resource.members))
    return Written("\n".join(parts), tuple(left_out))


def _with_ids(alarms: Iterable[Alarm], other: str, *, joint: str) -> Iterator[tuple[Alarm, str]]:
    """Give each alarm an identifier made of its name, another one for each."""
    taken: set[str] = set()
    for alarm in alarms:
        words = [word for word in re.split(other, alarm.name) if word]
        stem = (joint.join(words) if joint else "".join(word[0].upper() + word[1:] for word in words))[:_LONGEST_ID]
        stem = stem if stem[:1].isalpha() else f"Alarm{joint}{stem}"
        found, number = stem, 2
        while found.lower() in taken:
            found, number = f"{stem}{joint}{number}", number + 1
        taken.add(found.lower())
        yield alarm, found


def _comment(sentence: str) -> str:
    return f"# {text(sentence)[1:-1]}\n"


def _python(value: Any, indent: str = "    ") -> str:
    """Give a Python literal over several lines, as a formatter would leave it."""
    if isinstance(value, dict):
        rows = [f"{json.dumps(name)}: {_python(member, indent + '    ')}" for name, member in value.items()]
        return _over_lines("{", rows, "}", indent)
    if isinstance(value, list):
        return _over_lines("[", [_python(member, indent + "    ") for member in value], "]", indent)
    return text(value, template=False) if isinstance(value, str) else repr(value)


def _over_lines(begin: str, rows: list[str], end: str, indent: str) -> str:
    return "".join((begin, "\n", *(f"{indent}    {row},\n" for row in rows), indent, end)) if rows else begin + end


class _Plain(yaml.SafeDumper):
    """Repeats what is the same instead of naming it once, and shows texts of several lines as such where it can."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        return True


def _one_by_one(write_one: Callable[[Alarm], str]) -> Callable[[Iterable[Alarm]], Written]:
    return lambda alarms: Written("\n".join(map(write_one, alarms)))


_WRITERS: Final[Mapping[str, Callable[[Iterable[Alarm]], Written]]] = {
    "json": lambda alarms: Written(as_requests(alarms)),
    "cloudformation": lambda alarms: Written(as_cloudformation(alarms)),
    "terraform": as_terraform,
    "cli": _one_by_one(as_cli),
    "boto3": _one_by_one(as_boto3),
}
LANGUAGES: Final = tuple(_WRITERS)
"""What alarms can be written in; the first loses nothing."""
