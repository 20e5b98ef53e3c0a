"""Budgets as they live: held against the bill each time its figures are refreshed, who is told, what actions do."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from moto.core.exceptions import ServiceException
from moto.sns.models import sns_backends
from werkzeug.exceptions import HTTPException

from core.reading import Scope
from demo.bills import Line, billed_until, refreshed
from demo.budget_book import Alert, Budget, BudgetBook, Document, Spent, is_crossed, limit_of, spent
from demo.building import Backends
from demo.ground import Ground

log = logging.getLogger("demo")

DONE = "EXECUTION_SUCCESS"


def seen_lines(ground: Ground, account: str, *, at: datetime) -> list[Line]:
    """Give the lines of the bill that an account sees, as they were refreshed last."""
    seen = set(ground.bills.accounts(account))
    return [line for line in ground.bills.lines(until=billed_until(at)) if line.account in seen]


def watch(ground: Ground, *, at: datetime) -> None:
    """Hold every account's budgets against newly refreshed figures, or budgets that were changed; tell who asked."""
    for account, book in ground.budgets.items():
        watch_one(ground, account, book, at=at)


def watch_one(ground: Ground, account: str, book: BudgetBook, *, at: datetime) -> None:
    """Do the same for one account."""
    if book.evaluated == refreshed(at):
        return
    book.evaluated = refreshed(at)
    lines = seen_lines(ground, account, at=at)
    for alert in book.evaluate(lines, at=billed_until(at)):
        _tell(alert, at=at)
    for budget in book.budgets.values():
        now = spent(budget.document, lines, at=billed_until(at))
        for action_id, action in list(budget.actions.items()):
            if action["Status"] == "STANDBY" and _is_due(budget, action, now, at=at):
                automatic = action["ApprovalModel"] == "AUTOMATIC"
                carry_out(account, budget, action_id, DONE if automatic else "PENDING", "SYSTEM", at=at)


def carry_out(account: str, budget: Budget, action_id: str, status: str, event: str, *, at: datetime) -> None:
    """Bring an action into a state, do what that means, and write it into its history."""
    action = budget.actions[action_id]
    if status in {DONE, "REVERSE_SUCCESS"}:
        _stop_or_start(account, action, stop=status == DONE)
    budget.actions[action_id] = {**action, "Status": status}
    message = {DONE: "The action was executed.", "PENDING": "The action waits for approval."}
    happened(budget, action_id, event, message.get(status, f"The action is now {status}."), at=at)


def happened(budget: Budget, action_id: str, event: str, message: str, *, at: datetime) -> None:
    """Write a line of an action's history."""
    action = dict(budget.actions[action_id])
    line = {
        "Timestamp": at,
        "Status": action["Status"],
        "EventType": event,
        "ActionHistoryDetails": {"Message": message, "Action": action},
    }
    budget.histories.setdefault(action_id, []).insert(0, line)


def _is_due(budget: Budget, action: Document, now: Spent, *, at: datetime) -> bool:
    threshold = action["ActionThreshold"]
    notice = {
        "NotificationType": action["NotificationType"],
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": threshold["ActionThresholdValue"],
        "ThresholdType": threshold["ActionThresholdType"],
    }
    return is_crossed(notice, now, limit_of(budget.document, at=at))


def _stop_or_start(account: str, action: Document, *, stop: bool) -> None:
    """Of the actions only those that stop instances change anything in the demo cloud."""
    definition = action["Definition"].get("SsmActionDefinition")
    if not definition or definition["ActionSubType"] != "STOP_EC2_INSTANCES":
        return
    machines: Any = Backends(Scope(account, definition["Region"])).ec2
    with suppress(ServiceException, HTTPException):  # an instance that is gone needs no stopping
        (machines.stop_instances if stop else machines.start_instances)(list(definition["InstanceIds"]))


def _tell(alert: Alert, *, at: datetime) -> None:
    for subscriber in alert.notice.subscribers:
        if subscriber["SubscriptionType"] == "SNS":
            _publish(subscriber["Address"], alert, at=at)


def _publish(arn: str, alert: Alert, *, at: datetime) -> None:
    if arn.count(":") < 5:
        return
    _, _, _, region, account, _ = arn.split(":", 5)
    subject = f"AWS Budgets: {alert.budget.name} has exceeded your alert threshold"[:100]
    try:
        topics: Any = sns_backends[account][region]
        topics.publish(_message(alert, at=at), arn, subject=subject)
    except (ServiceException, HTTPException, KeyError) as error:
        log.info("budget %s could not notify %s: %s", alert.budget.name, arn, error)


def _message(alert: Alert, *, at: datetime) -> str:
    """Write the message as AWS Budgets does.

    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    """
    document, notice = alert.budget.document, alert.notice.document
    limit = limit_of(document, at=at)
    threshold = Decimal(str(notice["Threshold"]))
    if notice["ThresholdType"] == "PERCENTAGE":
        threshold = limit * threshold / 100
    amount = alert.spent.actual if notice["NotificationType"] == "ACTUAL" else alert.spent.forecast or Decimal(0)
    return "\n".join(
        (
            f"AWS Budget Notification {at:%B %d, %Y}",
            "",
            f"Budget Name: {alert.budget.name}",
            f"Budget Type: {document['BudgetType'].capitalize()}",
            f"Budgeted Amount: ${limit:.2f}",
            f"Alert Type: {notice['NotificationType']}",
            f"Alert Threshold: {'>' if notice['ComparisonOperator'] == 'GREATER_THAN' else '<'} ${threshold:.2f}",
            f"{notice['NotificationType']} Amount: ${amount:.2f}",
        )
    )
