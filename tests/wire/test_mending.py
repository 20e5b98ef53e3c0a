"""Findings and gaps mended by their plans on the demo cloud: planned, authorized, applied, and gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from access.audit import Audit
from access.changes import ChangePlan, Outcome, carry_out
from access.identity import Actor, Role
from alarms.doctor import Finding
from alarms.live import Live, live_of
from collectors import live_alarms
from collectors.sources import CloudSources
from core.reading import Scope
from dashboard.views.checkups import examine_all
from dashboard.views.coverage import proposals, survey
from dashboard.views.evidence import gather
from dashboard.views.mending import creation, is_planned, plan_of
from demo.world import HOSTILE_BIDI
from tests.wire.clouds import AT, Cloud
from tests.wire.test_collectors import DR, PROD, sources_of

pytestmark = pytest.mark.wire

ENGINEER = Actor("ana", Role.ENGINEER)


def found(sources: CloudSources, scope: Scope, name: str) -> tuple[Finding, ...]:
    return examine_all(gather(sources, scope, now=AT, names=[name])).findings


def live(sources: CloudSources, scope: Scope, name: str) -> Live:
    (document,) = live_alarms.read(sources.clients, scope, [name], now=AT).value
    return live_of(document)


def applied(sources: CloudSources, plan: ChangePlan, folder: Path, actor: Actor = ENGINEER) -> Outcome:
    return carry_out(plan, actor, sources.clients, Audit(folder / "audit"), now=AT)


@pytest.mark.parametrize(("scope", "name"), [(PROD, HOSTILE_BIDI), (DR, "directory-dr-old-web-cpu")])
def test_a_finding_is_gone_after_its_plan(fresh_cloud: Cloud, tmp_path: Path, scope: Scope, name: str) -> None:
    before = sources_of(fresh_cloud, tmp_path / "before")
    (finding,) = found(before, scope, name)
    assert is_planned(finding)
    plan = plan_of(finding, live=live(before, scope, name), others=(), scope=scope)
    assert plan is not None
    assert {change.field for change in plan.changes} <= {"Alarm", "AlarmActions"}
    outcome = applied(before, plan, tmp_path)
    assert outcome.done, outcome.sentence
    assert found(before, scope, name) == (finding,)  # what was read a moment ago
    before.changed(scope, at=AT)
    assert found(before, scope, name) == ()
    after = sources_of(fresh_cloud, tmp_path / "after")
    assert found(after, scope, name) == ()
    for each in (before, after):
        each.clients.close()
        each.store.close()


def test_a_viewer_reads_the_plan_and_may_not_apply_it(cloud: Cloud, tmp_path: Path) -> None:
    sources = sources_of(cloud, tmp_path / "sources")
    (finding,) = found(sources, PROD, HOSTILE_BIDI)
    plan = plan_of(finding, live=live(sources, PROD, HOSTILE_BIDI), others=(), scope=PROD)
    assert plan is not None
    outcome = applied(sources, plan, tmp_path, Actor("vera", Role.VIEWER))
    assert not outcome.done
    assert found(sources, PROD, HOSTILE_BIDI) == (finding,)
    sources.clients.close()
    sources.store.close()


def test_what_changes_other_peoples_policies_is_theirs_to_run(cloud: Cloud, tmp_path: Path) -> None:
    sources = sources_of(cloud, tmp_path)
    (finding,) = found(sources, DR, "directory-dr-flood")
    assert not is_planned(finding)
    assert plan_of(finding, live=live(sources, DR, "directory-dr-flood"), others=(), scope=DR) is None
    sources.clients.close()
    sources.store.close()


def test_gaps_are_filled_in_bulk_by_one_plan_and_undone_by_another(fresh_cloud: Cloud, tmp_path: Path) -> None:
    before = sources_of(fresh_cloud, tmp_path / "before")
    coverage = survey(before, PROD, now=AT)
    keys = {cell.key for cell in coverage.gaps}
    made = [each.alarm for each in proposals(before, coverage, keys, now=AT) if each.alarm is not None]
    plan = creation(made, others=coverage.alarms, scope=PROD)
    assert len(plan.steps) == len(made)
    assert str(plan.price_difference) == f"${len(made) / 10:.2f}"
    outcome = applied(before, plan, tmp_path)
    assert outcome.done, outcome.sentence
    after = sources_of(fresh_cloud, tmp_path / "after")
    assert len(survey(after, PROD, now=AT).gaps) == len(keys) - len(made)
    assert outcome.undo is not None
    assert applied(before, outcome.undo, tmp_path).done
    last = sources_of(fresh_cloud, tmp_path / "last")
    assert {cell.key for cell in survey(last, PROD, now=AT).gaps} == keys
    for each in (before, after, last):
        each.clients.close()
        each.store.close()
