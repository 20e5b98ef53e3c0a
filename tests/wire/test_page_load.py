"""`python -m collectors probe` and `har` as a person runs them: the metrics arrive in the demo cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.unit.collectors.page_load.sites import moved, page, serving
from tests.wire.clouds import Cloud, cloud_process

pytestmark = pytest.mark.wire

ROOT = Path(__file__).parents[2]


def command(
    cloud: Cloud, folder: Path, *arguments: str, allow: str = "127.0.0.0/8", **settings: str
) -> subprocess.Popen[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHKEEPER_"))}
    ours |= {
        "WATCHKEEPER_CLOUD": "demo",
        "WATCHKEEPER_DEMO_PORT": str(urlsplit(cloud.url).port),
        "WATCHKEEPER_DATA_DIR": str(folder),
        "WATCHKEEPER_PROBE_ALLOW": allow,
    } | settings
    return subprocess.Popen(
        [sys.executable, "-m", "collectors", *arguments],
        cwd=ROOT, env=ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def today() -> Iterator[Cloud]:
    """A cloud that stands still at this moment: AWS takes no datapoint of more than two hours ahead."""
    with cloud_process("--seed", "1", "--at", datetime.now(UTC).replace(microsecond=0).isoformat()) as running:
        yield running


def test_a_probe_puts_load_time_and_failure(today: Cloud, tmp_path: Path) -> None:
    with serving(home=page(), broken=page(b"", 500)) as port:
        urls = [f"http://127.0.0.1:{port}/{path}" for path in ("", "broken")]
        running = command(today, tmp_path, "probe", *urls, "--json", "--put")
        said, complaints = running.communicate(timeout=60)
    assert running.returncode == 1, complaints
    good, bad = map(json.loads, said.splitlines())
    assert (good["status"], good["problem"]) == (200, "")
    assert good["total"] > 0
    assert bad["problem"] == "the server answered 500"
    assert complaints == "3 of 3 values put\n"
    client = today.client("cloudwatch")
    today.advance(120)
    now = datetime.now(UTC)
    answer = client.get_metric_statistics(
        Namespace="PageLoad", MetricName="PageLoadTime", Period=60, ExtendedStatistics=["p90"],
        Dimensions=[{"Name": "Page", "Value": f"127.0.0.1:{port}/"}, {"Name": "Source", "Value": "probe"}],
        StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(minutes=10),
    )  # fmt: skip
    assert [point["ExtendedStatistics"]["p90"] for point in answer["Datapoints"]] == [pytest.approx(good["total"])]


def test_a_probe_says_from_where_where_a_setting_names_it(cloud: Cloud, tmp_path: Path) -> None:
    with serving(home=page()) as port:
        probe = ("probe", f"http://127.0.0.1:{port}/", "--put")
        command(cloud, tmp_path, *probe, WATCHKEEPER_PROBE_REGION="Berlin, office").communicate(timeout=60)
    said, _ = command(cloud, tmp_path, "spool").communicate(timeout=60)
    assert "Region=Berlin, office, Source=probe}" in said


def test_a_probe_goes_on_until_it_is_stopped(cloud: Cloud, tmp_path: Path) -> None:
    with serving(home=page()) as port:
        running = command(cloud, tmp_path, "probe", f"http://127.0.0.1:{port}/", "--every", "10", "--json")
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["status"] == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/"])
def test_a_redirect_to_credentials_is_not_followed(cloud: Cloud, tmp_path: Path, to: str) -> None:
    with serving(home=moved(to)) as port:
        running = command(cloud, tmp_path, "probe", f"http://127.0.0.1:{port}/")
        said, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "link-local" in said


def test_without_the_setting_this_machine_is_not_probed(cloud: Cloud, tmp_path: Path) -> None:
    with serving(home=page()) as port:
        running = command(cloud, tmp_path, "probe", f"http://127.0.0.1:{port}/", allow="")
        said, complaints = running.communicate(timeout=60)
    assert (running.returncode, said) == (1, "")
    assert "loopback" in complaints


def test_a_recording_is_shown_and_an_old_one_is_refused_by_age(cloud: Cloud, tmp_path: Path) -> None:
    log = {
        "pages": [{"id": "1", "startedDateTime": "2017-01-01T00:00:00Z", "pageTimings": {"onLoad": 1200}}],
        "entries": [{"pageref": "1", "request": {"url": "https://shop.example/"}, "response": {"status": 200}}],
    }
    path = tmp_path / "shop.har"
    path.write_text(json.dumps({"log": log}))
    running = command(cloud, tmp_path, "har", str(path), "--put")
    said, complaints = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "shop.example/  1,200 ms" in said
    assert "more than two weeks ago" in complaints
