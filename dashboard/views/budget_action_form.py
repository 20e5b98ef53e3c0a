"""The form of a budget action: a draft read into an action with its dry run, or what is wrong beside which field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from budgets.actions import ActionKind, BudgetAction, check, dry_run
from budgets.definition import BudgetDefinition
from budgets.refusals import DefinitionErrors
from dashboard.views.budget_form import addresses, subscribers
from dashboard.views.draft_text import DraftError

KINDS: Final[Mapping[str, str]] = {
    ActionKind.SSM: "Stop instances",
    ActionKind.IAM: "Attach an IAM policy",
    ActionKind.SCP: "Attach a service control policy",
}
_SEPARATORS: Final = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class ActionDraft:
    """The form, as it was typed: `kind`, `of`, `threshold`, `unit`, `role`, `approval`, `emails`, and what is done.

    `policy` and `who` are of an IAM policy, `policy` and `targets` of a service control policy, `stop`, `region` and
    `instances` of instances.
    """

    kind: str = ActionKind.SSM
    of: str = "ACTUAL"
    threshold: str = "100"
    unit: str = "PERCENTAGE"
    policy: str = ""
    who: str = ""
    targets: str = ""
    stop: str = "STOP_EC2_INSTANCES"
    region: str = ""
    instances: str = ""
    role: str = ""
    approval: str = "MANUAL"
    emails: str = ""


@dataclass(frozen=True, slots=True)
class CheckedAction:
    """A draft with what it asks for; `errors` says what is wrong or missing by field of the form, `""` the whole."""

    draft: ActionDraft
    """As it was typed."""
    action: BudgetAction | None
    """Where nothing is wrong."""
    errors: Mapping[str, str]
    sentences: tuple[str, ...] = ()
    """The dry run: what would happen, a sentence each; foreign text."""


def read(draft: ActionDraft, budget: BudgetDefinition) -> CheckedAction:
    """Read a draft into an action of `budget`, or say what is wrong beside which field."""
    try:
        threshold = Decimal(draft.threshold.strip())
    except InvalidOperation:
        return CheckedAction(draft, None, {"threshold": "Give a number such as 100."})
    needed = {"role": "Give the ARN of the role that AWS Budgets takes on.", "emails": "Say who is told."} | _needed(
        draft
    )
    missing = {name: words for name, words in needed.items() if not getattr(draft, name).strip()}
    if missing:
        return CheckedAction(draft, None, missing)
    action = BudgetAction(
        budget.name,
        ActionKind(draft.kind),
        draft.of,
        threshold,
        _definition(draft),
        draft.role.strip(),
        draft.unit,
        by_hand=draft.approval != "AUTOMATIC",
        subscribers=subscribers(draft.emails, ""),
    )
    try:
        check(action)
    except DefinitionErrors as error:
        return CheckedAction(draft, None, {_place(name): words for name, words in error.fields.items()})
    return CheckedAction(draft, action, {}, dry_run(action, budget))


def _needed(draft: ActionDraft) -> dict[str, str]:
    if draft.kind == ActionKind.IAM:
        return {"policy": "Give the policy's ARN.", "who": "Name roles, users or groups, as role/builders."}
    if draft.kind == ActionKind.SCP:
        return {"policy": "Give the policy's id, p-…", "targets": "Name accounts or organizational units."}
    return {"region": "Give the region, such as us-east-1.", "instances": "Name the instances."}


def _definition(draft: ActionDraft) -> dict[str, Any]:
    if draft.kind == ActionKind.SCP:
        return {"PolicyId": draft.policy.strip(), "TargetIds": _listed(draft.targets)}
    if draft.kind == ActionKind.IAM:
        named = [each.partition("/") for each in _listed(draft.who)]
        kinds = {"Roles": "role", "Users": "user", "Groups": "group"}
        found = {name: [who for kind, _, who in named if kind == word and who] for name, word in kinds.items()}
        return {"PolicyArn": draft.policy.strip(), **{name: each for name, each in found.items() if each}}
    return {
        "ActionSubType": draft.stop,
        "Region": draft.region.strip(),
        "InstanceIds": _listed(draft.instances),
    }


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(each for each in _SEPARATORS.split(text) if each))


_PLACES: Final[Mapping[str, str]] = {
    "PolicyArn": "policy",
    "PolicyId": "policy",
    "TargetIds": "targets",
    "Region": "region",
    "InstanceIds": "instances",
    "ExecutionRoleArn": "role",
    "Subscribers": "emails",
    "ActionThreshold": "threshold",
    "IamActionDefinition": "who",
}


def _place(name: str) -> str:
    return next((place for member, place in _PLACES.items() if member in name), "")


def document(draft: ActionDraft) -> str:
    """Write a draft as JSON."""
    return json.dumps(asdict(draft), ensure_ascii=False, separators=(",", ":"))


def read_document(text: str) -> ActionDraft:
    """Read what `document` wrote; raises DraftError for what no form could have written."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DraftError("the draft is no JSON; open a new form, or the link as it was sent") from None
    known = {each.name for each in fields(ActionDraft)}
    texts = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    if not texts or set(found) - known or found.get("kind", ActionKind.SSM) not in set(ActionKind):
        raise DraftError("the draft is none of a budget action; open a new form, or the link as it was sent")
    return ActionDraft(**found)


def begun(*, emails: str, region: str) -> ActionDraft:
    """Give the form's start."""
    return ActionDraft(emails=", ".join(addresses(emails)), region=region)
