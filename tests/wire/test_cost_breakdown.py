"""What a person buys of Cost Explorer, against the demo cloud's bill."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from collectors import cost_breakdown
from core.money import Money
from tests.wire.clouds import AT, Cloud, billed_cloud
from tests.wire.test_cost_explorer import CREDITS, DR, PROD, Ticking, asked, total, watching

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def priced() -> Iterator[Cloud]:
    with billed_cloud() as cloud:
        yield cloud


def test_each_grouping_adds_up_to_the_bill_for_a_cent(priced: Cloud, tmp_path: Path) -> None:
    bill = total(asked(priced, Filter={"Not": CREDITS}))
    with watching(priced, tmp_path, Ticking(AT), cap=Money(Decimal("0.06"))) as sources:
        tags = cost_breakdown.TAGS
        assert sources.buy(tags, PROD, now=AT).faults == ()
        keys = sources.bought(tags, PROD, now=AT).value
        assert keys == ("CostCenter", "Environment", "Service")
        values = {}
        for question in (cost_breakdown.ACCOUNT, cost_breakdown.REGION, cost_breakdown.by("TAG", "Environment")):
            assert sources.buy(question, PROD, now=AT).faults == ()
            shares = sources.bought(question, PROD, now=AT).value or ()
            month = [each for each in shares if each.month == date(2026, 11, 1)]
            charged = sum((each.cost.amount for each in month if not each.given_back), Decimal(0))
            given_back = sum((each.cost.amount for each in month if each.given_back), Decimal(0))
            assert charged == bill == -given_back
            values[question.key] = {each.value for each in month}
        assert values["by DIMENSION LINKED_ACCOUNT"] == {PROD, DR}
        assert "production" in values["by TAG Environment"]
        assert sources.clients.meter.spent_this_month() == Money(Decimal("0.04"))
        assert sources.buy(cost_breakdown.DRIVERS, PROD, now=AT).faults == ()
        drivers = sources.bought(cost_breakdown.DRIVERS, PROD, now=AT).value
    assert drivers is not None
    assert (drivers.before, drivers.after) == (date(2026, 9, 1), date(2026, 10, 1))
    assert drivers.found
    for each in drivers.found:
        causes = sum((cause.difference.amount for cause in each.causes if cause.difference), Decimal(0))
        assert causes == (each.after - each.before).amount
