"""Budget actions: said before they exist, priced, made once, and taken off again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from budgets.actions import (
    ActionKind,
    BudgetAction,
    check,
    create,
    delete,
    dry_run,
    execute,
    from_response,
    month_of_actions,
    to_request,
)
from budgets.definition import Subscriber
from budgets.publishing import create as create_budget
from budgets.publishing import delete as delete_budget
from budgets.refusals import DefinitionErrors
from core.money import ZERO, Money
from tests.unit.budgets.fake_budgets import FakeBudgets
from tests.unit.budgets.test_publishing import HERE, MONTH, done, live

STOP = BudgetAction(
    "month",
    ActionKind.SSM,
    "ACTUAL",
    Decimal(90),
    {"ActionSubType": "STOP_EC2_INSTANCES", "Region": "us-east-1", "InstanceIds": ["i-0123456789abcdef0"]},
    "arn:aws:iam::111111111111:role/budget-actions",
    subscribers=(Subscriber("EMAIL", "a@b.test"),),
)
DENY = replace(
    STOP,
    kind=ActionKind.IAM,
    definition={"PolicyArn": "arn:aws:iam::aws:policy/AWSDenyAll", "Roles": ["builders"], "Users": ["ana"]},
    by_hand=False,
)
CLOSE = replace(
    STOP, kind=ActionKind.SCP, definition={"PolicyId": "p-examplepolicyid", "TargetIds": ["ou-abcd-12345678"]}
)


@pytest.mark.parametrize("action", [STOP, DENY, CLOSE])
def test_an_action_goes_there_and_back_and_aws_takes_it(action: BudgetAction) -> None:
    check(action)
    assert from_response({**to_request(action), "ActionId": "x", "Status": "STANDBY"}) == action


def test_a_dry_run_says_when_what_and_how_it_is_taken_back() -> None:
    said = dry_run(STOP, MONTH)
    assert (
        said[0]
        == "When it is actual more than 90 % of the limit: AWS tells a@b.test and waits until somebody approves."
    )
    assert "would stop the EC2 instances i-0123456789abcdef0 in us-east-1" in said[1]
    assert "stay stopped" in said[2]
    said = dry_run(DENY, MONTH)
    assert "AWS acts at once and tells a@b.test" in said[0]
    assert "attach the policy AWSDenyAll to user ana, role builders" in said[1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"role": "nobody"}, "ExecutionRoleArn"),
        ({"subscribers": ()}, "Subscribers"),
        ({"definition": {"ActionSubType": "STOP_EC2_INSTANCES", "Region": "x", "InstanceIds": ["i-0"]}},
         "Definition.SsmActionDefinition.Region"),
        ({"kind": ActionKind.IAM, "definition": {"PolicyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}},
         "Definition.IamActionDefinition"),
    ],
)  # fmt: skip
def test_what_aws_would_refuse_is_said_by_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        check(replace(STOP, **change))
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(("budgets", "month"), [(0, "0"), (2, "0"), (3, "3.10"), (4, "6.20")])
def test_two_budgets_with_actions_are_free(budgets: int, month: str) -> None:
    assert month_of_actions(budgets) == Money(Decimal(month))


def test_an_action_is_made_once_and_taken_off_again() -> None:
    cloud = FakeBudgets()
    done(create_budget(MONTH, scope=HERE), cloud)
    plan = create(STOP, MONTH, scope=HERE, existing=(), acting=2)
    assert plan.price_difference == Money(Decimal("3.10"))
    made = done(plan, cloud)
    again = done(plan, cloud)
    assert again.sentence == "It was so already; nothing was written."
    assert len(live(cloud).actions) == 1
    done(made.undo, cloud)
    assert live(cloud).actions == ()


def test_the_same_action_twice_is_refused() -> None:
    existing = [{**to_request(STOP), "ActionId": "x", "Status": "STANDBY"}]
    with pytest.raises(DefinitionErrors):
        create(STOP, MONTH, scope=HERE, existing=existing, acting=1)


def test_a_deleted_budget_comes_back_with_its_actions() -> None:
    cloud = FakeBudgets()
    done(create_budget(MONTH, scope=HERE), cloud)
    for action in (STOP, DENY):
        done(create(action, MONTH, scope=HERE, existing=(), acting=0), cloud)
    plan = delete_budget(live(cloud), scope=HERE, acting=1)
    assert [step.operation for step in plan.steps] == ["DeleteBudgetAction", "DeleteBudgetAction", "DeleteBudget"]
    assert (plan.price_before, plan.price_after) == (ZERO, ZERO)
    done(done(plan, cloud).undo, cloud)
    assert sorted(from_response(each).kind for each in live(cloud).actions) == [ActionKind.IAM, ActionKind.SSM]


def test_one_action_is_taken_off_and_put_back() -> None:
    cloud = FakeBudgets()
    done(create_budget(MONTH, scope=HERE), cloud)
    done(create(STOP, MONTH, scope=HERE, existing=(), acting=0), cloud)
    (action,) = live(cloud).actions
    gone = done(delete(action, scope=HERE, others=0, acting=1), cloud)
    assert live(cloud).actions == ()
    done(gone.undo, cloud)
    assert from_response(live(cloud).actions[0]) == STOP


def test_approving_says_what_it_does_and_needs_an_administrator() -> None:
    plan = execute({**to_request(STOP), "ActionId": "x", "Status": "PENDING"}, "APPROVE_BUDGET_ACTION", scope=HERE)
    assert "stop the EC2 instances" in plan.steps[0].sentence
    assert "stay stopped" in plan.warnings[0]
    assert plan.actions[0].value == "run-guard"
