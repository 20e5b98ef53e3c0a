"""AWS Budgets and the Free Tier of the demo cloud, over the wire: every operation that the product uses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.clock import StandingClock
from demo.story import Story, Telling
from tests.wire.clouds import AT, Cloud, billed_cloud

pytestmark = pytest.mark.wire

PROD, DR = "111111111111", "222222222222"
MAIL = {"SubscriptionType": "EMAIL", "Address": "finance@directory.test"}
PASSED = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 50.0,
          "ThresholdType": "PERCENTAGE"}  # fmt: skip
GROSS = {"IncludeCredit": False, "IncludeRefund": False}


@pytest.fixture(scope="module")
def priced() -> Iterator[Cloud]:
    with billed_cloud() as cloud:
        yield cloud


@pytest.fixture
def moving() -> Iterator[Cloud]:
    with billed_cloud() as cloud:
        yield cloud


@pytest.fixture
def name(priced: Cloud, request: pytest.FixtureRequest) -> Iterator[str]:
    """A monthly cost budget of this test's own."""
    named = request.node.name[:90].replace("[", " ").replace("]", "")
    budget = budget_of(named, CostTypes=GROSS)
    client = priced.client("budgets")
    client.create_budget(
        AccountId=PROD, Budget=budget, NotificationsWithSubscribers=[{"Notification": PASSED, "Subscribers": [MAIL]}]
    )
    yield named
    client.delete_budget(AccountId=PROD, BudgetName=named)


def budget_of(name: str, amount: str = "100", **more: Any) -> dict[str, Any]:
    limit = {"Amount": amount, "Unit": "USD"}
    return {"BudgetName": name, "BudgetLimit": limit, "TimeUnit": "MONTHLY", "BudgetType": "COST", **more}


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("budgets").describe_budget(AccountId=PROD, BudgetName=name)["Budget"]
    return found


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=code)


def test_the_directorys_budgets_have_spent_what_the_bill_says(priced: Cloud) -> None:
    budgets = priced.client("budgets").describe_budgets(AccountId=PROD)["Budgets"]
    spent = {each["BudgetName"]: float(each["CalculatedSpend"]["ActualSpend"]["Amount"]) for each in budgets}
    assert spent["My Zero-Spend Budget"] == 0
    bill = priced.client("ce").get_cost_and_usage(
        TimePeriod={"Start": "2026-11-01", "End": "2026-11-24"},
        Granularity="MONTHLY",
        Metrics=["UnblendedCost"],
        Filter={"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit"]}}},
    )["ResultsByTime"][0]["Total"]["UnblendedCost"]["Amount"]
    assert spent["directory-month-before-credits"] == pytest.approx(float(bill), abs=0.001)
    assert spent["dr **region** ![x](y) $a$"] < spent["directory-month-before-credits"]
    gross = next(each for each in budgets if each["BudgetName"] == "directory-month-before-credits")
    assert float(gross["CalculatedSpend"]["ForecastedSpend"]["Amount"]) > spent["directory-month-before-credits"]


def test_a_budget_is_updated_and_what_it_leaves_out_is_aws_default(priced: Cloud, name: str) -> None:
    client = priced.client("budgets")
    assert described(priced, name)["CostTypes"]["IncludeTax"] is True
    client.update_budget(AccountId=PROD, NewBudget=budget_of(name, "7.5", CostFilters={"Region": ["eu-west-1"]}))
    found = described(priced, name)
    assert (found["BudgetLimit"]["Amount"], found["CostFilters"]) == ("7.5", {"Region": ["eu-west-1"]})
    assert found["CostTypes"]["IncludeCredit"] is True
    assert found["TimePeriod"]["Start"] == datetime(2026, 11, 1, tzinfo=UTC)


def test_notifications_and_subscribers_are_read_back_changed_and_removed(priced: Cloud, name: str) -> None:
    client, where = priced.client("budgets"), {"AccountId": PROD, "BudgetName": name}
    forecast = {**PASSED, "NotificationType": "FORECASTED", "Threshold": 100.0}
    client.create_notification(**where, Notification=forecast, Subscribers=[MAIL])
    client.update_notification(**where, OldNotification=forecast, NewNotification={**forecast, "Threshold": 90.0})
    second = {"SubscriptionType": "EMAIL", "Address": "boss@directory.test"}
    client.create_subscriber(**where, Notification=PASSED, Subscriber=second)
    client.update_subscriber(
        **where, Notification=PASSED, OldSubscriber=MAIL, NewSubscriber={**MAIL, "Address": "cfo@directory.test"}
    )
    found = client.describe_notifications_for_budget(**where)["Notifications"]
    assert [(each["NotificationType"], each["Threshold"]) for each in found] == [("ACTUAL", 50), ("FORECASTED", 90)]
    told = client.describe_subscribers_for_notification(**where, Notification=PASSED)["Subscribers"]
    assert [each["Address"] for each in told] == ["cfo@directory.test", "boss@directory.test"]
    client.delete_subscriber(**where, Notification=PASSED, Subscriber=second)
    client.delete_notification(**where, Notification={**forecast, "Threshold": 90.0})
    assert len(client.describe_notifications_for_budget(**where)["Notifications"]) == 1
    every = client.describe_budget_notifications_for_account(AccountId=PROD)["BudgetNotificationsForAccount"]
    assert name in [each["BudgetName"] for each in every]


def test_history_has_a_line_a_month(priced: Cloud, name: str) -> None:
    history = priced.client("budgets").describe_budget_performance_history(AccountId=PROD, BudgetName=name)
    amounts = history["BudgetPerformanceHistory"]["BudgetedAndActualAmountsList"]
    assert [each["TimePeriod"]["Start"].month for each in amounts] == [11, 10, 9, 8, 7, 6]
    assert all(float(each["ActualAmount"]["Amount"]) > 50 for each in amounts)
    assert {each["BudgetedAmount"]["Amount"] for each in amounts} == {"100"}


def test_actions_wait_for_approval_stop_instances_and_are_undone(priced: Cloud, name: str) -> None:
    client, where = priced.client("budgets"), {"AccountId": PROD, "BudgetName": name}
    ec2 = priced.client("ec2")
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    stop = {"SsmActionDefinition": {"ActionSubType": "STOP_EC2_INSTANCES", "Region": "us-east-1",
                                    "InstanceIds": [instance]}}  # fmt: skip
    action = client.create_budget_action(
        **where,
        NotificationType="ACTUAL",
        ActionType="RUN_SSM_DOCUMENTS",
        ActionThreshold={"ActionThresholdValue": 10, "ActionThresholdType": "PERCENTAGE"},
        Definition=stop,
        ExecutionRoleArn=f"arn:aws:iam::{PROD}:role/budget-actions",
        ApprovalModel="MANUAL",
        Subscribers=[MAIL],
    )["ActionId"]
    one = {**where, "ActionId": action}
    client.update_budget(AccountId=PROD, NewBudget=budget_of(name, "99", CostTypes=GROSS))
    assert client.describe_budget_action(**one)["Action"]["Status"] == "PENDING"
    client.execute_budget_action(**one, ExecutionType="APPROVE_BUDGET_ACTION")

    def state() -> str:
        [found] = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
        return str(found["State"]["Name"])

    assert state() == "stopped"
    client.execute_budget_action(**one, ExecutionType="REVERSE_BUDGET_ACTION")
    assert state() in {"pending", "running"}
    with refused("ResourceLockedException"):
        client.execute_budget_action(**one, ExecutionType="APPROVE_BUDGET_ACTION")
    lines = client.describe_budget_action_histories(**one)["ActionHistories"]
    assert [line["EventType"] for line in lines] == ["EXECUTE_ACTION", "EXECUTE_ACTION", "SYSTEM", "CREATE_ACTION"]
    assert client.describe_budget_actions_for_account(AccountId=PROD)["Actions"][0]["ActionId"] == action
    client.delete_budget_action(**one)
    assert client.describe_budget_actions_for_budget(**where)["Actions"] == []


def test_what_aws_refuses_is_refused(priced: Cloud, name: str) -> None:
    client, where = priced.client("budgets"), {"AccountId": PROD, "BudgetName": name}
    with refused("DuplicateRecordException"):
        client.create_budget(AccountId=PROD, Budget=budget_of(name))
    with refused("NotFoundException"):
        client.describe_budget(AccountId=PROD, BudgetName="none of this name")
    with refused("AccessDeniedException"):
        client.describe_budgets(AccountId=DR)
    with refused("DuplicateRecordException"):
        client.create_notification(**where, Notification=PASSED, Subscribers=[MAIL])
    with refused("CreationLimitExceededException"):
        many = [{**MAIL, "Address": f"{number}@directory.test"} for number in range(11)]
        client.create_notification(**where, Notification={**PASSED, "Threshold": 1.0}, Subscribers=many)
    with refused("InvalidParameterException"):
        client.create_budget(AccountId=PROD, Budget={**budget_of("both"), "PlannedBudgetLimits": {
            "1793491200": {"Amount": "1", "Unit": "USD"}}})  # fmt: skip
    with refused("InvalidParameterException"):
        client.create_budget(AccountId=PROD, Budget=budget_of("custom without dates", TimeUnit="CUSTOM"))


def test_budgets_come_in_pages(priced: Cloud) -> None:
    client = priced.client("budgets")
    pages = list(client.get_paginator("describe_budgets").paginate(AccountId=PROD, PaginationConfig={"PageSize": 3}))
    assert len(pages[0]["Budgets"]) == 3
    names = [budget["BudgetName"] for page in pages for budget in page["Budgets"]]
    assert len(names) == len(set(names)) >= 4


def test_tags_are_kept(priced: Cloud, name: str) -> None:
    client = priced.client("budgets")
    arn = f"arn:aws:budgets::{PROD}:budget/{name}"
    client.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "team", "Value": "finance"}])
    assert client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "team", "Value": "finance"}]
    client.untag_resource(ResourceARN=arn, ResourceTagKeys=["team"])
    assert client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == []


@pytest.mark.parametrize(
    ("given", "spends"),
    [
        ({"CostTypes": GROSS, "CostFilters": {"Service": ["AWS Lambda"]}}, False),
        ({"CostTypes": GROSS, "CostFilters": {"LinkedAccount": [DR]}}, True),
        ({"CostTypes": GROSS, "CostFilters": {"TagKeyValue": ["user:Environment$production"]}}, True),
        ({"CostTypes": GROSS, "CostFilters": {"TagKeyValue": ["user:Environment$test"]}}, False),
        ({"FilterExpression": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Usage"]}},
          "Metrics": ["UnblendedCost"]}, True),
        ({}, False),
    ],
)  # fmt: skip
def test_filters_and_cost_types_decide_what_is_counted(priced: Cloud, given: dict[str, Any], *, spends: bool) -> None:
    client = priced.client("budgets")
    client.create_budget(AccountId=PROD, Budget=budget_of("filtered", **given))
    actual = float(described(priced, "filtered")["CalculatedSpend"]["ActualSpend"]["Amount"])
    client.delete_budget(AccountId=PROD, BudgetName="filtered")
    assert (actual > 0) is spends


def surges(site: str) -> list[Telling]:
    return [Telling(Story.COST_SURGE, AT + timedelta(minutes=45 * number), site) for number in range(6)]


def test_a_surge_reaches_the_days_budget_hours_after_the_counts(moving: Cloud) -> None:
    """The counts show it within the hour; the budget only when its figures are refreshed the next time."""
    ground = moving.ground
    assert ground is not None
    clock = ground.clock
    assert isinstance(clock, StandingClock)
    topic = next(each["TopicArn"] for each in moving.client("sns").list_topics()["Topics"])
    queue = moving.client("sqs").create_queue(QueueName="told")["QueueUrl"]
    moving.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{PROD}:told", ReturnSubscriptionArn=True
    )
    for place in ground.bills._premises:
        place.tellings = partial(tuple, surges(place.site.name))
    name = "directory-day-before-credits"

    def spent() -> float:
        return float(described(moving, name)["CalculatedSpend"]["ActualSpend"]["Amount"])

    def state() -> str:
        found = moving.client("budgets").describe_notifications_for_budget(AccountId=PROD, BudgetName=name)
        return str(found["Notifications"][0]["NotificationState"])

    clock.move_to(AT + timedelta(hours=5))  # 15:00: refreshed at 11:00, with usage up to 05:00
    so_far = sum(
        float(line.cost) for line in ground.bills.lines(until=clock.now())
        if line.day == AT.date() and line.record == "Usage"
    )  # fmt: skip
    assert so_far > 6.5 > spent()
    assert state() == "OK"
    clock.move_to(datetime(2026, 11, 23, 19, 0, 1, tzinfo=UTC))  # refreshed with usage up to 13:00
    assert spent() > 6.5
    assert state() == "ALARM"
    told = moving.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    assert "Budgeted Amount: $6.50" in told[0]["Body"]


def test_allowances_and_credits(priced: Cloud) -> None:
    client = priced.client("freetier")
    usages = {each["usageType"]: each for each in client.get_free_tier_usage()["freeTierUsages"]}
    requests = usages["Global-Request"]
    assert (requests["limit"], requests["freeTierType"]) == (1_000_000, "Always Free")
    assert 0 < requests["actualUsageAmount"] < requests["forecastedUsageAmount"]
    over = {"Dimensions": {"Key": "USAGE_PERCENTAGE", "Values": ["100"], "MatchOptions": ["GREATER_THAN_OR_EQUAL"]}}
    used_up = [each["usageType"] for each in client.get_free_tier_usage(filter=over)["freeTierUsages"]]
    assert "Global-DataTransfer-Out-Bytes" in used_up
    assert "Global-Request" not in used_up
    plan = client.get_account_plan_state()
    assert plan["accountPlanType"] == "PAID"
    assert 0 < plan["accountPlanRemainingCredits"]["amount"] < 1000
    first = client.get_free_tier_usage(maxResults=2)
    assert len(first["freeTierUsages"]) == 2
    assert len(client.get_free_tier_usage(nextToken=first["nextToken"])["freeTierUsages"]) == len(usages) - 2


def test_the_aws_cli_creates_a_budget(priced: Cloud) -> None:
    priced.aws("budgets", "create-budget", "--account-id", PROD, "--budget",
               '{"BudgetName":"by cli","BudgetLimit":{"Amount":"1","Unit":"USD"},"TimeUnit":"MONTHLY",'
               '"BudgetType":"COST"}')  # fmt: skip
    found = priced.aws("budgets", "describe-budgets", "--account-id", PROD)
    assert "by cli" in [each["BudgetName"] for each in found["Budgets"]]
    priced.aws("budgets", "delete-budget", "--account-id", PROD, "--budget-name", "by cli")
