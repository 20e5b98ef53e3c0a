"""The budget form: what is typed becomes what is meant, and any budget survives the form and the link."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.changes import canonical
from budgets.definition import Alert, BudgetDefinition, Kind, Limit, Subscriber, TimeUnit
from budgets.live import notification_of, version_of
from core.delivery import Subscription, Topic
from core.reading import Unknown
from dashboard.views.budget_action_form import ActionDraft
from dashboard.views.budget_action_form import document as action_document
from dashboard.views.budget_action_form import read as read_draft
from dashboard.views.budget_action_form import read_document as read_action
from dashboard.views.budget_draft import AlertDraft, BudgetDraft, document, read_document
from dashboard.views.budget_form import check, copied, drafted, edited
from dashboard.views.budget_topics import judge
from dashboard.views.draft_text import DraftError
from dashboard.wording import ALARM, NO_DATA, OK, WARNING
from tests.unit.budgets.strategies import budgets

GOOD = BudgetDraft(name="month", amount="10", alerts=(AlertDraft(threshold="80", emails="a@b.test"),))
MAIL = Subscriber("EMAIL", "a@b.test")


@given(budgets)
@settings(deadline=None)
def test_any_budget_goes_through_the_form_and_back(budget: BudgetDefinition) -> None:
    found = check(drafted(budget))
    assert found.budget is not None, (found.errors, found.missing)
    assert canonical(version_of(found.budget)) == canonical(version_of(budget))
    told = [
        {canonical(notification_of(alert)): set(alert.subscribers) for alert in each.alerts}
        for each in (found.budget, budget)
    ]
    assert told[0] == told[1]


@given(budgets)
@settings(deadline=None)
def test_a_changed_budget_knows_what_was_live_through_the_link(budget: BudgetDefinition) -> None:
    draft = read_document(document(edited(budget)))
    assert draft == edited(budget)
    base = check(draft).base
    assert base is not None
    assert canonical(version_of(base)) == canonical(version_of(budget))
    assert copied(budget, "copy").live == ""


texts = st.text(max_size=20)
drafts = st.builds(
    BudgetDraft,
    name=texts, kind=texts, time_unit=texts, limit_how=texts, amount=texts, unit=texts, periods=texts, start=texts,
    end=texts, costs=texts, kept=texts, live=texts,
    planned=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    filters=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    without=st.lists(texts, max_size=2).map(tuple),
    alerts=st.lists(st.builds(AlertDraft, texts, texts, texts, texts, texts, texts), max_size=2).map(tuple),
)  # fmt: skip


@given(drafts)
@settings(deadline=None)
def test_whatever_is_typed_is_judged_and_never_lost(draft: BudgetDraft) -> None:
    checked = check(draft)
    assert checked.ready or checked.errors or checked.missing
    assert checked.base is None or draft.live
    assert read_document(document(draft)) == draft


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"colour": "red"}', '{"name": 1}', '{"alerts": [1]}', '{"planned": [["a"]]}']
)
def test_a_link_that_no_form_wrote_is_refused(text: str) -> None:
    with pytest.raises(DraftError):
        read_document(text)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": ""}, "name"),
        ({"name": "a:b"}, "name"),
        ({"amount": ""}, "amount"),
        ({"amount": "1o"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-3"}, "amount"),
        ({"limit_how": "PLANNED"}, "planned"),
        ({"limit_how": "PLANNED", "planned": (("soon", "3"),)}, "planned.0.day"),
        ({"limit_how": "PLANNED", "planned": (("2026-12-01", "x"),)}, "planned.0.amount"),
        ({"limit_how": "PLANNED", "planned": (("2026-12-01", "3"),), "time_unit": "DAILY"}, "limit_how"),
        ({"limit_how": "HISTORICAL"}, "periods"),
        ({"limit_how": "HISTORICAL", "periods": "13"}, "periods"),
        ({"time_unit": "CUSTOM", "start": "2026-12-01"}, "end"),
        ({"time_unit": "CUSTOM", "start": "2026-12-01", "end": "2026-11-01"}, "end"),
        ({"kind": "USAGE"}, "unit"),
        ({"kind": "USAGE", "unit": "GB"}, "filters"),
        ({"alerts": (AlertDraft(threshold="", emails="a@b.test"),)}, "alerts.0.threshold"),
        ({"alerts": (AlertDraft(threshold="8x", emails="a@b.test"),)}, "alerts.0.threshold"),
        ({"alerts": (AlertDraft(threshold="80"),)}, "alerts.0.emails"),
        ({"alerts": (AlertDraft(threshold="80", emails="nobody"),)}, "alerts.0.emails"),
        ({"alerts": (AlertDraft(threshold="80", emails=", ".join(f"{n}@b.test" for n in range(11))),)},
         "alerts.0.emails"),
        ({"alerts": (GOOD.alerts[0], GOOD.alerts[0])}, "alerts.1.threshold"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field(change: dict[str, object], place: str) -> None:
    checked = check(replace(GOOD, **change))  # type: ignore[arg-type]
    assert not checked.ready
    assert place in {**checked.errors, **checked.missing}


def test_a_whole_form_becomes_the_budget_that_it_says() -> None:
    draft = replace(
        GOOD, time_unit="QUARTERLY", costs="amortized", without=("credit", "refund"), start="2026-10-01",
        filters=(("Service", "AWS Lambda, AmazonEC2"), ("Region", "")),
        alerts=(AlertDraft("FORECASTED", threshold="100", emails="a@b.test; c@d.test", topic="arn:aws:sns:x:1:t"),),
    )  # fmt: skip
    budget = check(draft).budget
    assert budget is not None
    assert (budget.kind, budget.time_unit, budget.limit) == (Kind.COST, TimeUnit.QUARTERLY, Limit(Decimal(10)))
    assert budget.cost_types is not None
    assert (budget.cost_types.amortized, budget.counts_credits) == (True, False)
    assert budget.filters == (("Service", ("AWS Lambda", "AmazonEC2")),)
    assert budget.start == datetime(2026, 10, 1, tzinfo=UTC)
    told = (MAIL, Subscriber("EMAIL", "c@d.test"), Subscriber("SNS", "arn:aws:sns:x:1:t"))
    assert budget.alerts == (Alert("FORECASTED", Decimal(100), subscribers=told),)


def test_a_filter_expression_survives_the_form() -> None:
    expression = {"Dimensions": {"Key": "REGION", "Values": ["eu-west-1"]}}
    budget = BudgetDefinition("b", limit=Limit(Decimal(1)), expression=expression, metric="UnblendedCost")
    found = check(drafted(budget)).budget
    assert found is not None
    assert (found.expression, found.metric, found.cost_types) == (expression, "UnblendedCost", None)


ARN = "arn:aws:sns:us-east-1:111111111111:money"


def policy(principal: str, condition: str = "") -> str:
    more = f', "Condition": {condition}' if condition else ""
    return f'{{"Statement": [{{"Effect": "Allow", "Principal": {principal}, "Action": "sns:Publish"{more}}}]}}'


@pytest.mark.parametrize(
    ("text", "look"),
    [
        (policy('{"Service": "budgets.amazonaws.com"}'), OK),
        (policy('{"Service": "budgets.amazonaws.com"}', '{"StringEquals": {"aws:SourceAccount": "111111111111"}}'), OK),
        (policy('{"Service": "budgets.amazonaws.com"}', '{"StringEquals": {"aws:SourceAccount": "2"}}'), ALARM),
        (policy('{"Service": "cloudwatch.amazonaws.com"}'), ALARM),
        (policy('{"AWS": "*"}', '{"StringEquals": {"AWS:SourceOwner": "111111111111"}}'), NO_DATA),
        ("", ALARM),
    ],
)
def test_whether_aws_budgets_may_publish_to_a_topic(text: str, look: object) -> None:
    topic = Topic(ARN, text, None, None, (Subscription("email", "a@b.test", confirmed=True),))
    shown = judge(ARN, topic, account="111111111111")
    assert shown.look == look, shown.sentence
    assert bool(shown.warning) is (look != OK)


def test_a_topic_that_reaches_nobody_is_said() -> None:
    ok = policy('{"Service": "budgets.amazonaws.com"}')
    waiting = Topic(ARN, ok, None, None, (Subscription("email", "a@b.test", confirmed=False),))
    assert judge(ARN, waiting, account="1").look == WARNING
    assert judge(ARN, None, account="1").look == ALARM
    assert judge(ARN, Unknown("denied"), account="1").look == NO_DATA


# -- actions ------------------------------------------------------------------------------------------------------

MONTH = BudgetDefinition("month", limit=Limit(Decimal(10)))
STOP = ActionDraft(
    region="us-east-1", instances="i-0123456789abcdef0", emails="a@b.test",
    role="arn:aws:iam::111111111111:role/budget-actions",
)  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (STOP, "stop the EC2 instances i-0123456789abcdef0"),
        (replace(STOP, kind="APPLY_IAM_POLICY", policy="arn:aws:iam::aws:policy/AWSDenyAll", who="role/x, user/ana"),
         "attach the policy AWSDenyAll to user ana, role x"),
        (replace(STOP, kind="APPLY_SCP_POLICY", policy="p-examplepolicyid", targets="ou-abcd-12345678"),
         "attach the service control policy p-examplepolicyid to ou-abcd-12345678"),
    ],
)  # fmt: skip
def test_an_action_is_read_and_said_and_survives_the_link(draft: ActionDraft, words: str) -> None:
    found = read_action(action_document(draft))
    assert found == draft
    checked = read_draft(found, MONTH)
    assert checked.action is not None, checked.errors
    assert any(words in sentence for sentence in checked.sentences)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"role": ""}, "role"),
        ({"role": "x"}, "role"),
        ({"threshold": "x"}, "threshold"),
        ({"region": "x"}, "region"),
        ({"instances": " "}, "instances"),
        ({"emails": ""}, "emails"),
        ({"kind": "APPLY_IAM_POLICY", "policy": "x", "who": "role/x"}, "policy"),
        ({"kind": "APPLY_IAM_POLICY", "policy": "arn:aws:iam::aws:policy/AWSDenyAll", "who": "x"}, "who"),
        ({"kind": "APPLY_SCP_POLICY", "policy": "p-examplepolicyid", "targets": "z"}, "targets"),
    ],
)
def test_what_is_wrong_with_an_action_stands_beside_its_field(change: dict[str, str], place: str) -> None:
    assert place in read_draft(replace(STOP, **change), MONTH).errors
