"""The alarm book by itself: what is due when, and what was recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from alarms.state import StateValue
from core.reading import Scope
from core.series import MetricId
from demo.alarm_book import AlarmBook, AlarmBooks, ItemType, Transition
from demo.metric_store import MetricStore, Stores

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SCOPE = Scope("111111111111", "us-east-1")
CPU = MetricId("AWS/EC2", "CPUUtilization")
TOPIC = "arn:aws:sns:us-east-1:111111111111:ops"


def params(name: str = "hot", **change: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "Namespace": CPU.namespace,
        "MetricName": CPU.name,
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 70.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [TOPIC],
        **change,
    }


def book_with(*values: float) -> AlarmBook:
    store = MetricStore()
    store.put(CPU, int(AT.timestamp()) + 60 * np.arange(len(values)), np.array(values))
    book = AlarmBook(SCOPE, store)
    book.put(params(), at=AT)
    return book


def test_each_instant_is_evaluated_once_however_often_it_is_asked() -> None:
    book = book_with(90.0, 20.0)
    found = [book.evaluate_due(at=AT + timedelta(seconds=seconds)) for seconds in range(0, 200, 3)]
    changes = [(t.at - AT, t.old, t.new, t.actions) for step in found for t in step]
    assert changes == [
        (timedelta(seconds=70), StateValue.INSUFFICIENT_DATA, StateValue.ALARM, (TOPIC,)),
        (timedelta(seconds=130), StateValue.ALARM, StateValue.OK, ()),
    ]


def test_a_jump_in_time_makes_up_for_what_was_due() -> None:
    steps, jump = book_with(90.0, 20.0, 95.0), book_with(90.0, 20.0, 95.0)
    stepped = [t for seconds in range(0, 301, 10) for t in steps.evaluate_due(at=AT + timedelta(seconds=seconds))]
    jumped = jump.evaluate_due(at=AT + timedelta(seconds=300))
    assert [(t.at, t.new) for t in jumped] == [(t.at, t.new) for t in stepped]
    assert len(jumped) == 3


def test_an_instant_does_not_see_data_of_later() -> None:
    book = book_with(20.0, 20.0, 99.0)
    found = book.evaluate_due(at=AT + timedelta(hours=1))
    assert next(t.at for t in found if t.new is StateValue.ALARM) == AT + timedelta(seconds=190)


def test_disabled_actions_do_not_run() -> None:
    book = book_with(90.0)
    book.enable(["hot"], enabled=False, at=AT)
    assert [t.actions for t in book.evaluate_due(at=AT + timedelta(seconds=75))] == [()]


def test_a_recorded_past_is_history_and_the_newest_is_the_state() -> None:
    book = book_with()
    entry = book.get("hot")
    assert entry is not None
    for minutes, old, new in ((5, "INSUFFICIENT_DATA", "OK"), (9, "OK", "ALARM")):
        at = AT + timedelta(minutes=minutes)
        book.record(Transition(SCOPE, entry.definition, at, StateValue(old), StateValue(new), f"because {new}"))
    book.evaluated_until(AT + timedelta(minutes=10))
    now = book.get("hot")
    assert now is not None
    assert (now.state, now.reason, now.transitioned) == (StateValue.ALARM, "because ALARM", AT + timedelta(minutes=9))
    items = book.history(now=AT + timedelta(minutes=10))
    assert [item.summary for item in items] == [
        'Alarm "hot" created',
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
    ]
    assert json.loads(items[-1].data)["newState"] == {"stateValue": "ALARM", "stateReason": "because ALARM"}


def test_history_is_kept_for_thirty_days() -> None:
    book = book_with()
    book.add_history("hot", at=AT + timedelta(days=20), kind=ItemType.ACTION, summary="later", data="{}")
    assert len(book.history(now=AT + timedelta(days=29))) == 2
    assert [item.summary for item in book.history(now=AT + timedelta(days=30))] == ["later"]


def test_books_of_several_scopes_give_one_order_of_time() -> None:
    stores = Stores()
    books = AlarmBooks(stores)
    for number, account in enumerate(("222222222222", "111111111111")):
        scope = Scope(account, "us-east-1")
        values = np.array([20.0, 90.0]) if number else np.array([90.0, 90.0])
        stores.of(scope).put(CPU, int(AT.timestamp()) + 60 * np.arange(2), values)
        books.of(scope).put(params(), at=AT)
    found = books.evaluate_due(at=AT + timedelta(seconds=140))
    assert [t.at for t in found] == sorted(t.at for t in found)
    assert {t.scope.account for t in found} == {"111111111111", "222222222222"}


def test_history_data_stays_within_aws_s_limit_and_is_json() -> None:
    book = book_with()
    entry = book.get("hot")
    assert entry is not None
    data = {"version": "1.0", "evaluatedDatapoints": [{"timestamp": "x" * 40, "value": n} for n in range(100)]}
    book.record(Transition(SCOPE, entry.definition, AT, StateValue.OK, StateValue.ALARM, "y" * 1000, data))
    item = book.history(now=AT)[-1]
    assert len(item.data) <= 4095
    assert json.loads(item.data)["newState"]["stateReasonData"] == {"version": "1.0"}
