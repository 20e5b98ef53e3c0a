"""Coverage of the demo cloud: gaps, proposals, and that filling them all leaves none."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alarms.coverage import State
from alarms.definition import to_request
from dashboard.console import coverage
from dashboard.views.coverage import proposals, survey
from tests.wire.clouds import AT, Cloud
from tests.wire.test_collectors import PROD, endpoint_calls, sources_of

pytestmark = pytest.mark.wire


def test_what_the_demos_people_watch_is_covered_and_the_rest_a_gap(cloud: Cloud, tmp_path: Path) -> None:
    sources = sources_of(cloud, tmp_path)
    found = survey(sources, PROD, now=AT)
    states = {cell.recommendation.metric: cell.state for cell in found.cells if "AutoScaling" not in str(cell.metric)}
    assert states["HTTPCode_Target_5XX_Count"] is State.COVERED
    assert states["UnHealthyHostCount"] is State.COVERED
    assert states["HealthyHostCount"] is State.GAP
    members = {each.id for each in sources.inventory(PROD, now=AT).value.instances if each.group}
    assert members
    assert not any(value in members for cell in found.cells for _, value in cell.metric.dimensions)
    sources.clients.close()
    sources.store.close()


def test_filling_every_gap_leaves_only_those_without_a_threshold(fresh_cloud: Cloud, tmp_path: Path) -> None:
    before = sources_of(fresh_cloud, tmp_path / "before")
    found = survey(before, PROD, now=AT)
    made = proposals(before, found, {cell.key for cell in found.gaps}, now=AT)
    assert len(made) == len(found.gaps)
    client = fresh_cloud.client("cloudwatch")
    for proposal in made:
        if proposal.alarm is not None:
            client.put_metric_alarm(**to_request(proposal.alarm))
    after = sources_of(fresh_cloud, tmp_path / "after")
    left = {cell.key for cell in survey(after, PROD, now=AT).gaps}
    assert left == {proposal.cell.key for proposal in made if proposal.alarm is None}
    assert endpoint_calls(fresh_cloud).get("GetMetricData", 0) == 0
    for each in (before, after):
        each.clients.close()
        each.store.close()


def test_the_command_writes_requests_that_can_be_read_again(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "demo")
    monkeypatch.setenv("WATCHKEEPER_DEMO_PORT", str(urlsplit(cloud.url).port))
    monkeypatch.setenv("WATCHKEEPER_DATA_DIR", str(tmp_path))
    given = {"account": None, "region": "us-east-1", "json": False, "propose": False, "requests": False}

    def run(**options: bool) -> tuple[int, str]:
        code = coverage.run(argparse.Namespace(**given | options), clock=lambda: AT)
        return code, capsys.readouterr().out

    code, text = run()
    assert code == 1
    assert text.startswith("111111111111/us-east-1: 14 recommended alarms, 4 covered, 0 silent, 10 gaps\n")
    _, document = run(json=True, propose=True)
    (place,) = json.loads(document)
    proposed = [cell["request"] for cell in place["cells"] if cell.get("request")]
    _, requests = run(requests=True)
    assert json.loads(requests) == proposed


def test_without_the_alarms_that_exist_nothing_is_called_a_gap(tmp_path: Path) -> None:
    sources = sources_of(Cloud("http://127.0.0.1:9"), tmp_path)
    found = survey(sources, PROD, now=AT)
    assert found.cells == ()
    assert "cloudwatch:DescribeAlarms" in [fault.what for fault in found.faults]
    sources.clients.close()
    sources.store.close()
