"""CloudFormation's intrinsic functions, as far as a template answers them itself.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
What it does not answer (another stack's export, an attribute of something not yet made) is left `Open`, by name.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from alarms.as_code.values import Open, joined, text_of, unknown

NO_VALUE: Final = object()
"""What `AWS::NoValue` gives: the member is left out."""
ALARM_TYPES: Final = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ONLY_DEPLOYED: Final = "only a deployed stack knows it"
_SUB: Final = re.compile(r"\$\{([^${}]*)\}")


class IntrinsicError(ValueError):
    """A function that is used as CloudFormation would not take it."""


class Intrinsics:
    """Answers the functions of one template."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._parameters = _section(template, "Parameters")
        self._mappings = _section(template, "Mappings")
        self._conditions = _section(template, "Conditions")
        self._resources = _section(template, "Resources")
        self._given = parameters
        self._decided: dict[str, bool | Open] = {}
        self._deciding: list[str] = []
        self._names: dict[str, Any] = {}
        self._naming: list[str] = []

    def resolve(self, value: Any) -> Any:
        """Give `value` with every function in it answered; NO_VALUE where it is to be left out."""
        if isinstance(value, list):
            return [entry for entry in map(self.resolve, value) if entry is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                return unknown(name, f"{name} runs only when the stack is deployed")
        resolved = {name: self.resolve(member) for name, member in value.items()}
        return {name: member for name, member in resolved.items() if member is not NO_VALUE}

    def holds(self, name: str) -> bool | Open:
        """Decide a condition by the parameters' values; Open where they do not decide it."""
        if name in self._decided:
            return self._decided[name]
        if name not in self._conditions:
            raise IntrinsicError(f"condition {name!r} is not in Conditions")
        if name in self._deciding:
            raise IntrinsicError(f"condition {name!r} asks for itself")
        self._deciding.append(name)
        try:
            self._decided[name] = self._truth(self._conditions[name])
        finally:
            self._deciding.pop()
        return self._decided[name]

    def alarm_name(self, logical_id: str) -> Any:
        """Give the name that an alarm of this template gets; its logical id where the template gives none."""
        if logical_id in self._names:
            return self._names[logical_id]
        resource = self._resources.get(logical_id)
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        if not isinstance(properties, dict) or "AlarmName" not in properties or logical_id in self._naming:
            return logical_id
        self._naming.append(logical_id)
        try:
            name = self.resolve(properties["AlarmName"])
        finally:
            self._naming.pop()
        self._names[logical_id] = name if isinstance(name, str) and name else logical_id
        return self._names[logical_id]

    def _truth(self, condition: Any) -> bool | Open:
        answer = self.resolve(condition)
        if isinstance(answer, Open | bool):
            return answer
        raise IntrinsicError(f"{text_of(answer)!r} is neither true nor false; use Fn::Equals, Fn::And, Fn::Or, Fn::Not")

    def ref(self, name: Any) -> Any:
        name = text_of(name)
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._given:
            return self._given[name]
        if name.startswith("AWS::"):
            return unknown(name, f"{_ONLY_DEPLOYED}; give it with --set {name}=…")
        if name in self._parameters:
            return self._parameter(name)
        resource = self._resources.get(name)
        if isinstance(resource, dict):
            kind = resource.get("Type")
            return self.alarm_name(name) if kind in ALARM_TYPES else unknown(name, _ONLY_DEPLOYED)
        return unknown(name, f"{name} is neither a parameter nor a resource of this template")

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        declared = declared if isinstance(declared, dict) else {}
        kind, default = text_of(declared.get("Type")), declared.get("Default")
        if default is None:
            return unknown(name, f"parameter {name} has no default; give it with --set {name}=…")
        if kind.startswith("AWS::SSM::Parameter::Value"):
            return unknown(name, f"parameter {name} is read from Parameter Store when the stack is deployed")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [part.strip() for part in text_of(default).split(",")]
        return text_of(default)

    def get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) < 2:
            raise IntrinsicError("Fn::GetAtt takes a resource and an attribute")
        logical_id, attribute = text_of(parts[0]), ".".join(text_of(self.resolve(part)) for part in parts[1:])
        resource = self._resources.get(logical_id)
        if isinstance(resource, dict) and resource.get("Type") in ALARM_TYPES and attribute == "Arn":
            place = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
            return joined([self.sub(place), self.alarm_name(logical_id)])
        return unknown(f"{logical_id}.{attribute}", _ONLY_DEPLOYED)

    def sub(self, argument: Any) -> Any:
        template, given = argument, {}
        if isinstance(argument, list):
            if len(argument) != 2 or not isinstance(argument[1], dict):
                raise IntrinsicError("Fn::Sub takes a text, or a list of a text and an object with its names")
            template, given = argument[0], {name: self.resolve(value) for name, value in argument[1].items()}
        if not isinstance(template, str):
            raise IntrinsicError("Fn::Sub takes a text, and functions only in the object beside it")
        parts: list[Any] = []
        end = 0
        for match in _SUB.finditer(template):
            parts += [template[end : match.start()], self._substituted(match, given)]
            end = match.end()
        return joined([*parts, template[end:]])

    def _substituted(self, match: re.Match[str], given: Mapping[str, Any]) -> Any:
        name = match[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in given:
            return given[name]
        value = self.get_att(name) if "." in name else self.ref(name)
        return ",".join(map(text_of, value)) if isinstance(value, list) else value

    def join(self, argument: Any) -> Any:
        separator, parts = self._arguments(argument, 2, "Fn::Join takes a separator and a list")
        if not isinstance(parts, list):
            return parts if isinstance(parts, Open) else text_of(parts)
        return joined(parts, between=text_of(separator))

    def choose(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise IntrinsicError("Fn::If takes a condition's name and two values")
        holds = self.holds(text_of(argument[0]))
        if isinstance(holds, Open):
            return unknown(f"Fn::If {argument[0]}", holds.why)
        return self.resolve(argument[1] if holds else argument[2])

    def find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) not in {3, 4}:
            raise IntrinsicError("Fn::FindInMap takes a map and two keys")
        keys = [self.resolve(key) for key in argument[:3]]
        opened = [key for key in keys if isinstance(key, Open)]
        found: Any = self._mappings
        for key in keys:
            found = found.get(text_of(key)) if isinstance(found, dict) else None
        if found is not None:
            return self.resolve(found)
        if len(argument) == 4 and isinstance(argument[3], dict) and "DefaultValue" in argument[3] and not opened:
            return self.resolve(argument[3]["DefaultValue"])
        name = "Fn::FindInMap " + ".".join(map(text_of, keys))
        return unknown(name, opened[0].why if opened else "Mappings has no such entry")

    def select(self, argument: Any) -> Any:
        index, entries = self._arguments(argument, 2, "Fn::Select takes an index and a list")
        if isinstance(entries, Open) or isinstance(index, Open):
            return entries if isinstance(entries, Open) else index
        number = int(index) if re.fullmatch(r"\d+", text_of(index)) else -1
        if not isinstance(entries, list) or not 0 <= number < len(entries):
            raise IntrinsicError(f"Fn::Select finds no entry {text_of(index)}")
        return entries[number]

    def split(self, argument: Any) -> Any:
        separator, text = self._arguments(argument, 2, "Fn::Split takes a separator and a text")
        if isinstance(text, Open):
            return [Open(part, text.why) if "${" in part else part for part in text.split(text_of(separator))]
        return text_of(text).split(text_of(separator) or ",")

    def import_value(self, argument: Any) -> Any:
        return unknown(f"Fn::ImportValue {text_of(self.resolve(argument))}", "another stack exports it")

    def equals(self, argument: Any) -> Any:
        left, right = self._arguments(argument, 2, "Fn::Equals takes two values")
        opened = next((side for side in (left, right) if isinstance(side, Open)), None)
        return opened if opened is not None else text_of(left) == text_of(right)

    def every(self, argument: Any) -> Any:
        return self._weighed(argument, settles=False)

    def some(self, argument: Any) -> Any:
        return self._weighed(argument, settles=True)

    def _weighed(self, argument: Any, *, settles: bool) -> Any:
        if not isinstance(argument, list):
            raise IntrinsicError("Fn::And and Fn::Or take a list of conditions")
        truths = [self._truth(part) for part in argument]
        if settles in [truth for truth in truths if not isinstance(truth, Open)]:
            return settles
        return next((truth for truth in truths if isinstance(truth, Open)), not settles)

    def negated(self, argument: Any) -> Any:
        (condition,) = argument if isinstance(argument, list) and len(argument) == 1 else (argument,)
        truth = self._truth(condition)
        return truth if isinstance(truth, Open) else not truth

    def condition(self, argument: Any) -> Any:
        return self.holds(text_of(argument))

    def encoded(self, argument: Any) -> Any:
        text = self.resolve(argument)
        return text if isinstance(text, Open) else base64.b64encode(text_of(text).encode()).decode()

    def length(self, argument: Any) -> Any:
        entries = self.resolve(argument)
        if isinstance(entries, Open):
            return entries
        if not isinstance(entries, list):
            raise IntrinsicError("Fn::Length takes a list")
        return len(entries)

    def as_json(self, argument: Any) -> Any:
        return joined([json.dumps(self.resolve(argument), separators=(",", ":"))])

    def _arguments(self, argument: Any, count: int, sentence: str) -> list[Any]:
        if not isinstance(argument, list) or len(argument) != count:
            raise IntrinsicError(sentence)
        return [self.resolve(part) for part in argument]


_FUNCTIONS: Final[Mapping[str, Callable[[Intrinsics, Any], Any]]] = {
    "Ref": Intrinsics.ref,
    "Condition": Intrinsics.condition,
    "Fn::GetAtt": Intrinsics.get_att,
    "Fn::Sub": Intrinsics.sub,
    "Fn::Join": Intrinsics.join,
    "Fn::If": Intrinsics.choose,
    "Fn::FindInMap": Intrinsics.find_in_map,
    "Fn::Select": Intrinsics.select,
    "Fn::Split": Intrinsics.split,
    "Fn::ImportValue": Intrinsics.import_value,
    "Fn::Equals": Intrinsics.equals,
    "Fn::And": Intrinsics.every,
    "Fn::Or": Intrinsics.some,
    "Fn::Not": Intrinsics.negated,
    "Fn::Base64": Intrinsics.encoded,
    "Fn::Length": Intrinsics.length,
    "Fn::ToJsonString": Intrinsics.as_json,
}


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = template.get(name)
    return section if isinstance(section, dict) else {}
