"""What keeping lines costs, what a retention saves, and the plan that sets it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.audit import Audit
from access.changes import Ending, carry_out
from access.identity import Actor, Role
from collectors.logs import publishing
from collectors.logs.keeping import keeping, saving, storage, total
from core.log_lines import EPOCH
from core.money import ZERO
from tests.unit.collectors.logs.fake_groups import GIGABYTE, FakeGroups, group

ANA = Actor("ana", Role.ENGINEER)


def test_a_group_that_keeps_for_ever_costs_more_every_month() -> None:
    found = keeping(group(stored=100 * GIGABYTE), GIGABYTE)
    assert str(found.ingested) == "$15.21"  # 365 / 12 days of a gigabyte at $0.50
    assert str(found.stored) == "$0.45 to $3.00"
    assert str(found.stored_in_a_year) == "$2.09 to $13.95"  # 465 GB


def test_a_group_with_retention_holds_what_came_in_its_days() -> None:
    found = keeping(group(stored=100 * GIGABYTE, retention=30), GIGABYTE)
    assert str(found.stored_in_a_year) == "$0.14 to $0.90"
    young = keeping(group(stored=0, retention=3_653), GIGABYTE)
    assert str(young.stored_in_a_year) == "$1.64 to $10.95"  # a year's lines, not ten


def test_what_was_not_measured_has_no_price() -> None:
    found = keeping(group(), None)
    assert found.ingested is None
    assert found.stored_in_a_year is None
    assert str(found.stored) == "$0.45 to $3.00"
    assert keeping(group(log_class="DELIVERY"), GIGABYTE).ingested is None
    assert str(keeping(group(log_class="INFREQUENT_ACCESS"), GIGABYTE).ingested) == "$7.60"
    assert saving(group(), None, 30).year is None
    assert total([None, None]) is None


def test_what_a_retention_saves_and_deletes() -> None:
    found = saving(group(stored=100 * GIGABYTE), GIGABYTE, 30)
    assert str(found.year) == "$1.96 to $13.05"
    assert found.deleted == 70 * GIGABYTE
    longer = saving(group(stored=10 * GIGABYTE, retention=30), GIGABYTE, 90)
    assert longer.year is not None
    assert longer.year.most < ZERO
    assert longer.deleted == 0
    assert str(saving(group(stored=0), 0, 30).year) == "$0.00"


@given(st.integers(0, 10**15), st.integers(0, 10**13), st.sampled_from(publishing.RETENTIONS))
def test_a_shorter_retention_never_costs_more(stored: int, daily: int, days: int) -> None:
    found = saving(group(stored=stored), daily, days)
    assert found.year is not None
    assert found.year.least >= ZERO
    assert found.year.least.amount == found.year.most.amount * Decimal("0.15")
    assert found.deleted is not None
    assert 0 <= found.deleted <= stored
    assert storage(stored).least <= storage(stored).most


def test_retention_is_set_for_several_groups_at_once_and_taken_back(tmp_path: Path) -> None:
    cloud = FakeGroups()
    groups = [group("app"), group("app-2", retention=30)]
    plan = publishing.set_retention(groups, 30, daily={groups[0].arn: GIGABYTE})
    assert [each.targets for each in plan.steps] == [("app",)]  # the other has it already
    assert plan.title == "Keep the lines of app for 30 days"
    assert plan.price_difference is not None
    assert str(plan.price_difference) == "−$1.96"
    assert "They do not come back" in plan.warnings[0]
    done = carry_out(plan, ANA, cloud, Audit(tmp_path), now=EPOCH)
    assert done.done, done.sentence
    assert cloud.retention == {"app": 30, "app-2": 30}
    assert done.undo is not None
    back = carry_out(done.undo, ANA, cloud, Audit(tmp_path), now=EPOCH)
    assert back.done
    assert cloud.retention == {"app": None, "app-2": 30}
    assert [operation for operation, _ in cloud.written] == ["PutRetentionPolicy", "DeleteRetentionPolicy"]


def test_a_retention_that_somebody_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    cloud = FakeGroups()
    plan = publishing.set_retention([group("app")], 7)
    cloud.retention["app"] = 90
    found = carry_out(plan, ANA, cloud, Audit(tmp_path), now=EPOCH)
    assert found.ending is Ending.CONFLICT
    assert cloud.retention["app"] == 90


def test_what_no_plan_takes() -> None:
    with pytest.raises(ValueError, match="8 days is not accepted; give one of 1, 3, 5, 7"):
        publishing.set_retention([group()], 8)
    with pytest.raises(ValueError, match="choose at most 100"):
        publishing.set_retention([group(f"g{number}") for number in range(101)], 7)
    for_ever = publishing.set_retention([group(retention=7)], None)
    assert for_ever.title == "Keep the lines of app for ever"
    assert publishing.KEPT_FOR_EVER in for_ever.warnings
    assert not publishing.set_retention([group(retention=7)], 7).steps
