"""The wall says that reads come more rarely, and why."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cloud.caps import Left, Limit, day_of
from collectors.pace import Pace
from core.money import ZERO, Money
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import NOW, FakeSources, context

CENT = Money(Decimal("0.01"))
TODAY = Limit("daily", Money(Decimal(1)), day_of(NOW))


@pytest.mark.parametrize(
    ("paced", "words"),
    [
        (Pace(60, {"1": 1.05}), None),
        (Pace(60, {"1": 3.0}), "Reads come every 3 min, so that the free requests last"),
        (
            Pace(60, {}, frozenset(), 3.0, CENT, Left(CENT * 40, TODAY)),
            "Paid reads come every 3 min, so that $0.40 lasts until 24 November, 00:00 UTC",
        ),
        (
            Pace(60, {}, frozenset(), 1440.0, CENT, Left(ZERO, TODAY)),
            "Paid reads wait until 24 November, 00:00 UTC: today's cap of $1.00 leaves $0.00",
        ),
    ],
)
def test_the_wall_says_why_reads_come_more_rarely(open_page: Open, paced: Pace, words: str | None) -> None:
    text = seen.text(open_page(context(FakeSources(paced=paced)))).replace("\\", "").replace("\u2060", "")
    if words is None:
        assert "reads come" not in text.lower()
    else:
        assert words in text
