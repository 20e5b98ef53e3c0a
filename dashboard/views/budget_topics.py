"""Topics that budgets can tell: whether AWS Budgets may publish there, and who is then told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alarms.doctor.policies import Caller, rule
from collectors.delivery import Seen
from core.delivery import Topic
from core.reading import Unknown
from dashboard.wording import ALARM, NO_DATA, OK, WARNING, Look, listed

BUDGETS: Final = "budgets.amazonaws.com"
"""Who publishes. https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html"""


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic, by its `arn`, as the one who chooses it must know it; `look` says whether it reaches anybody."""

    arn: str
    look: Look
    sentence: str
    """Whether it reaches anybody, and whom; foreign text."""
    warning: str
    """What to read before saying yes; empty where it reaches somebody."""


def judge(arn: str, seen: Seen, *, account: str) -> TopicView:
    """Say whether a budget's notification through a topic reaches anybody."""
    name = arn.rpartition(":")[2]
    if seen is None:
        return _view(arn, ALARM, f"The topic {name} does not exist.", warns=True)
    if isinstance(seen, Unknown):
        return _view(arn, NO_DATA, f"Whether AWS Budgets may publish to {name} is not known: {seen.why}.", warns=True)
    context = {"aws:sourceaccount": account, "aws:principalisawsservice": "true", "aws:principalservicename": BUDGETS}
    found = rule(seen.policy, Caller("sns:Publish", arn, account, context, as_account=False, service=BUDGETS))
    if found.allowed is False:
        says = f"AWS Budgets may not publish to {name}: {found.reason}. Let {BUDGETS} do sns:Publish in its policy."
        return _view(arn, ALARM, says, warns=True)
    if found.allowed is None:
        return _view(
            arn, NO_DATA, f"Cannot tell whether AWS Budgets may publish to {name}: {found.reason}.", warns=True
        )
    return _told(arn, name, seen)


def _told(arn: str, name: str, topic: Topic) -> TopicView:
    if isinstance(topic.subscriptions, Unknown):
        return _view(arn, NO_DATA, f"Who is subscribed to {name} is not known: {topic.subscriptions.why}.", warns=True)
    confirmed = [each for each in topic.subscriptions if each.confirmed]
    waiting = len(topic.subscriptions) - len(confirmed)
    if not confirmed:
        return _view(arn, WARNING, f"Nobody who is subscribed to {name} has confirmed, so it tells nobody.", warns=True)
    more = f"; {waiting} not confirmed yet" if waiting else ""
    people = listed([f"{each.endpoint} ({each.protocol})" for each in confirmed])
    return _view(arn, OK, f"AWS Budgets may publish to {name}. It tells {people}{more}.", warns=False)


def _view(arn: str, look: Look, sentence: str, *, warns: bool) -> TopicView:
    return TopicView(arn, look, sentence, sentence if warns else "")


def names(arns: tuple[str, ...]) -> Mapping[str, str]:
    """Give what topics are called in a choice; the first is none."""
    return {"": "no topic", **{arn: arn.rpartition(":")[2] for arn in arns}}
