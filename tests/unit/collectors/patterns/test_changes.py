"""New, gone, more, less: a stated rule, one line before, at and after its edges."""

from __future__ import annotations

import pytest

from collectors.patterns.changes import CHANCE, Kind, Lengths, burstiness, chance_of, compare
from collectors.patterns.templates import mine
from core.log_lines import LogLine

HOUR = 3_600_000
EQUAL = Lengths(HOUR, HOUR)


def spread(number: int, *, start: int) -> list[LogLine]:
    return [LogLine(start + (2 * at + 1) * HOUR // (2 * number), "", "", "beat") for at in range(number)]


def kind(before: int, after: int, lengths: Lengths = EQUAL) -> Kind:
    found = mine([*spread(before, start=0), *spread(after, start=HOUR)], edge=HOUR)
    return compare(found, lengths)[0].kind


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (0, 1, Kind.NEW),
        (0, 500, Kind.NEW),
        (1, 0, Kind.SAME),
        (10, 0, Kind.SAME),  # one in 512 by chance
        (11, 0, Kind.GONE),  # one in 1,024
        (2, 6, Kind.SAME),
        (20, 60, Kind.MORE),
        (1_000, 1_490, Kind.SAME),  # certain, but less than half as many again
        (1_000, 1_500, Kind.MORE),
        (60, 20, Kind.LESS),
        (1_000, 700, Kind.SAME),
        (1_000, 660, Kind.LESS),
    ],
)
def test_the_rule(before: int, after: int, wanted: Kind) -> None:
    assert kind(before, after) is wanted


def test_rates_count_not_numbers() -> None:
    assert kind(60, 240, Lengths(HOUR, 4 * HOUR)) is Kind.SAME
    assert kind(60, 240, Lengths(4 * HOUR, HOUR)) is Kind.MORE


def test_a_burst_before_is_one_event() -> None:
    later = spread(30, start=HOUR)
    burst = [LogLine(1_000 + at, "", "", "beat") for at in range(100)]
    assert compare(mine([*burst, *later], edge=HOUR), EQUAL)[0].kind is Kind.SAME
    assert compare(mine([*spread(100, start=0), *later], edge=HOUR), EQUAL)[0].kind is Kind.LESS


def test_a_burst_that_never_came_back_is_gone() -> None:
    burst = [LogLine(1_000 + at, "", "", "beat") for at in range(100)]
    assert compare(mine(burst, edge=HOUR), EQUAL)[0].kind is Kind.GONE


def test_a_burst_after_is_more() -> None:
    lines = [*spread(60, start=0), *(LogLine(HOUR + at, "", "", "beat") for at in range(300))]
    assert compare(mine(lines, edge=HOUR), EQUAL)[0].kind is Kind.MORE


def test_what_was_not_read_is_not_compared() -> None:
    assert compare(mine(spread(5, start=HOUR), edge=HOUR), Lengths(0, HOUR)) == ()


def test_the_new_come_first() -> None:
    lines = [*spread(30, start=0), *spread(90, start=HOUR), LogLine(HOUR + 5, "", "", "something broke")]
    assert [each.kind for each in compare(mine(lines, edge=HOUR), EQUAL)] == [Kind.NEW, Kind.MORE]


def test_the_chance_of_many_lines_agrees_with_the_exact_sum() -> None:
    assert chance_of(400, 600, 0.5) < CHANCE
    assert chance_of(501, 501, 0.5) == pytest.approx(1.0, abs=0.03)
    assert chance_of(470, 529, 0.5) == pytest.approx(chance_of(471, 531, 0.5), rel=0.1)


def test_an_even_stream_does_not_burst() -> None:
    assert burstiness([2] * 30, 30) == 1.0
    assert burstiness([], 30) == 1.0
