"""Budget actions: what AWS does when a budget's threshold is crossed, said in words before it exists.

An action attaches an IAM policy or a service control policy, or stops instances. AWS may wait for a person's approval,
and takes the first two back when the period begins anew; stopped instances are started again only by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import StructureShape

from access.changes import Answer, ChangePlan, Document, Expected, Look, Step, canonical, differences
from access.policy import Action
from budgets.definition import ANY_ACCOUNT, Alert, BudgetDefinition, Subscriber
from budgets.refusals import DefinitionErrors
from budgets.words import alert_words, told_words
from core.money import Money
from core.reading import Scope
from core.shapes import Problem, problems

_CREATE: Final = ("budgets", "CreateBudgetAction")
_DELETE: Final = ("budgets", "DeleteBudgetAction")
_EXECUTE: Final = ("budgets", "ExecuteBudgetAction")
_LIST: Final = ("budgets", "DescribeBudgetActionsForBudget")

PRICE_A_DAY: Final = Money(Decimal("0.10"))
FREE_DAYS: Final = 62
"""Days of budgets with actions that are free each month. Read November 2026.
https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/"""
DAYS_OF_A_MONTH: Final = 31
"""The dearest month."""
_ANSWERED: Final = frozenset({"ActionId", "Status", "BudgetName"})
"""Members of a described action that are no part of what was asked for."""


class ActionKind(StrEnum):
    """What is done, in AWS's words."""

    IAM = "APPLY_IAM_POLICY"
    SCP = "APPLY_SCP_POLICY"
    SSM = "RUN_SSM_DOCUMENTS"


@dataclass(frozen=True, slots=True)
class BudgetAction:
    """An action as it is put."""

    budget: str
    kind: ActionKind
    of: str
    """`ACTUAL` or `FORECASTED`."""
    threshold: Decimal
    definition: Mapping[str, Any] = field(hash=False)
    """AWS's IamActionDefinition, ScpActionDefinition or SsmActionDefinition, without that name."""
    role: str
    """ARN of the role that AWS Budgets takes on to do it."""
    unit: str = "PERCENTAGE"
    by_hand: bool = True
    """Whether AWS waits for a person's approval."""
    subscribers: tuple[Subscriber, ...] = ()


_DEFINITIONS: Final[Mapping[ActionKind, str]] = {
    ActionKind.IAM: "IamActionDefinition",
    ActionKind.SCP: "ScpActionDefinition",
    ActionKind.SSM: "SsmActionDefinition",
}
STOPS: Final[Mapping[str, str]] = {"STOP_EC2_INSTANCES": "EC2 instances", "STOP_RDS_INSTANCES": "RDS instances"}


def month_of_actions(budgets: int) -> Money:
    """Give what a month costs with so many budgets that have actions: the first 62 budget-days are free.

    >>> str(month_of_actions(2)), str(month_of_actions(3))
    ('$0.00', '$3.10')
    """
    return PRICE_A_DAY * max(0, budgets * DAYS_OF_A_MONTH - FREE_DAYS)


def to_request(action: BudgetAction) -> dict[str, Any]:
    """Give CreateBudgetAction's parameters without AccountId."""
    return {
        "BudgetName": action.budget,
        "NotificationType": action.of,
        "ActionType": action.kind.value,
        "ActionThreshold": {
            "ActionThresholdValue": float(action.threshold),
            "ActionThresholdType": action.unit,
        },
        "Definition": {_DEFINITIONS[action.kind]: dict(action.definition)},
        "ExecutionRoleArn": action.role,
        "ApprovalModel": "MANUAL" if action.by_hand else "AUTOMATIC",
        "Subscribers": [{"SubscriptionType": each.kind, "Address": each.address} for each in action.subscribers],
    }


def from_response(action: Document) -> BudgetAction:
    """Read one of AWS's actions."""
    kind = ActionKind(action["ActionType"])
    threshold = action["ActionThreshold"]
    return BudgetAction(
        budget=action["BudgetName"],
        kind=kind,
        of=action["NotificationType"],
        threshold=Decimal(str(threshold["ActionThresholdValue"])),
        definition=action["Definition"].get(_DEFINITIONS[kind]) or {},
        role=action["ExecutionRoleArn"],
        unit=threshold["ActionThresholdType"],
        by_hand=action["ApprovalModel"] == "MANUAL",
        subscribers=tuple(Subscriber(each["SubscriptionType"], each["Address"]) for each in action["Subscribers"]),
    )


def check(action: BudgetAction) -> None:
    """Raise DefinitionErrors with every field that AWS would refuse."""
    found = dict(reversed(list(_problems(action))))
    if found:
        raise DefinitionErrors(found)


def _problems(action: BudgetAction) -> Iterator[Problem]:
    yield from problems({"AccountId": ANY_ACCOUNT, **to_request(action)}, _shape())
    if action.kind is ActionKind.IAM and not any(action.definition.get(who) for who in ("Users", "Groups", "Roles")):
        yield "Definition.IamActionDefinition", "name at least one user, group or role to attach the policy to"


@cache
def _shape() -> StructureShape:
    model = botocore.session.Session().get_service_model("budgets")
    shape = model.operation_model("CreateBudgetAction").input_shape
    if shape is None:
        raise LookupError("botocore's model of CreateBudgetAction has no input")
    return shape


# -- in words ---------------------------------------------------------------------------------------------------------


def dry_run(action: BudgetAction, budget: BudgetDefinition) -> tuple[str, ...]:
    """Say what would happen, a sentence each; foreign text. Nothing is done."""
    when = alert_words(Alert(action.of, action.threshold, action.unit), budget)
    first = (
        "AWS tells {who} and waits until somebody approves." if action.by_hand else "AWS acts at once and tells {who}."
    )
    return (
        f"When it is {when}: {first.format(who=told_words(action.subscribers))}",
        f"Then it takes on the role {action.role.rpartition('/')[2]} and would {what(action)}.",
        back(action),
        "AWS sees the cost 8 to 12 hours late, so the action comes that much later than the spending.",
    )


def what(action: BudgetAction) -> str:
    """Say what an action does, to go on from "would"; foreign text."""
    given = action.definition
    if action.kind is ActionKind.SSM:
        kind = STOPS.get(given.get("ActionSubType", ""), "instances")
        return f"stop the {kind} {', '.join(given.get('InstanceIds', ()))} in {given.get('Region', '')}"
    if action.kind is ActionKind.SCP:
        return (
            f"attach the service control policy {given.get('PolicyId', '')} to {', '.join(given.get('TargetIds', ()))}"
        )
    whom = [f"{who[:-1].lower()} {name}" for who in ("Users", "Groups", "Roles") for name in given.get(who, ())]
    return f"attach the policy {str(given.get('PolicyArn', '')).rpartition('/')[2]} to {', '.join(whom)}"


def back(action: BudgetAction) -> str:
    """Say how what an action did is taken back."""
    if action.kind is ActionKind.SSM:
        return (
            "Stopped instances stay stopped until somebody starts them; an Auto Scaling group replaces its own at once."
        )
    return "AWS takes the policy off again when the budget's next period begins, or when somebody reverses the action."


# -- plans ------------------------------------------------------------------------------------------------------------


def create(
    action: BudgetAction, budget: BudgetDefinition, *, scope: Scope, existing: Sequence[Document], acting: int
) -> ChangePlan:
    """Plan to give a budget an action; `acting` is how many budgets of the account have one already.

    Raises DefinitionErrors with what AWS would refuse, and where the budget has the same action already.
    """
    check(action)
    request = to_request(action)
    if any(canonical(plain(each)) == canonical(plain(request)) for each in existing):
        raise DefinitionErrors({"": "the budget has this action already; change something, or leave it"})
    after = acting + (0 if existing else 1)
    return ChangePlan(
        f"Give the budget {budget.name} an action",
        (_create_step(request, scope),),
        differences(None, _fields(action, budget), thing=budget.name),
        month_of_actions(acting),
        month_of_actions(after),
        (
            *dry_run(action, budget),
            f"The role {action.role} has to trust budgets.amazonaws.com, and you need the right to pass it on.",
        ),
    )


def delete(live: Document, *, scope: Scope, others: int, acting: int) -> ChangePlan:
    """Plan to take an action off its budget; `others` is how many more the budget has."""
    name = live["BudgetName"]
    return ChangePlan(
        f"Take an action off the budget {name}",
        tuple(delete_steps(name, [live], scope)),
        differences({"Action": what(from_response(live))}, None, thing=name),
        month_of_actions(acting),
        month_of_actions(acting if others else acting - 1),
    )


def delete_steps(budget: str, actions: Sequence[Document], scope: Scope) -> Iterator[Step]:
    """Delete the actions of a budget, one call each."""
    for live in actions:
        request = {"BudgetName": budget, **plain(live)}
        made = _create_step(request, scope)
        expected = made.expected and replace(made.expected, before=made.expected.after, after=None)
        where = {"AccountId": scope.account, "BudgetName": budget, "ActionId": live["ActionId"]}
        words = what(from_response({**live, "BudgetName": budget}))
        yield replace(
            made,
            operation=_DELETE[1],
            params=where,
            sentence=f"Take off the action that would {words}",
            expected=expected,
            undo=made,
            key="",
            once=False,
        )


def execute(live: Document, how: str, *, scope: Scope) -> ChangePlan:
    """Plan to approve, reverse, retry or reset an action; `how` is AWS's ExecutionType."""
    name, action = live["BudgetName"], from_response(live)
    params = {"AccountId": scope.account, "BudgetName": name, "ActionId": live["ActionId"], "ExecutionType": how}
    words = {
        "APPROVE_BUDGET_ACTION": f"Approve it: {what(action)}",
        "RETRY_BUDGET_ACTION": f"Try again to {what(action)}",
        "REVERSE_BUDGET_ACTION": f"Take back what it did: {what(action)}",
        "RESET_BUDGET_ACTION": "Let it wait for the next time",
    }
    step = Step(*_EXECUTE, params, scope, words[how], Action.RUN_GUARD, (name,))
    warnings = (back(action),) if how in {"APPROVE_BUDGET_ACTION", "RETRY_BUDGET_ACTION"} else ()
    return ChangePlan(f"{words[how].partition(':')[0]} for the budget {name}", (step,), warnings=warnings)


def _create_step(request: Document, scope: Scope) -> Step:
    name = request["BudgetName"]
    look = Look(*_LIST, {"AccountId": scope.account, "BudgetName": name}, ActionVersion(canonical(plain(request))))
    expected = Expected(look, None, plain(request))
    action = from_response(request)
    key = f"action of {name}: {canonical(plain(request))}"
    back_again = Step(
        *_DELETE,
        {"AccountId": scope.account, "BudgetName": name, "ActionId": Answer(key, "ActionId")},
        scope,
        f"Take off the action that would {what(action)}",
        Action.EDIT_BUDGET,
        (name,),
        expected=replace(expected, before=expected.after, after=None),
    )
    return Step(
        *_CREATE,
        {"AccountId": scope.account, **request},
        scope,
        f"Give {name} an action that would {what(action)}",
        Action.EDIT_BUDGET,
        (name,),
        undo=back_again,
        expected=expected,
        key=key,
        once=True,
    )


@dataclass(frozen=True, slots=True)
class ActionVersion:
    """Finds one action among those of its budget, by what it asks for."""

    wanted: str

    def __call__(self, answer: Mapping[str, Any]) -> Document | None:
        return next((plain(each) for each in answer.get("Actions", ()) if canonical(plain(each)) == self.wanted), None)


def plain(action: Document) -> Document:
    """Give what was asked for of an action."""
    threshold = action["ActionThreshold"]
    asked = {name: value for name, value in action.items() if name not in _ANSWERED}
    return asked | {"ActionThreshold": {**threshold, "ActionThresholdValue": float(threshold["ActionThresholdValue"])}}


def _fields(action: BudgetAction, budget: BudgetDefinition) -> dict[str, str]:
    return {
        "When": alert_words(Alert(action.of, action.threshold, action.unit), budget),
        "What": what(action),
        "Approval": "by a person" if action.by_hand else "none, AWS acts at once",
        "Role": action.role,
        "Who is told": told_words(action.subscribers),
    }
