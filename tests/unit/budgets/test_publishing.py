"""Plans of budgets: whatever becomes what, AWS then has it, and the undo gives back what was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from access.audit import Audit
from access.changes import ChangePlan, Ending, Outcome, canonical, carry_out
from access.identity import Actor, Role
from budgets.definition import Alert, BudgetDefinition, Limit, Subscriber, zero_spend
from budgets.live import LiveBudget, notification_of, version_of
from budgets.publishing import LATE, RESETS, SILENT, UNTAGGED, create, delete, update
from budgets.refusals import DefinitionErrors
from core.money import ZERO
from core.reading import Scope
from tests.unit.budgets.fake_budgets import FakeBudgets
from tests.unit.budgets.strategies import budgets

HERE = Scope("111111111111", "us-east-1")
ANA, VIC = Actor("ana", Role.ENGINEER), Actor("vic", Role.VIEWER)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
MAIL = Subscriber("EMAIL", "a@b.test")
MONTH = BudgetDefinition("month", limit=Limit(Decimal(10)), alerts=(Alert("ACTUAL", Decimal(80), subscribers=(MAIL,)),))

Do = Callable[[ChangePlan | None], Outcome]


def carried(plan: ChangePlan | None, cloud: FakeBudgets, actor: Actor = ANA) -> Outcome:
    assert plan is not None
    with TemporaryDirectory() as folder:
        return carry_out(plan, actor, cloud, Audit(Path(folder)), now=NOW)


def done(plan: ChangePlan | None, cloud: FakeBudgets) -> Outcome:
    outcome = carried(plan, cloud)
    assert outcome.done, (outcome.sentence, [each.sentence for each in outcome.steps])
    return outcome


def live(cloud: FakeBudgets) -> LiveBudget:
    found = cloud.live("month")
    assert found is not None
    return found


def same(one: BudgetDefinition, other: BudgetDefinition, *, timed: bool) -> None:
    """Two budgets are the same to AWS: what was put, and who is told of what, in any order."""
    assert canonical(version_of(one, timed=timed)) == canonical(version_of(other, timed=timed))
    first, second = (
        {canonical(notification_of(alert)): set(alert.subscribers) for alert in budget.alerts}
        for budget in (one, other)
    )
    assert first == second


@given(budgets, budgets)
@settings(max_examples=150, deadline=None)
def test_any_budget_becomes_any_other_and_the_undo_gives_back_the_first(
    before: BudgetDefinition, after: BudgetDefinition
) -> None:
    cloud = FakeBudgets()
    made = done(create(before, scope=HERE), cloud)
    plan = update(after, live=live(cloud), scope=HERE)
    if not plan.steps:
        return
    changed = done(plan, cloud)
    same(live(cloud).definition, after, timed=after.start is not None)
    done(changed.undo, cloud)
    same(live(cloud).definition, before, timed=before.start is not None)
    done(made.undo, cloud)
    assert cloud.live("month") is None


@given(budgets)
@settings(max_examples=50, deadline=None)
def test_a_budget_that_is_as_planned_is_left_alone_and_one_deleted_comes_back(budget: BudgetDefinition) -> None:
    cloud = FakeBudgets()
    done(create(budget, scope=HERE), cloud)
    assert update(live(cloud).definition, live=live(cloud), scope=HERE).steps == ()
    gone = done(delete(live(cloud), scope=HERE), cloud)
    assert cloud.live("month") is None
    done(gone.undo, cloud)
    same(live(cloud).definition, budget, timed=budget.start is not None)


def test_a_deleted_budget_comes_back_with_its_tags_or_says_that_it_will_not() -> None:
    cloud = FakeBudgets()
    done(create(zero_spend("month", emails=["a@b.test"]), scope=HERE), cloud)
    cloud.budgets["month"]["Tags"] = {"team": "web", "aws:createdBy": "AWS"}
    plan = delete(live(cloud), scope=HERE)
    assert plan.warnings == ()
    done(done(plan, cloud).undo, cloud)
    assert cloud.budgets["month"]["Tags"] == {"team": "web"}, "AWS sets its own"
    unread = replace(live(cloud), tags=None)
    assert delete(unread, scope=HERE).warnings == (UNTAGGED,)


def test_zero_spend_is_one_call_and_free() -> None:
    plan = create(zero_spend("My Zero-Spend Budget", emails=["a@b.test"]), scope=HERE)
    assert [step.operation for step in plan.steps] == ["CreateBudget"]
    assert (plan.price_before, plan.price_after, plan.warnings) == (ZERO, ZERO, (LATE,))
    said = {change.field: change.after for change in plan.changes}
    assert said["Limit"] == "$1.00"
    assert said["What counts"] == "all costs"
    assert said["Notification: actual more than $0.01"] == "a@b.test"


def test_the_gross_variant_says_what_it_leaves_out() -> None:
    plan = create(zero_spend("gross", emails=["a@b.test"], gross=True), scope=HERE)
    assert {change.field: change.after for change in plan.changes}["What counts"] == (
        "all costs without credits, refunds"
    )


def test_a_budget_that_tells_nobody_says_so() -> None:
    assert SILENT in create(replace(MONTH, alerts=()), scope=HERE).warnings


@pytest.mark.parametrize(
    ("after", "calls"),
    [
        (replace(MONTH, limit=Limit(Decimal(20))), ["UpdateBudget"]),
        (replace(MONTH, alerts=()), ["DeleteNotification"]),
        (replace(MONTH, alerts=(replace(MONTH.alerts[0], threshold=Decimal(90)),)), ["UpdateNotification"]),
        (replace(MONTH, alerts=(*MONTH.alerts, replace(MONTH.alerts[0], of="FORECASTED"))), ["CreateNotification"]),
        (
            replace(MONTH, alerts=(replace(MONTH.alerts[0], subscribers=(Subscriber("EMAIL", "b@b.test"),)),)),
            ["UpdateSubscriber"],
        ),
        (
            replace(MONTH, alerts=(replace(MONTH.alerts[0], subscribers=(Subscriber("SNS", "arn:aws:sns:x:1:t"),)),)),
            ["CreateSubscriber", "DeleteSubscriber"],
        ),
    ],
)
def test_only_what_differs_is_called(after: BudgetDefinition, calls: list[str]) -> None:
    plan = update(after, live=LiveBudget(MONTH), scope=HERE)
    assert [step.operation for step in plan.steps] == calls
    assert (RESETS in plan.warnings) is (calls == ["UpdateBudget"])


def test_differences_are_said_in_words() -> None:
    after = replace(MONTH, limit=Limit(Decimal("12.5")), filters=(("Service", ("AWS Lambda",)),))
    plan = update(after, live=LiveBudget(MONTH), scope=HERE)
    assert [(change.field, change.before, change.after) for change in plan.changes] == [
        ("Limit", "$10.00", "$12.50"),
        ("Filter", None, "Service: AWS Lambda"),
    ]


def test_a_first_day_that_aws_chose_is_no_difference_and_a_last_day_that_goes_is_one() -> None:
    before = replace(MONTH, start=NOW, end=datetime(2026, 12, 31, tzinfo=UTC))
    plan = update(MONTH, live=LiveBudget(before), scope=HERE)
    assert [(change.field, change.before, change.after) for change in plan.changes] == [
        ("Last day", "2026-12-31", None)
    ]
    assert [step.operation for step in plan.steps] == ["UpdateBudget"]


def test_two_people_change_the_same_budget() -> None:
    cloud = FakeBudgets()
    done(create(MONTH, scope=HERE), cloud)
    seen = live(cloud)
    first = update(replace(MONTH, limit=Limit(Decimal(20))), live=seen, scope=HERE)
    second = update(replace(MONTH, limit=Limit(Decimal(30))), live=seen, scope=HERE)
    done(first, cloud)
    outcome = carried(second, cloud)
    assert outcome.ending is Ending.CONFLICT
    assert outcome.conflicts[0].live is not None
    assert outcome.conflicts[0].live["BudgetLimit"]["Amount"] == "20"
    assert live(cloud).definition.limit == Limit(Decimal(20))


def test_an_alert_that_somebody_took_off_meanwhile_is_a_conflict_before_anything_is_written() -> None:
    cloud = FakeBudgets()
    done(create(MONTH, scope=HERE), cloud)
    plan = update(replace(MONTH, limit=Limit(Decimal(20)), alerts=()), live=live(cloud), scope=HERE)
    cloud.budgets["month"]["Alerts"].clear()
    cloud.budgets["month"]["Alerts"].append(
        {"Notification": notification_of(replace(MONTH.alerts[0], threshold=Decimal(10))), "Subscribers": []}
    )
    cloud.written.clear()
    outcome = carried(plan, cloud)
    assert outcome.done, "a notification that is gone already is as planned"
    assert cloud.written == ["UpdateBudget"]


def test_a_name_that_is_taken_is_never_written_over() -> None:
    cloud = FakeBudgets()
    done(create(MONTH, scope=HERE), cloud)
    outcome = carried(create(replace(MONTH, limit=Limit(Decimal(7))), scope=HERE), cloud)
    assert outcome.ending is Ending.CONFLICT
    assert live(cloud).definition.limit == Limit(Decimal(10))


def test_a_viewer_is_refused_with_the_reason() -> None:
    outcome = carried(create(MONTH, scope=HERE), FakeBudgets(), VIC)
    assert (outcome.ending, outcome.sentence) == (
        Ending.REFUSED,
        "vic is a viewer here; to change budgets takes an engineer.",
    )


@pytest.mark.parametrize(
    ("budget", "field"),
    [
        (replace(MONTH, limit=Limit(Decimal(0))), "Budget.BudgetLimit.Amount"),
        (replace(MONTH, name="a:b"), "Budget.BudgetName"),
        (replace(MONTH, alerts=(Alert("ACTUAL", Decimal(1)),)), "NotificationsWithSubscribers[0].Subscribers"),
    ],
)
def test_what_aws_would_refuse_is_no_plan(budget: BudgetDefinition, field: str) -> None:
    with pytest.raises(DefinitionErrors) as refused:
        create(budget, scope=HERE)
    assert list(refused.value.fields) == [field]


def test_a_budget_keeps_its_name() -> None:
    with pytest.raises(DefinitionErrors) as refused:
        update(replace(MONTH, name="other"), live=LiveBudget(MONTH), scope=HERE)
    assert list(refused.value.fields) == ["Budget.BudgetName"]
