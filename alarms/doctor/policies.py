"""Whether a resource policy lets CloudWatch in: the part of IAM's logic that can be decided from the policy alone.

What cannot be (conditions on keys that we do not know of a call by AWS, policy variables, `NotPrincipal`) is `None`, in
words "cannot tell", and never guessed.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

SERVICE: Final = "cloudwatch.amazonaws.com"
"""Whom an alarm's notification comes from."""

Truth = bool | None
"""None: cannot tell."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One call by an AWS service."""

    action: str
    """`sns:Publish`."""
    resource: str
    account: str
    """Whose alarm calls."""
    context: Mapping[str, str]
    """Condition keys in lower case whose value is known."""
    as_account: Truth
    """Whether a statement for the account as a whole covers the service."""
    service: str = SERVICE
    """Who calls."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a policy says of a call."""

    allowed: Truth
    reason: str
    """A clause for people, without names out of the policy."""
    statement: int | None = None
    """The place of the statement that decides, where one does."""


def rule(policy: str, caller: Caller) -> Ruling:
    """Give what the policy says. An explicit Deny wins; without an Allow the call is refused."""
    statements = _statements(policy)
    if statements is None:
        return Ruling(allowed=None, reason="the policy is not JSON that we can read")
    matches = [(place, statement, _applies(statement, caller)) for place, statement in enumerate(statements)]
    denials = [(place, truth) for place, statement, truth in matches if statement.get("Effect") == "Deny"]
    grants = [(place, truth) for place, statement, truth in matches if statement.get("Effect") == "Allow"]
    denied = _first(denials, wanted=True)
    if denied is not None:
        return Ruling(allowed=False, reason=f"statement {denied + 1} denies it", statement=denied)
    granted, perhaps = _first(grants, wanted=True), _first(grants, wanted=None)
    if granted is None and perhaps is None:
        return Ruling(allowed=False, reason="no statement allows it")
    doubtful = _first(denials, wanted=None)
    if doubtful is not None or granted is None:
        place = doubtful if doubtful is not None else perhaps
        doubt = f"statement {(place or 0) + 1} depends on what only AWS knows of the call"
        return Ruling(allowed=None, reason=doubt, statement=place)
    return Ruling(allowed=True, reason=f"statement {granted + 1} allows it", statement=granted)


def with_statement(policy: str, statement: Mapping[str, Any], *, version: str = "2012-10-17") -> str:
    """Give the policy with one statement more, as JSON text. Raises ValueError for one that cannot be read."""
    statements = _statements(policy)
    if statements is None:
        raise ValueError("the policy is not JSON that we can read; mend it by hand first")
    document = json.loads(policy) if policy.strip() else {"Version": version}
    return json.dumps(document | {"Statement": [*statements, dict(statement)]})


def _statements(policy: str) -> list[dict[str, Any]] | None:
    if not policy.strip():
        return []
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    statements = _listed(document.get("Statement", []))
    return statements if all(isinstance(statement, dict) for statement in statements) else None


def _first(matches: Iterable[tuple[int, Truth]], *, wanted: Truth) -> int | None:
    return next((place for place, truth in matches if truth is wanted), None)


def _applies(statement: Mapping[str, Any], caller: Caller) -> Truth:
    return _all(
        (
            _names(statement, "Action", lambda pattern: glob(pattern.lower(), caller.action.lower())),
            # A key policy has `*` for its own key; a topic policy may leave the resource out.
            _names(statement, "Resource", lambda pattern: glob(pattern, caller.resource), default=True),
            _principal(statement, caller),
            _conditions(statement.get("Condition", {}), caller.context),
        )
    )


def _names(
    statement: Mapping[str, Any], member: str, matches: Callable[[str], bool], *, default: bool = False
) -> Truth:
    """Whether `Action` or `Resource`, or their `Not` forms, cover the call."""
    inverted = f"Not{member}" in statement
    given = statement.get(f"Not{member}" if inverted else member)
    if given is None:
        return default
    patterns = _listed(given)
    if any("${" in str(pattern) for pattern in patterns):
        return None
    return any(matches(str(pattern)) for pattern in patterns) is not inverted


def _principal(statement: Mapping[str, Any], caller: Caller) -> Truth:
    if "NotPrincipal" in statement:
        return None
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    accounts = [str(each) for each in _listed(principal.get("AWS", []))]
    services = [str(each).lower() for each in _listed(principal.get("Service", []))]
    if "*" in accounts or caller.service in services or "*" in services:
        return True
    whole = [each for each in accounts if each == caller.account or each.endswith(f"::{caller.account}:root")]
    return caller.as_account if whole else False


def _conditions(condition: Any, context: Mapping[str, str]) -> Truth:
    if not isinstance(condition, Mapping):
        return None
    return _all(
        _condition(operator, key.lower(), [str(value) for value in _listed(values)], context)
        for operator, tests in condition.items()
        for key, values in (tests.items() if isinstance(tests, Mapping) else [("?", [])])
    )


def _condition(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> Truth:
    """One test of a condition; an operator or a key that we do not know decides nothing."""
    name = operator.removesuffix("IfExists")
    test = _OPERATORS.get(name)
    actual = context.get(key)
    if actual is None or any("${" in value for value in values):
        return None
    if name == "Null":
        return any(value.lower() == "false" for value in values)
    if test is None:
        return None
    matches, negated = test
    # Values in JSON may be true or 123; IAM compares their text.
    return any(matches(value, actual) for value in values) is not negated


def glob(pattern: str, text: str) -> bool:
    """Tell whether `text` is of the pattern, in which `*` is any text and `?` any character.

    In linear steps for the pattern's stars, because policies are other people's text.

    >>> glob("sns:Pub*", "sns:Publish"), glob("*:alarm:a?", "x:alarm:abc")
    (True, False)
    """
    place = mark = at = 0
    star = -1
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, mark, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            place, at = place + 1, at + 1
        elif star >= 0:
            mark += 1
            place, at = star + 1, mark
        else:
            return False
    return not pattern[place:].strip("*")


def _arn_glob(pattern: str, arn: str) -> bool:
    """Compare as ArnLike does: each of the six parts on its own."""
    parts, actual = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(actual) and all(glob(one, other) for one, other in zip(parts, actual, strict=True))


def _equal(value: str, actual: str) -> bool:
    return value == actual


def _equal_in_any_case(value: str, actual: str) -> bool:
    return value.casefold() == actual.casefold()


_OPERATORS: Final[Mapping[str, tuple[Callable[[str, str], bool], bool]]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_in_any_case, False),
    "StringNotEqualsIgnoreCase": (_equal_in_any_case, True),
    "StringLike": (glob, False),
    "StringNotLike": (glob, True),
    "ArnEquals": (_arn_glob, False),
    "ArnLike": (_arn_glob, False),
    "ArnNotEquals": (_arn_glob, True),
    "ArnNotLike": (_arn_glob, True),
    "Bool": (_equal_in_any_case, False),
}
"""How a value of the policy is compared with the call's, and whether the result is turned round."""


def _all(truths: Iterable[Truth]) -> Truth:
    """False where one is, else None where one is, else True."""
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
