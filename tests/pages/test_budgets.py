"""The budgets page in its states, zero spend in one click, and a form that loses nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from access.audit import Audit
from access.changes import ChangePlan, Outcome, carry_out
from access.identity import Actor, Role
from budgets.definition import zero_spend
from budgets.requests import to_request
from cloud.faults import AccessDenied, Throttled
from collectors.budget_readings import BudgetReading, Notified
from collectors.delivery import Seen
from core.delivery import Subscription, Topic
from core.reading import Reading, Scope
from dashboard.views.budget_draft import AlertDraft, BudgetDraft, document
from dashboard.views.draft_text import carried
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import NOW, PROD, FakeSources, context
from tests.pages.purses import HOSTILE, Purse, budget, lines, purse
from tests.pages.rooms import FakeRoom
from tests.pages.test_costs import book_of
from tests.unit.budgets.fake_budgets import FakeBudgets
from tests.unit.collectors.exports.samples import focus

MONEY = "arn:aws:sns:us-east-1:111111111111:money"
DEAF = "arn:aws:sns:us-east-1:111111111111:deaf"
OPEN = (
    '{"Statement": [{"Effect": "Allow", "Principal": {"Service": "budgets.amazonaws.com"}, "Action": "sns:Publish"}]}'
)
GOOD = BudgetDraft(name="month", amount="10", alerts=(AlertDraft(threshold="80", emails="ana@example.test"),))


@dataclass
class BudgetRoom(FakeRoom):
    """An account with budgets that are really written, and two topics."""

    cloud: FakeBudgets = field(default_factory=FakeBudgets)
    silent: bool = False

    def topics(self, scope: Scope, *, now: datetime) -> Reading[tuple[str, ...]]:
        return Reading((DEAF, MONEY), now)

    def ways(self, scope: Scope, topics: Collection[str], *, now: datetime) -> Reading[Mapping[str, Seen]]:
        told = (Subscription("email", "boss@example.test", confirmed=True),)
        found = {MONEY: Topic(MONEY, OPEN, None, None, told), DEAF: Topic(DEAF, "", None, None, told)}
        return Reading({arn: found.get(arn) for arn in topics}, now)

    def budget(self, scope: Scope, name: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        if self.silent:
            return Reading((), now, (Throttled().to_fault(scope, "budgets:DescribeBudget"),))
        found = self.cloud.budgets.get(name)
        return Reading((reading(found),) if found else (), now)

    def carry_out(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Outcome:
        return carry_out(plan, actor, self, Audit(self.folder), now=now)

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.cloud.read(scope, service, operation, params)

    @contextmanager
    def writer(self, scope: Scope, actor_name: str) -> Iterator[Any]:
        yield self.cloud


def reading(found: Mapping[str, Any]) -> BudgetReading:
    """A budget of the fake cloud as the collector gives it."""
    told = tuple(Notified(each, alarming=False) for each in found["Alerts"])
    name = found["Budget"]["BudgetName"]
    return BudgetReading(name, found["Budget"], None, None, NOW, "", told, tuple(found["Actions"]), ())


class Live(FakeSources):
    """Sources whose budgets are those of a room."""

    room: BudgetRoom

    def budgets(self, account: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
        return Reading(tuple(reading(each) for each in self.room.cloud.budgets.values()), now)


@pytest.fixture
def room(tmp_path: Path) -> BudgetRoom:
    return BudgetRoom(tmp_path)


def opened(open_page: Open, room: BudgetRoom, role: Role = Role.ENGINEER, **url: str) -> AppTest:
    sources = Live()
    sources.room = room
    return open_page(context(sources, workroom=room, role=role), "budgets", **url)


def said(app: AppTest) -> str:
    return seen.text(app).replace("\\", "").replace("\u2060", "")


def token(draft: BudgetDraft) -> str:
    found = carried(document(draft))
    assert found is not None
    return found


def test_the_list_says_how_every_budget_stands(open_page: Open) -> None:
    over = budget("team", actual="12", limit="10", zero=False)
    money = purse(budgets=(budget(), over))
    app = open_page(context(FakeSources(money=money)), "budgets")
    assert not app.exception
    assert not app.error
    text = said(app)
    assert "2 budgets. 1 budget tells of the first cent." in text
    assert "✕ over,team,$10.00 a month,$12.00" in text
    assert "✓ ok,My Zero-Spend Budget,nothing a month,$0.00" in text
    assert "AWS works them out up to three times a day" in text


def test_without_a_budget_the_page_says_how_to_begin(open_page: Open, room: BudgetRoom) -> None:
    text = said(opened(open_page, room))
    assert "There is no budget yet" in text
    assert "Begin with zero spend below" in text


@pytest.mark.parametrize("kept", [True, False])
def test_denied_or_old_figures_are_said_with_the_action(open_page: Open, *, kept: bool) -> None:
    fault = AccessDenied().to_fault(PROD, "budgets:ViewBudget")

    class Refused(FakeSources):
        def budgets(self, account: str, *, now: datetime) -> Reading[tuple[BudgetReading, ...]]:
            return Reading((budget(),) if kept else (), now, (fault,))

    app = open_page(context(Refused()), "budgets")
    text = said(app)
    assert "AWS denied access" in text
    assert "No budget yet" not in text
    assert ("AWS did not answer; these figures are" in text) is kept


def test_zero_spend_is_one_click_a_yes_and_an_undo(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room, tell="ana@example.test")
    assert app.text_input(key="zero-emails").value == "ana@example.test"
    app.button(key="zero-gross").click().run()
    text = said(app)
    assert "Create the budget Zero spend before credits" in text
    assert "all costs without credits, refunds" in text
    assert "8 to 12 hours apart" in text
    app.button(key="review-do").click().run()
    assert list(room.cloud.budgets) == ["Zero spend before credits"]
    app.button(key="review-undo").click().run()
    assert room.cloud.budgets == {}
    assert not app.exception


def test_a_viewer_sees_everything_and_why_nothing_can_be_done(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room, Role.VIEWER, tell="ana@example.test")
    assert "alice is a viewer here; to change budgets takes an engineer." in said(app)
    app.button(key="zero-net").click().run()
    assert "Create the budget My Zero-Spend Budget" in said(app)
    assert app.button(key="review-do").disabled
    assert room.cloud.written == []


def test_nobody_to_tell_is_said_before_anything_is_asked(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room)
    assert app.button(key="zero-net").disabled
    assert "Say above who is told" in said(app)


def test_a_topic_that_aws_budgets_may_not_publish_to_is_said_and_warned_of(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room)
    app.selectbox(key="zero-topic").set_value(DEAF).run()
    assert "AWS Budgets may not publish to deaf" in said(app)
    app.selectbox(key="zero-topic").set_value(MONEY).run()
    assert "It tells boss@example.test (email)" in said(app)
    app.selectbox(key="zero-topic").set_value(DEAF).run()
    app.button(key="zero-net").click().run()
    assert said(app).count("AWS Budgets may not publish to deaf") >= 2


def test_the_preview_says_on_which_days_it_would_have_notified(open_page: Open, room: BudgetRoom) -> None:
    sources = Live(money=purse(costs=lines("2 2 2 0 2 2 2", "2 2 1 0 2 2 2")))
    sources.room = room
    app = open_page(context(sources, workroom=room), "budgets", tell="a@b.test")
    text = said(app)
    assert "It would have notified on 3 Nov. Replayed over 7 days of stored costs, 1 Nov to 7 Nov." in text
    assert "It would have notified on 1 Nov." in text


def test_a_filter_by_region_is_replayed_over_a_billing_export(
    open_page: Open, room: BudgetRoom, tmp_path: Path
) -> None:
    draft = replace(GOOD, filters=(("Region", "eu-west-1"),))
    text = said(opened(open_page, room, draft=token(draft)))
    assert "this filters by Region. A billing export tells it: name one in WATCHKEEPER_BILLING_EXPORT." in text
    sources = Live()
    sources.room = room
    days = [("9", "01", "us-east-1"), ("5", "02", "eu-west-1"), ("4", "03", "eu-west-1")]
    rows = [
        focus(
            cost,
            ChargePeriodStart=f"2026-11-{day}T00:00:00Z",
            RegionId=region,
            BillingPeriodStart="2026-11-01T00:00:00Z",
        )
        for cost, day, region in days
    ]
    app = open_page(context(sources, workroom=room, export=book_of(tmp_path, rows)), "budgets", draft=token(draft))
    text = said(app)
    assert "It would have notified on 3 Nov." in text
    assert "Replayed over 3 days of the billing export, 1 Nov to 3 Nov." in text


def test_without_cost_history_the_form_says_calmly_why_and_what_it_would_cost(
    open_page: Open, room: BudgetRoom
) -> None:
    text = said(opened(open_page, room, draft=token(GOOD)))
    assert "There is no cost history to replay, because it is not free" in text
    assert "about $0.60 a month" in text
    assert "Ready" in text


def test_a_reload_in_the_middle_of_the_form_loses_nothing(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room)
    app.button(key="budget-new").click().run()
    app.text_input(key="bf-name").set_value("half").run()
    app.text_input(key="bf-amount").set_value("1o").run()
    app.text_input(key="bf-alerts.1.threshold").set_value("9x").run()
    again = opened(open_page, room, draft=str(app.query_params["draft"]))
    assert not again.exception
    assert again.text_input(key="bf-name").value == "half"
    assert again.text_input(key="bf-amount").value == "1o"
    assert "'9x' is no number" in said(again)
    again.text_input(key="bf-alerts.1.threshold").set_value("90").run()
    assert "'1o' is no number" in said(again)


def test_a_budget_is_created_changed_copied_and_deleted(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room, draft=token(GOOD))
    app.button(key="bf-review").click().run()
    assert "Create the budget month" in said(app)
    app.button(key="review-do").click().run()
    assert "month" in room.cloud.budgets
    app.button(key="review-close").click().run()
    assert "Change budget" in said(app)
    assert "bf-name" not in [each.key for each in app.text_input]
    app.text_input(key="bf-amount").set_value("20").run()
    app.button(key="bf-review").click().run()
    assert "Limit,$10.00,$20.00" in said(app)
    app.button(key="review-do").click().run()
    assert room.cloud.budgets["month"]["Budget"]["BudgetLimit"]["Amount"] == "20"
    app = opened(open_page, room, budget="month")
    app.button(key="budget-copy").click().run()
    assert app.text_input(key="bf-name").value == "month copy"
    app = opened(open_page, room, budget="month")
    app.button(key="budget-delete").click().run()
    assert "Delete the budget month" in said(app)
    app.button(key="review-do").click().run()
    assert room.cloud.budgets == {}
    app.button(key="review-undo").click().run()
    assert "month" in room.cloud.budgets


def test_what_somebody_else_changed_is_shown_with_both_versions(open_page: Open, room: BudgetRoom) -> None:
    request = to_request(zero_spend("month", emails=["ana@example.test"]))
    room.cloud.write("budgets", "CreateBudget", {"AccountId": PROD.account, **request})
    app = opened(open_page, room, budget="month")
    app.button(key="budget-edit").click().run()
    app.text_input(key="bf-amount").set_value("5").run()
    room.cloud.budgets["month"]["Budget"]["BudgetLimit"] = {"Amount": "7", "Unit": "USD"}
    app.button(key="bf-review").click().run()
    text = said(app)
    assert "Somebody else changed this budget" in text
    assert "Limit,$1.00,$7.00,$5.00" in text
    app.button(key="bf-mine").click().run()
    app.button(key="bf-review").click().run()
    assert "Limit,$7.00,$5.00" in said(app)


def test_a_throttled_look_changes_nothing_and_says_so(open_page: Open, room: BudgetRoom) -> None:
    request = to_request(zero_spend("month", emails=["ana@example.test"]))
    room.cloud.write("budgets", "CreateBudget", {"AccountId": PROD.account, **request})
    app = opened(open_page, room, budget="month")
    app.button(key="budget-edit").click().run()
    room.silent = True
    app.text_input(key="bf-amount").set_value("5").run()
    app.button(key="bf-review").click().run()
    assert "What is live now could not be read" in said(app)


def test_a_name_that_is_taken_is_said_beside_the_field(open_page: Open, room: BudgetRoom) -> None:
    request = to_request(zero_spend("month", emails=["ana@example.test"]))
    room.cloud.write("budgets", "CreateBudget", {"AccountId": PROD.account, **request})
    app = opened(open_page, room, draft=token(GOOD))
    assert "There is a budget of this name already" in said(app)
    assert app.button(key="bf-review").disabled


@pytest.mark.parametrize("kind", ["COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION"])
@pytest.mark.parametrize("how", ["FIXED", "PLANNED", "HISTORICAL", "FORECAST"])
def test_every_kind_and_limit_draws_its_fields(open_page: Open, room: BudgetRoom, kind: str, how: str) -> None:
    draft = replace(GOOD, kind=kind, limit_how=how, planned=(("2026-12-01", "5"),), periods="6", unit="GB")
    app = opened(open_page, room, draft=token(replace(draft, filters=(("UsageType", "BoxUsage"),))))
    assert not app.exception
    assert not app.error
    assert "Ready" in said(app)


def test_rows_are_added_and_taken_off(open_page: Open, room: BudgetRoom) -> None:
    app = opened(open_page, room, draft=token(replace(GOOD, limit_how="PLANNED")))
    app.button(key="bf-planned-add").click().run()
    app.text_input(key="bf-planned.0.day").set_value("2026-12-01").run()
    app.text_input(key="bf-planned.0.amount").set_value("7").run()
    app.button(key="bf-filters-add").click().run()
    app.text_input(key="bf-filters.0.values").set_value("AWS Lambda, AmazonEC2").run()
    assert "$7.00 from 2026-12-01" in said(app)
    assert "Service: AWS Lambda, AmazonEC2" in said(app)
    app.button(key="bf-filters-0-gone").click().run()
    app.button(key="bf-alerts-add").click().run()
    assert app.text_input(key="bf-alerts.1.threshold").value == ""
    app.button(key="bf-alerts-1-gone").click().run()
    assert "Ready" in said(app)


@pytest.mark.parametrize("bad", ["cAAAA", "k" + "0" * 32, "x"])
def test_a_link_that_cannot_be_read_says_why(open_page: Open, room: BudgetRoom, bad: str) -> None:
    app = opened(open_page, room, draft=bad)
    assert not app.exception
    assert "The form of this link cannot be opened" in said(app)


def test_hostile_text_is_only_text(open_page: Open, room: BudgetRoom) -> None:
    hostile = BudgetDraft(
        name=HOSTILE, amount=HOSTILE, filters=((HOSTILE, HOSTILE),), kept=HOSTILE, live=HOSTILE,
        alerts=(AlertDraft(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )  # fmt: skip
    money = Purse((budget(HOSTILE),), purse().free_tier)
    for app in (
        opened(open_page, room, draft=token(hostile)),
        open_page(context(FakeSources(money=money), workroom=room), "budgets", budget=HOSTILE, tell=HOSTILE),
    ):
        assert not app.exception
        for kind in ("markdown", "caption", "button", "header", "subheader"):
            for element in app.get(kind):
                shown = str(getattr(element, "value", "")) + str(getattr(element, "label", ""))
                assert "![x](" not in shown


ROLE = "arn:aws:iam::111111111111:role/budget-actions"


def test_an_action_is_said_in_a_dry_run_reviewed_made_and_taken_off(open_page: Open, room: BudgetRoom) -> None:
    request = to_request(zero_spend("month", emails=["ana@example.test"]))
    room.cloud.write("budgets", "CreateBudget", {"AccountId": PROD.account, **request})
    app = opened(open_page, room, budget="month")
    assert app.button(key="ba-review").disabled
    app.text_input(key="ba-instances").set_value("i-0123456789abcdef0").run()
    app.text_input(key="ba-role").set_value("nobody").run()
    assert "nobody" in said(app)
    app.text_input(key="ba-role").set_value(ROLE).run()
    assert "would stop the EC2 instances i-0123456789abcdef0 in us-east-1" in said(app)
    again = opened(open_page, room, budget="month", action=str(app.query_params["action"]))
    assert again.text_input(key="ba-role").value == ROLE
    again.button(key="ba-review").click().run()
    assert "Give the budget month an action" in said(again)
    again.button(key="review-do").click().run()
    assert len(room.cloud.budgets["month"]["Actions"]) == 1
    shown = opened(open_page, room, budget="month")
    assert "standby" in said(shown)
    shown.button(key="budget-action-gone-0").click().run()
    shown.button(key="review-do").click().run()
    assert room.cloud.budgets["month"]["Actions"] == []
