"""Evidence for the doctor's tests: an account where all is well, to be spoilt in one place at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from alarms.agreement import Recorded
from alarms.definition import Alarm, MetricAlarm
from alarms.doctor import Directory, Evidence, Live, Neighbours, watched_of
from alarms.notation import read_states, series
from alarms.state import StateValue
from core.delivery import Key, Subscription, Topic
from core.reading import Scope
from core.series import MetricId, Series
from core.timespan import Timespan, from_epoch
from tests.unit.alarms.lines import START, alarm

ACCOUNT = "111111111111"
SCOPE = Scope(ACCOUNT, "us-east-1")
TOPIC_ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:ops"
NOW = from_epoch(START)
SPAN = Timespan(NOW - timedelta(days=14), NOW)
CPU = MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),))
ALLOWS = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "*"}]}
)
MAIL = Subscription("email", "ops@example.com", confirmed=True)
TOPIC = Topic(TOPIC_ARN, ALLOWS, None, None, (MAIL,))
KEY = Key("arn:aws:kms:us-east-1:111111111111:key/1", aws_managed=False, state="Enabled", policy=ALLOWS)


def watching(**members: Any) -> MetricAlarm:
    """An alarm above 90 % CPU of an instance in 3 of 3 periods of five minutes, which notifies a topic."""
    defaults: dict[str, Any] = {
        "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
        "Period": 300,
        "Threshold": 90,
        "AlarmActions": [TOPIC_ARN],
    }
    return alarm(**defaults | members)


def lately(line: str, *, period: int = 300, unit: str | None = "Percent") -> Series:
    """The series of a line of values that ends now."""
    words = (word.partition("x") for word in line.split())
    length = sum(int(count or 1) for _, _, count in words)
    return replace(series(line, period=period, start=START - length * period), unit=unit)


STEADY = lately("20 35 60 40x200")


def evidence(*alarms: Alarm, history: Series = STEADY, **parts: Any) -> Evidence:
    """Evidence that all is well with these alarms, but for `parts`."""
    histories = {watched: history for one in alarms if (watched := watched_of(one)) is not None}
    whole: dict[str, Any] = {
        "scope": SCOPE,
        "at": NOW,
        "span": SPAN,
        "metrics": Directory.of([CPU]),
        "histories": histories,
        "resources": {"InstanceId": frozenset({"i-1"})},
        "topics": {TOPIC_ARN: TOPIC},
        "neighbours": Neighbours.of(alarms),
        "live": {one.name: live() for one in alarms},
    }
    return Evidence(**whole | parts)


def live(state: str = "OK", *, days: float = 10, changes: tuple[Recorded, ...] = (), **parts: Any) -> Live:
    """What is known of an alarm that came into its state `days` ago."""
    whole: dict[str, Any] = {
        "state": StateValue(state),
        "since": NOW - timedelta(days=days),
        "changed_at": NOW - timedelta(days=30),
        "changes": changes,
        "failures": (),
    }
    return Live(**whole | parts)


def changes(line: str, *, minutes: int = 5) -> tuple[Recorded, ...]:
    """Changes of state out of a line of states, one each few minutes, that ends now."""
    states = read_states(line)
    first = NOW - timedelta(minutes=minutes * len(states))
    pairs = enumerate(pairwise(states), start=1)
    return tuple(
        Recorded(first + timedelta(minutes=minutes * place), old, new) for place, (old, new) in pairs if old != new
    )


def topics(**changed: Any) -> Mapping[str, Topic]:
    return {TOPIC_ARN: replace(TOPIC, **changed)}
