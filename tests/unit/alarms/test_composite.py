"""Composite alarms: rules by AWS's examples, circles, and the suppressor's hold on a time line.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppression.html
"""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarms.composite import RuleError, child_name, in_order, parse_rule, state_of
from alarms.definition import CompositeAlarm
from alarms.state import StateValue
from alarms.suppression import Change, Hold, Suppression, actions
from core.timespan import from_epoch
from tests.unit.alarms.lines import START

OK, ALARM, INSUFFICIENT = StateValue.OK, StateValue.ALARM, StateValue.INSUFFICIENT_DATA
SHORT = {"o": OK, "A": ALARM, "i": INSUFFICIENT}


def holds(rule: str, **states: str) -> bool:
    return parse_rule(rule).holds({name: SHORT[state] for name, state in states.items()})


@pytest.mark.parametrize(
    ("rule", "true_of", "false_of"),
    [
        ("ALARM(a) AND ALARM(b)", ["AA"], ["Ao", "oA", "oo", "Ai"]),
        ("ALARM(a) AND NOT ALARM(b)", ["Ao", "Ai"], ["AA", "oo"]),
        ("(ALARM(a) OR ALARM(b)) AND OK(c)", ["Aoo", "oAo"], ["ooo", "AoA", "Aoi"]),
        ("ALARM(a) OR ALARM(b) AND OK(c)", ["Aoo", "AoA", "oAo"], ["oAA", "ooo"]),
        ("NOT (OK(a) OR OK(b))", ["AA", "Ai"], ["oA", "oo"]),
        ("NOT NOT INSUFFICIENT_DATA(a)", ["i"], ["o", "A"]),
        ("TRUE", [""], []),
        ("FALSE OR NOT true", [], [""]),
        ("AT_LEAST(2, ALARM, (a, b, c))", ["AAo", "AAA"], ["Aoo", "ooo"]),
        ("AT_LEAST(50%, OK, (a, b, c, d))", ["ooAA", "oooo"], ["oAAA"]),
        ("AT_LEAST(50%, OK, (a, b, c))", ["ooA"], ["oAA"]),
        ('AT_LEAST("60%", NOT OK, (a, b, c, d, a))', ["AiAo"], ["oAAo"]),
        ("AT_LEAST(1, NOT INSUFFICIENT_DATA, (a, b))", ["io", "Ai"], ["ii"]),
        ("AT_LEAST(2, ALARM, (a, b)) OR ALARM(c)", ["AAo", "ooA"], ["Aoo"]),
    ],
)
def test_rules(rule: str, true_of: list[str], false_of: list[str]) -> None:
    for states in true_of:
        assert holds(rule, **dict(zip("abcd", states, strict=False))), states
    for states in false_of:
        assert not holds(rule, **dict(zip("abcd", states, strict=False))), states


def test_a_composite_alarm_is_in_alarm_or_ok() -> None:
    rule = parse_rule("ALARM(a)")
    assert [state_of(rule, {"a": state}) for state in (OK, ALARM, INSUFFICIENT)] == [OK, ALARM, OK]


def test_children_are_named_once_in_their_order() -> None:
    arn = "arn:aws:cloudwatch:us-east-1:111111111111:alarm:b: two"
    rule = parse_rule(f'ALARM("with space") AND OK({arn}) OR ALARM(ALARM) OR NOT OK("with space")')
    assert rule.children == ("with space", arn, "ALARM")
    assert [child_name(child) for child in rule.children] == ["with space", "b: two", "ALARM"]


@pytest.mark.parametrize(
    ("rule", "position", "message"),
    [
        ("ALARM(a", 7, "the text ends where one of these is expected: )"),
        ("ALARM a", 6, "'a' where one of these is expected: ("),
        ("ALARM(a) ALARM(b)", 9, "'A' where one of these is expected: AND, OR, the end"),
        ("ALARM(a) AND", 12, "the text ends where one of these is expected: (, ALARM(, OK( or INSUFFICIENT_DATA(, "),
        ("AT_LEAST(two, ALARM, (a))", 9, "'t' where one of these is expected: a number or percentage of alarms"),
        ("AT_LEAST(2, ALARM, a)", 19, "'a' where one of these is expected: ("),
        ("", 0, "the text ends where one of these is expected: "),
        (" OR ".join(f"ALARM(a{n})" for n in range(101)), 0, "101 alarms are too many; a rule looks at 100 at most"),
        (" OR ".join(["TRUE"] * 501), 0, "501 elements are too many; a rule has 500 at most"),
    ],
)
def test_a_rule_that_cannot_be_read_says_where(rule: str, position: int, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(rule)
    assert (caught.value.position, caught.value.message[: len(message)]) == (position, message)


def test_limits_of_a_rule_are_inclusive() -> None:
    assert len(parse_rule(" OR ".join(f"ALARM(a{n})" for n in range(100))).children) == 100
    assert parse_rule(" OR ".join(["TRUE"] * 500)).children == ()


def test_composites_are_put_in_the_order_of_their_dependence() -> None:
    rules = {"top": "ALARM(middle) OR ALARM(cpu)", "middle": "ALARM(low)", "low": "ALARM(cpu)", "alone": "TRUE"}
    assert in_order({name: parse_rule(rule) for name, rule in rules.items()}) == ("low", "middle", "top", "alone")


@pytest.mark.parametrize(
    ("rules", "circle"),
    [
        ({"a": "ALARM(a)"}, "a → a"),
        ({"x": "ALARM(a)", "a": "ALARM(b)", "b": "OK(c)", "c": "ALARM(a)"}, "a → b → c → a"),
    ],
)
def test_circles_are_refused_by_name(rules: dict[str, str], circle: str) -> None:
    with pytest.raises(RuleError, match=f"the rules go in a circle, {circle}; take one"):
        in_order({name: parse_rule(rule) for name, rule in rules.items()})


def acted(line: str, suppressor: str, *, wait: int = 0, extension: int = 0) -> list[tuple[int, str]]:
    """When which actions run: both lines have a state a second, `.` is no change."""
    alarm = CompositeAlarm("all", "TRUE", suppressor="s", suppressor_wait=wait, suppressor_extension=extension)
    changes = []
    for second, (state, held) in enumerate(zip(line, suppressor, strict=True)):
        at = from_epoch(START + second)
        changes += [Change(at, SHORT[held], of_suppressor=True)] if held != "." else []
        changes += [Change(at, SHORT[state])] if state != "." else []
    letters = {state: letter for letter, state in SHORT.items()}
    ran = actions(Suppression.of(alarm, state=OK), changes)
    return [(int((at - from_epoch(START)).total_seconds()), letters[state]) for at, state in ran]


def written(acts: list[tuple[int, str]]) -> str:
    """The same as a line."""
    found = dict(acts)
    return "".join(found.get(second, ".") for second in range(max(found, default=-1) + 1))


@pytest.mark.parametrize(
    ("line", "suppressor", "wait", "extension", "expected"),
    [
        # Nothing suppresses: actions run after the wait, and at once when the alarm goes back.
        ("..A....o..", "..........", 0, 0, "..A....o"),
        ("..A.......", "..........", 4, 0, "......A"),
        ("..A.....o.", "..........", 4, 0, "......A.o"),
        # Back within the wait: nothing was said, nothing is to be taken back.
        ("..A.o.....", "..........", 4, 0, ""),
        # The suppressor follows within the wait, one step before its end; at its end it is too late.
        ("..A.......", ".....A....", 4, 0, ""),
        ("..A.......", "......A...", 4, 0, "......A"),
        # It was in ALARM before; when it leaves, the actions of the state of then run, after the extension.
        ("...A......", ".A...o....", 4, 0, ".....A"),
        ("...A......", ".A...o....", 4, 3, "........A"),
        ("...A..o...", ".A...o....", 4, 3, ""),
        ("...A.....o", ".A...o....", 4, 3, "........Ao"),
        # The alarm was acted on, the suppressor comes and goes: nothing is said twice.
        ("A.........", "...A.o....", 0, 2, "A"),
        ("A...o.....", "...A..o...", 0, 2, "A.......o"),
        # Back in ALARM within the extension prolongs the hold.
        ("..A.......", "A.o.A.o...", 0, 3, ".........A"),
    ],
)
def test_suppression(line: str, suppressor: str, wait: int, extension: int, expected: str) -> None:
    assert written(acted(line, suppressor, wait=wait, extension=extension)) == expected


def test_what_holds_is_named_as_aws_does() -> None:
    alarm = CompositeAlarm("all", "TRUE", suppressor="s", suppressor_wait=60, suppressor_extension=60)
    at = from_epoch(START)
    waiting, _ = Suppression.of(alarm, state=OK).advanced(at=at, state=ALARM)
    held, _ = waiting.advanced(at=at + timedelta(seconds=30), suppressor=ALARM)
    extended, _ = held.advanced(at=at + timedelta(seconds=90), suppressor=OK)
    free, state = extended.advanced(at=at + timedelta(seconds=150))
    assert [one.hold for one in (waiting, held, extended, free)] == [
        Hold.WAIT_PERIOD,
        Hold.ALARM,
        Hold.EXTENSION_PERIOD,
        None,
    ]
    assert state is ALARM


lines = st.lists(st.sampled_from("..oA"), min_size=8, max_size=8).map("".join)


@given(lines, lines, st.integers(0, 4), st.integers(0, 4))
def test_no_action_is_repeated_and_none_runs_under_the_suppressor(
    line: str, suppressor: str, wait: int, extension: int
) -> None:
    acts = acted(line, suppressor, wait=wait, extension=extension)
    said = ["o", *(letter for _, letter in acts)]
    assert all(before != after for before, after in pairwise(said))
    for second, _ in acts:
        before = suppressor[:second].replace(".", "")
        assert not before.endswith("A") or suppressor[second : second + 1] == "o"
