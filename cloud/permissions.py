"""What Watchkeeper must be allowed in an account, action by action: the least-privilege policies that README hands out.

A reading client refuses what is not in `READ`, a writing client what is not in `WRITE` (`cloud.clients`), so these are
lists of what can happen, not only of what should. `tests/meta/test_docs.py` fails when an operation is called that is
not here, or this lists one nobody calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Call = tuple[str, str]
"""(botocore's name of a service, operation as AWS spells it)"""

_CLIENT_OF: Final[Mapping[str, str]] = {"elasticloadbalancing": "elbv2"}
"""IAM prefixes of services whose clients are named otherwise."""
IAM_PREFIX: Final[Mapping[str, str]] = {client: prefix for prefix, client in _CLIENT_OF.items()}
"""The same the other way."""

MADE_BY: Final[Mapping[str, str]] = {"created-by": "watchkeeper"}
"""The tag of topics that Watchkeeper made; only those may it delete again."""
GUARDED: Final[Mapping[str, str]] = {"watchkeeper-guard": "allow"}
"""The tag of what the spending guard may touch: groups and instances without it are nobody's business of ours."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One IAM action and what people lose without it."""

    action: str
    """As IAM spells it."""
    gives: str
    """What the action is for, in the user's words."""
    on: tuple[str, ...] = ("*",)
    """ARNs of what it may be done to; reads, and what is done to a subscription, take no resource."""
    only_tagged: Mapping[str, str] = field(default_factory=dict)
    """Tags that a thing must have for the action to be allowed on it."""

    operations: tuple[str, ...] = ()
    """The operations that need it, where IAM names the action otherwise."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The botocore service and operations that need it."""
        prefix, named = self.action.split(":")
        return tuple((_CLIENT_OF.get(prefix, prefix), operation) for operation in self.operations or (named,))


READ: Final = (
    Permission("cloudwatch:GetMetricStatistics", "charts and tiles, inside the free million requests"),
    Permission("cloudwatch:GetMetricData", "charts when the free million is used up and the cap allows it; never free"),
    Permission("cloudwatch:ListMetrics", "search in the metrics explorer"),
    Permission("cloudwatch:DescribeAlarms", "alarms firing now"),
    Permission("cloudwatch:DescribeAlarmHistory", "when alarms changed state, and why"),
    Permission("cloudwatch:ListTagsForResource", "tags of alarms"),
    Permission("cloudwatch:ListAlarmMuteRules", "which alarms are muted, and when"),
    Permission("cloudwatch:GetAlarmMuteRule", "what a mute rule says, before it is changed"),
    Permission("elasticloadbalancing:DescribeLoadBalancers", "load balancers"),
    Permission("elasticloadbalancing:DescribeTargetGroups", "target groups"),
    Permission("elasticloadbalancing:DescribeTargetHealth", "target health by zone, with its reason"),
    Permission("elasticloadbalancing:DescribeTags", "tags of load balancers and target groups"),
    Permission("autoscaling:DescribeAutoScalingGroups", "capacity, and the instances of a group"),
    Permission("autoscaling:DescribeScalingActivities", "the scaling timeline: what happened, and what caused it"),
    Permission("autoscaling:DescribePolicies", "scaling policies, and what they would have done"),
    Permission("sns:ListTopics", "topics that alarms can notify"),
    Permission("ec2:DescribeInstances", "instances, their zones and tags"),
    Permission("logs:DescribeLogGroups", "log groups: size, class and how long lines are kept"),
    Permission("logs:DescribeLogStreams", "streams of a log group"),
    Permission("logs:ListTagsForResource", "tags of log groups"),
    Permission("logs:DescribeMetricFilters", "metric filters of a log group"),
    Permission("logs:TestMetricFilter", "what AWS says of a metric filter on real lines, before it is made"),
    Permission("logs:FilterLogEvents", "log lines by span and pattern, and what is new"),
    Permission("logs:GetLogEvents", "what a stream said before and after a line"),
    Permission("logs:StartLiveTail", "lines as they come; $0.01 a minute when a person asks, only within the cap"),
    Permission("logs:StartQuery", "Logs Insights; $0.005 a GB scanned when a person asks, only within the cap"),
    Permission("logs:GetQueryResults", "what a query of Logs Insights has found, and the bytes that it scanned"),
    Permission("logs:StopQuery", "stop a query of Logs Insights"),
    Permission("logs:GetLogGroupFields", "fields of a log group's lines, for the query editor"),
    Permission("logs:DescribeQueryDefinitions", "saved queries of Logs Insights"),
    Permission("lambda:ListFunctions", "how much memory functions have, for the estimate of what they cost"),
    Permission("sns:GetTopicAttributes", "whether a topic is there, and who may publish to it"),
    Permission("sns:ListSubscriptionsByTopic", "who is notified, and who has not confirmed yet"),
    Permission("kms:DescribeKey", "whether an encrypted topic's key is in order"),
    Permission("kms:GetKeyPolicy", "whether CloudWatch may use an encrypted topic's key"),
    Permission(
        "budgets:ViewBudget",
        "budgets with what is spent and forecast, who is told, and their history",
        operations=(
            "DescribeBudget",
            "DescribeBudgets",
            "DescribeBudgetPerformanceHistory",
            "DescribeNotificationsForBudget",
            "DescribeSubscribersForNotification",
        ),
    ),
    Permission("budgets:DescribeBudgetActionsForAccount", "what budgets do when a threshold is crossed"),
    Permission("budgets:DescribeBudgetActionsForBudget", "what one budget does, before that is changed"),
    Permission("budgets:ListTagsForResource", "tags of one budget, so that undoing a delete brings them back"),
    Permission("freetier:GetFreeTierUsage", "free allowances: used, limit, and when they run out"),
    Permission("freetier:GetAccountPlanState", "the account's plan and what is left of its credits"),
    Permission("ce:GetCostForecast", "AWS's own forecast beside ours; $0.01 a day, so only within the cap"),
    Permission("ce:GetAnomalies", "days that AWS finds unusual; $0.01 a day, so only within the cap"),
    Permission("ce:GetCostAndUsage", "costs by day, service and usage type; $0.01 a page, so only within the cap"),
    Permission("ce:ListCostAllocationTags", "tags to group costs by; $0.01 when a person asks, only within the cap"),
    Permission("ce:GetCostComparisonDrivers", "what changed a bill; $0.01 when a person asks, only within the cap"),
)
"""Everything that is called; each can be left out, and the panel that needs it says so."""

EXPORT: Final = (
    Permission(
        "s3:ListBucket",
        "find what is new in a billing export, or in access logs",
        ("arn:aws:s3:::NAME-OF-THE-BUCKET",),
        operations=("ListObjectsV2",),
    ),
    Permission("s3:GetObject", "fetch a billing export or access logs", ("arn:aws:s3:::NAME-OF-THE-BUCKET/*",)),
)
"""What a billing export in S3 needs, in the account of its bucket; nothing where settings name none."""


_ALARMS: Final = "arn:aws:cloudwatch:*:*:alarm:*"
_MUTE_RULES: Final = "arn:aws:cloudwatch:*:*:alarm-mute-rule:*"
_TOPICS: Final = "arn:aws:sns:*:*:*"
_LOG_GROUPS: Final = "arn:aws:logs:*:*:log-group:*"
_GROUPS: Final = "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/*"

WRITE: Final = (
    Permission("cloudwatch:PutMetricAlarm", "create and change alarms", (_ALARMS,)),
    Permission("cloudwatch:PutCompositeAlarm", "create and change composite alarms", (_ALARMS,)),
    Permission("cloudwatch:PutLogAlarm", "create and change log alarms", (_ALARMS,)),
    Permission("cloudwatch:DeleteAlarms", "delete alarms", (_ALARMS,)),
    Permission("cloudwatch:EnableAlarmActions", "let an alarm's actions run", (_ALARMS,)),
    Permission("cloudwatch:DisableAlarmActions", "hold an alarm's actions back", (_ALARMS,)),
    Permission("cloudwatch:SetAlarmState", "force an alarm into a state", (_ALARMS,)),
    Permission("cloudwatch:TagResource", "tag alarms", (_ALARMS,)),
    Permission("cloudwatch:UntagResource", "take tags off alarms", (_ALARMS,)),
    Permission("cloudwatch:PutAlarmMuteRule", "mute alarms for a time", (_ALARMS, _MUTE_RULES)),
    Permission("cloudwatch:DeleteAlarmMuteRule", "end a mute", (_MUTE_RULES,)),
    Permission("sns:CreateTopic", "create topics for notifications", (_TOPICS,)),
    Permission("sns:TagResource", "mark the topics that Watchkeeper made", (_TOPICS,)),
    Permission("sns:DeleteTopic", "undo the creation of a topic", (_TOPICS,), MADE_BY),
    Permission("sns:Subscribe", "subscribe people, queues and functions", (_TOPICS,)),
    Permission("sns:Unsubscribe", "undo a subscription"),
    Permission("sns:Publish", "send marked test messages", (_TOPICS,)),
    Permission("autoscaling:PutScalingPolicy", "create and change scaling policies", (_GROUPS,)),
    Permission("autoscaling:DeletePolicy", "delete scaling policies", (_GROUPS,)),
    Permission("logs:PutMetricFilter", "make metrics of log lines", (_LOG_GROUPS,)),
    Permission("logs:DeleteMetricFilter", "stop making them", (_LOG_GROUPS,)),
    Permission("logs:PutQueryDefinition", "save queries of Logs Insights"),
    Permission("logs:DeleteQueryDefinition", "delete saved queries"),
    Permission("logs:PutRetentionPolicy", "set how long log lines are kept", (_LOG_GROUPS,)),
    Permission("logs:DeleteRetentionPolicy", "keep log lines for ever again", (_LOG_GROUPS,)),
)
"""Everything that a person may have done by Watchkeeper; each can be left out, and what needs it is refused by AWS."""

PUSH: Final = (Permission("cloudwatch:PutMetricData", "an application's own metrics, once a minute or so in batches"),)
"""Everything that an application does that pushes metrics."""

PUSH_LINES: Final = (
    Permission("logs:CreateLogStream", "a stream of its own for each process", (_LOG_GROUPS,)),
    Permission("logs:PutLogEvents", "metrics embedded in log lines, every few seconds", (_LOG_GROUPS,)),
)
"""Everything that an application does that sends log lines."""

_BUDGETS: Final = "arn:aws:budgets::*:budget/*"
_BUDGET_ACTIONS: Final = "arn:aws:budgets::*:budget/*/action/*"

WRITE_BUDGETS: Final = (
    Permission(
        "budgets:ModifyBudget",
        "create, change and delete budgets, their notifications and who is told",
        (_BUDGETS,),
        operations=(
            "CreateBudget",
            "UpdateBudget",
            "DeleteBudget",
            "CreateNotification",
            "UpdateNotification",
            "DeleteNotification",
            "CreateSubscriber",
            "UpdateSubscriber",
            "DeleteSubscriber",
        ),
    ),
    Permission(
        "budgets:TagResource",
        "bring back the tags of a budget whose delete is undone",
        (_BUDGETS,),
        operations=("CreateBudget",),
    ),
    Permission("budgets:CreateBudgetAction", "let AWS act when a threshold is crossed", (_BUDGET_ACTIONS,)),
    Permission("budgets:DeleteBudgetAction", "take such an action off again", (_BUDGET_ACTIONS,)),
    Permission("budgets:ExecuteBudgetAction", "approve and reverse such an action", (_BUDGET_ACTIONS,)),
)
"""The same for budgets. Whoever creates an action also passes its role on: `writing_budgets_policy` says to whom."""

_INSTANCES: Final = "arn:aws:ec2:*:*:instance/*"

GUARD: Final = (
    Permission("autoscaling:SuspendProcesses", "freeze: hold scaling back", (_GROUPS,), GUARDED),
    Permission("autoscaling:ResumeProcesses", "restore: let groups scale again", (_GROUPS,), GUARDED),
    Permission("autoscaling:UpdateAutoScalingGroup", "scale to zero, and back", (_GROUPS,), GUARDED),
    Permission("ec2:StopInstances", "stop instances outside groups", (_INSTANCES,), GUARDED),
    Permission("ec2:StartInstances", "restore: start them again", (_INSTANCES,), GUARDED),
    Permission("sns:Publish", "tell a topic that a threshold is reached", (_TOPICS,)),
)
"""Everything that the spending guard does; a role of its own can hold it, apart from the one that changes alarms."""

ALWAYS: Final[frozenset[Call]] = frozenset({("sts", "GetCallerIdentity"), ("sts", "AssumeRole")})
"""Calls that change nothing and need no permission in the account that is watched."""
READS: Final[frozenset[Call]] = ALWAYS | {call for permission in (*READ, *EXPORT) for call in permission.calls}
"""The calls that a reading client makes."""
WRITES: Final[frozenset[Call]] = frozenset(
    call for permission in (*WRITE, *WRITE_BUDGETS, *GUARD) for call in permission.calls
)
"""The calls that a writing client makes."""
PUSHES: Final[frozenset[Call]] = frozenset(call for permission in PUSH for call in permission.calls)
"""The calls that a client makes that pushes metrics."""
LINE_PUSHES: Final[frozenset[Call]] = frozenset(call for permission in PUSH_LINES for call in permission.calls)
"""The calls that a client makes that sends log lines."""


def policy() -> Mapping[str, Any]:
    """Give the IAM policy document for an account that is watched. Describe and list actions take no resource."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WatchkeeperReads",
                "Effect": "Allow",
                "Action": sorted(permission.action for permission in READ),
                "Resource": "*",
            }
        ],
    }


def writing_policy() -> Mapping[str, Any]:
    """Give the IAM policy document of the role that changes alarms: each action on its own kind of thing only."""
    return {"Version": "2012-10-17", "Statement": _statements("WatchkeeperWrites", WRITE)}


def writing_budgets_policy() -> Mapping[str, Any]:
    """Give the IAM policy document of the role that changes budgets. Roles are passed on to AWS Budgets only."""
    passed: dict[str, Any] = {
        "Sid": "WatchkeeperBudgetsPassesRoles",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::*:role/*"],
        "Condition": {"StringEquals": {"iam:PassedToService": "budgets.amazonaws.com"}},
    }
    return {"Version": "2012-10-17", "Statement": [*_statements("WatchkeeperBudgets", WRITE_BUDGETS), passed]}


def guarding_policy() -> Mapping[str, Any]:
    """Give the IAM policy document of what the spending guard does: on what has its tag, and nothing else."""
    return {"Version": "2012-10-17", "Statement": _statements("WatchkeeperGuard", GUARD)}


def _statements(name: str, permissions: Sequence[Permission]) -> list[dict[str, Any]]:
    grouped: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    for permission in permissions:
        grouped.setdefault((permission.on, tuple(permission.only_tagged.items())), []).append(permission.action)
    return [
        _statement(f"{name}{place}", actions, on, dict(tags))
        for place, ((on, tags), actions) in enumerate(grouped.items(), start=1)
    ]


def pushing_policy() -> Mapping[str, Any]:
    """Give the IAM policy document of an application that pushes metrics, into any namespace that is not AWS's own.

    The call takes no resource; its namespace is a condition of its own.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WatchkeeperPushes",
                "Effect": "Allow",
                "Action": sorted(permission.action for permission in PUSH),
                "Resource": "*",
                "Condition": {"StringNotLike": {"cloudwatch:namespace": "AWS/*"}},
            }
        ],
    }


def pushing_lines_policy() -> Mapping[str, Any]:
    """Give the IAM policy document of an application that sends log lines; its group's name is the reader's to fill in.

    A line may hold metrics of any namespace: who may write the group may write them.
    """
    return {"Version": "2012-10-17", "Statement": _statements("WatchkeeperSendsLines", PUSH_LINES)}


def export_policy() -> Mapping[str, Any]:
    """Give the IAM policy document for a billing export in S3; the bucket's name is the reader's to fill in."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement(f"WatchkeeperReadsExport{place}", [each.action], each.on, {})
            for place, each in enumerate(EXPORT, start=1)
        ],
    }


def _statement(name: str, actions: list[str], on: tuple[str, ...], tags: Mapping[str, str]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": name, "Effect": "Allow", "Action": sorted(actions), "Resource": list(on)}
    if tags:
        statement["Condition"] = {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}}
    return statement
