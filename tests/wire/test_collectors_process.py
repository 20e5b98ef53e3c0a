"""`python -m collectors` as a process of its own, against the demo cloud."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cloud.caps import month_of
from cloud.database import Database
from cloud.ledger import Ledger
from collectors import alarm_states, inventory
from collectors.pins import FEATURE, Pin, Pins
from collectors.store import MIGRATIONS, STORE, Store
from core.reading import Scope
from core.series import MetricId
from tests.wire.clouds import Cloud

pytestmark = pytest.mark.wire

ROOT = Path(__file__).parents[2]


def environment(port: int, tmp_path: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHKEEPER_"))}
    return ours | {
        "WATCHKEEPER_CLOUD": "demo",
        "WATCHKEEPER_DEMO_PORT": str(port),
        "WATCHKEEPER_DATA_DIR": str(tmp_path),
        "WATCHKEEPER_POLL_SECONDS": "5",
        "WATCHKEEPER_LOG_LEVEL": "debug",
    }


def collector(port: int, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "collectors", *arguments],
        cwd=ROOT,
        env=environment(port, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_one_look_leaves_its_readings_for_everybody(cloud: Cloud, tmp_path: Path) -> None:
    began = datetime.now(UTC)
    process = collector(urlsplit(cloud.url).port or 0, tmp_path, "--once")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    store = Store(tmp_path / "demo")
    for scope in (Scope("111111111111", "us-east-1"), Scope("222222222222", "eu-west-1")):
        kept = inventory.snapshots(store).newest(scope)
        alarms = alarm_states.snapshots(store).newest(scope)
        assert kept is not None
        assert alarms is not None
        assert kept.value.scaling_groups
        assert kept.at > began
        assert alarms.value
    store.close()


def test_pinned_series_are_read_when_nobody_looks_and_listed_with_their_price(cloud: Cloud, tmp_path: Path) -> None:
    port = urlsplit(cloud.url).port or 0
    store = Store(tmp_path / "demo")
    scope, gone = Scope("111111111111", "us-east-1"), Scope("999999999999", "us-east-1")
    metric = MetricId("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/directory/1"),))
    pin = Pin(scope, metric, "Sum", 60, "ana", datetime.now(UTC))
    for each in (pin, replace(pin, scope=gone), replace(pin, statistic="tm99")):
        Pins(store).add(each)
    said, _ = (looking := collector(port, tmp_path, "--once")).communicate(timeout=60)
    assert looking.returncode == 1, said
    assert said.count("WARNING") == 1, "the paid statistic is refused, in one line"
    assert "monthly cap on our own calls is $0.00" in said
    with closing(Ledger(tmp_path / "demo")) as ledger:
        totals = ledger.totals(month_of(datetime.now(UTC)))
    (pinned,) = [total for total in totals if total.feature == FEATURE]
    assert (pinned.operation, pinned.calls) == ("GetMetricStatistics", 15)
    listed, _ = collector(port, tmp_path, "pins").communicate(timeout=60)
    assert listed.splitlines()[0] == "2 pinned series"
    assert "AWS/ApplicationELB RequestCount {LoadBalancer=app/directory/1}  Sum  60 s  by ana since" in listed
    assert "43,200 calls a month for $0.00" in listed
    assert "tm99" in listed
    store.close()


def test_it_waits_calmly_for_an_endpoint_and_ends_when_told(tmp_path: Path) -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        environ = environment(nobody.getsockname()[1], tmp_path) | {"WATCHKEEPER_LOG_LEVEL": "warning"}
        process = subprocess.Popen(
            [sys.executable, "-m", "collectors"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not any((tmp_path / "demo").glob(f"{STORE}*")) and process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)  # it imports and starts
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, "")


def test_settings_that_cannot_be_used_end_it_with_a_word(tmp_path: Path) -> None:
    environ = environment(1, tmp_path) | {"WATCHKEEPER_PORT": "x"}
    command = [sys.executable, "-m", "collectors"]
    ran = subprocess.run(command, check=False, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr == "WATCHKEEPER_PORT: 'x' is not accepted; give a whole number from 1 to 65535\n"


def test_tables_of_a_later_version_are_refused_in_a_sentence(tmp_path: Path) -> None:
    Database(tmp_path / "demo", STORE, (*MIGRATIONS, "CREATE TABLE later (at INTEGER)")).close()
    process = collector(4566, tmp_path, "--once")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "The collector cannot start. The tables of “history” are of a newer Watchkeeper" in said
    assert "Traceback" not in said
