"""The doctor's round through the demo cloud: what it finds there, how it says it, and that its fix is taken."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from alarms.doctor import Code, Light
from collectors.sources import CloudSources
from dashboard.console import doctor
from dashboard.views.checkups import Round, examine_all, fix_request
from dashboard.views.evidence import gather
from demo.world import HOSTILE_BIDI
from tests.wire.clouds import AT, Cloud
from tests.wire.test_collectors import DR, PROD, endpoint_calls, sources_of

pytestmark = pytest.mark.wire


@pytest.fixture
def sources(cloud: Cloud, tmp_path: Path) -> Iterator[CloudSources]:
    sources = sources_of(cloud, tmp_path)
    yield sources
    sources.clients.close()
    sources.store.close()


def found_by(each: Round) -> set[tuple[str, Code]]:
    return {(finding.alarm, finding.code) for finding in each.findings}


def test_exactly_the_sick_alarms_of_the_demo_are_found(sources: CloudSources) -> None:
    assert found_by(examine_all(gather(sources, PROD, now=AT))) == {
        ("directory-backup-age", Code.NEVER_SEEN),
        (HOSTILE_BIDI, Code.NO_ACTION),
    }
    neglected = examine_all(gather(sources, DR, now=AT))
    assert neglected.faults == ()
    assert found_by(neglected) == {
        ("directory-dr-old-web-cpu", Code.ORPHAN),
        ("directory-dr-rejected", Code.NO_SUBSCRIBER),
        ("directory-dr-flood", Code.KEY_BLOCKS),
    }


def test_a_healthy_path_is_open_hop_by_hop(sources: CloudSources) -> None:
    (checkup,) = examine_all(gather(sources, PROD, now=AT, names=["directory-5xx"])).checkups
    (path,) = checkup.paths
    assert [(hop.name, hop.light) for hop in path.hops] == [
        (name, Light.OPEN) for name in ("Topic", "Topic policy", "Key", "Subscription")
    ]
    assert checkup.unexamined == ()


def test_a_second_round_asks_aws_for_nothing(cloud: Cloud, sources: CloudSources) -> None:
    gather(sources, PROD, now=AT)
    before = endpoint_calls(cloud)
    gather(sources, PROD, now=AT)
    assert endpoint_calls(cloud) == before


def test_nothing_of_a_round_is_paid_for(cloud: Cloud, sources: CloudSources) -> None:
    before = endpoint_calls(cloud).get("GetMetricData", 0)
    gather(sources, PROD, now=AT)
    assert endpoint_calls(cloud).get("GetMetricData", 0) == before


def test_the_fix_of_a_locked_topic_is_taken_and_opens_it(fresh_cloud: Cloud, tmp_path: Path) -> None:
    name = "directory-dr-flood"
    first = sources_of(fresh_cloud, tmp_path / "before")
    (finding,) = examine_all(gather(first, DR, now=AT, names=[name])).findings
    call = fix_request(finding)
    assert call is not None
    keys = fresh_cloud.assumed(DR.account)
    fresh_cloud.client(call["service"], region=DR.region, keys=keys).put_key_policy(**call["params"])
    second = sources_of(fresh_cloud, tmp_path / "after")
    assert examine_all(gather(second, DR, now=AT, names=[name])).findings == ()
    for each in (first, second):
        each.clients.close()
        each.store.close()


def run(capsys: pytest.CaptureFixture[str], *names: str, **options: object) -> tuple[int, str, str]:
    given = {"account": None, "region": None, "json": False, "fix_plan": False} | options
    code = doctor.run(argparse.Namespace(names=list(names), **given), clock=lambda: AT)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def watching(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "demo")
    monkeypatch.setenv("WATCHKEEPER_DEMO_PORT", str(urlsplit(cloud.url).port))
    monkeypatch.setenv("WATCHKEEPER_DATA_DIR", str(tmp_path))


@pytest.mark.usefixtures("watching")
class TestTheCommand:
    def test_it_writes_lines_for_people_without_control_characters(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run(capsys, region="us-east-1")
        assert code == 1
        assert out.startswith("111111111111/us-east-1: 12 alarms, 2 findings on 2 of them\n")
        assert "\u202e" not in out
        assert "  broken (metric-never-seen): No metric EmployeeDirectory BackupAge reported in" in out

    def test_it_writes_documents_for_programs(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run(capsys, "directory-dr-rejected", json=True, region="eu-west-1")
        (place,) = json.loads(out)
        assert code == 1
        (alarm,) = place["alarms"]
        assert [finding["code"] for finding in alarm["findings"]] == ["no-confirmed-subscriber"]
        assert [hop["light"] for hop in alarm["delivery"][0]["hops"]] == ["open", "open", "open", "blocked"]

    def test_a_healthy_alarm_ends_with_zero(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "directory-5xx", account="111111111111") == (
            0,
            "111111111111/us-east-1: 1 alarm, 0 findings\n",
            "",
        )

    def test_a_plan_is_commands_and_changes_nothing(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run(capsys, HOSTILE_BIDI, fix_plan=True)
        assert code == 1
        assert "aws cloudwatch put-metric-alarm --cli-input-json" in out
        assert "\u202e" not in out
        described = cloud.client("cloudwatch").describe_alarms(AlarmNames=[HOSTILE_BIDI])["MetricAlarms"][0]
        assert described["AlarmActions"] == []

    @pytest.mark.parametrize(
        ("names", "options", "said"),
        [
            (("nobody",), {}, "error: there is no alarm 'nobody' in the places that were looked at\n"),
            ((), {"region": "mars"}, "error: any account/mars is not watched; watched are "),
        ],
    )
    def test_what_is_not_there_is_said(
        self, names: tuple[str, ...], options: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = run(capsys, *names, **options)
        assert code == 2
        assert err.startswith(said)


def test_a_cloud_that_does_not_answer_is_no_clean_bill_of_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "demo")
    monkeypatch.setenv("WATCHKEEPER_DEMO_PORT", "9")
    monkeypatch.setenv("WATCHKEEPER_DATA_DIR", str(tmp_path))
    code, out, err = run(capsys, "directory-5xx", region="us-east-1")
    assert (code, err) == (2, "")
    assert "could not be read: The endpoint for cloudwatch:DescribeAlarms" in out
