"""`python -m cloud run`: one command starts, watches and stops everything."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud import deaths, running
from cloud.__main__ import main
from cloud.database import Database
from cloud.deaths import Death
from cloud.ledger import LEDGER, MIGRATIONS
from cloud.settings import PREFIX, load
from cloud.supervising import pause_after

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to see what runs")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


SLEEPER = """
import os, signal, socket, sys, time
from core import lifeline
lifeline.follow()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if 'broken' in sys.argv:
    sys.exit(3)
if sys.argv[0].endswith('demo.py'):
    listening = socket.create_server(('127.0.0.1', int(os.environ['WATCHKEEPER_DEMO_PORT'])))
print(f'up as {os.getpid()}', flush=True)
time.sleep(60)
"""
DASHBOARD = """
import http.server, os, signal, sys
from core import lifeline
lifeline.follow()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'ok')
    def log_message(self, *_): pass
http.server.HTTPServer(('127.0.0.1', int(os.environ['WATCHKEEPER_PORT'])), Handler).serve_forever()
"""
RUNNER = """
import os, sys
from pathlib import Path
from cloud import running
from cloud.__main__ import main
running.PROCFILE = Path(sys.argv[1])
sys.exit(main(["run"]))
"""


@contextmanager
def started(tmp_path: Path, *, collector: str = "") -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run three small processes in place of the product's, and wait for the address."""
    for name, code in {"demo": SLEEPER, "collector": SLEEPER, "dashboard": DASHBOARD, "runner": RUNNER}.items():
        (tmp_path / f"{name}.py").write_text(code)
    (tmp_path / "Procfile").write_text(
        f"demo: python {tmp_path}/demo.py\ncollector: python {tmp_path}/collector.py {collector}\n"
        f"dashboard: python {tmp_path}/dashboard.py\n"
    )
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        f"{PREFIX}PORT": str(free_port()),
        f"{PREFIX}DEMO_PORT": str(free_port()),
        f"{PREFIX}DATA_DIR": str(tmp_path / "var"),
    }
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "runner.py"), str(tmp_path / "Procfile")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
        start_new_session=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        while not collector and (not said or "is ready" not in said[-1]):
            line = process.stdout.readline()
            assert line, said
            said.append(line.strip())
        yield process, said
        said += process.stdout.read().splitlines()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(15)
        process.stdout.close()


def children(tmp_path: Path) -> list[int]:
    """Processes that run a file of this test."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if str(tmp_path).encode() in command:
            found.append(int(entry.name))
    return found


def gone(tmp_path: Path) -> bool:
    deadline = time.monotonic() + 10
    while children(tmp_path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_and_is_no_failure(number: signal.Signals, tmp_path: Path) -> None:
    with started(tmp_path) as (process, said):
        process.send_signal(number)
    assert process.returncode == 0
    assert gone(tmp_path)
    assert any(line.startswith("Watchkeeper is ready: http://127.0.0.1:") for line in said)
    assert said[-1] == "Stopping."


@needs_proc
def test_ctrl_c_reaches_the_whole_group_and_still_stops_cleanly(tmp_path: Path) -> None:
    with started(tmp_path) as (process, said):
        os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 0
    assert gone(tmp_path)
    assert not any("Traceback" in line for line in said)


def running_of(tmp_path: Path, name: str) -> int | None:
    """The process that runs a file now."""
    for pid in children(tmp_path):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if words[1] == f"{tmp_path}/{name}.py":
            return pid
    return None


def wait_for(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 15
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@needs_proc
@pytest.mark.parametrize("name", ["collector", "dashboard"])
def test_one_that_is_killed_is_started_again_and_the_others_go_on(tmp_path: Path, name: str) -> None:
    with started(tmp_path) as (process, said):
        victim = running_of(tmp_path, name)
        assert victim is not None
        others = set(children(tmp_path)) - {victim}
        os.kill(victim, signal.SIGKILL)
        assert wait_for(lambda: running_of(tmp_path, name) not in {None, victim})
        assert others <= set(children(tmp_path))
        (death,) = deaths.read(tmp_path / "var" / "demo")
        assert (death.process, death.code, death.again_at - death.at) == (name, -9, timedelta(seconds=1))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    assert gone(tmp_path)
    assert f"The {name} process ended by itself (exit code -9); it starts again in 1 s." in said


@needs_proc
def test_a_demo_cloud_that_dies_ends_everything_since_its_world_is_gone(tmp_path: Path) -> None:
    with started(tmp_path) as (process, said):
        victim = running_of(tmp_path, "demo")
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        assert process.wait(15) == 1
    assert gone(tmp_path)
    assert "The demo process ended by itself (exit code -9); stopping the others." in said


@needs_proc
def test_one_that_never_gets_up_ends_everything_and_is_said(tmp_path: Path) -> None:
    with started(tmp_path, collector="broken") as (process, said):
        assert process.wait(15) == 1
    assert gone(tmp_path)
    assert "The collector process ended by itself (exit code 3); stopping the others." in said


@needs_proc
def test_when_the_manager_itself_is_killed_its_processes_end(tmp_path: Path) -> None:
    with started(tmp_path) as (process, _):
        assert len(children(tmp_path)) == 4
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(15) == -signal.SIGKILL
        assert gone(tmp_path)


def test_pauses_grow_with_each_death_in_a_row() -> None:
    assert [pause_after(each) for each in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_cannot_be_read_of_the_processes_is_nothing(tmp_path: Path) -> None:
    death = Death("collector", AT, -9, AT + timedelta(seconds=2))
    deaths.write(tmp_path, [death])
    assert deaths.read(tmp_path) == (death,)
    for text in ("", "{", '[{"process": "collector"}]', "[1]", "null"):
        (tmp_path / deaths.NAME).write_text(text)
        assert deaths.read(tmp_path) == ()
    assert deaths.read(tmp_path / "nowhere") == ()
    deaths.write(tmp_path / "nowhere", [death])


def test_a_taken_port_is_named_with_its_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv(f"{PREFIX}PORT", str(port))
        monkeypatch.setenv(f"{PREFIX}DEMO_PORT", str(free_port()))
        [line] = running.problems(load())
    assert line.startswith(f"Port {port} on 127.0.0.1, meant for the dashboard, is taken by another program.")
    assert line.endswith(f"WATCHKEEPER_PORT={port + 1} make run")


def test_one_port_for_two_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    for name in ("PORT", "DEMO_PORT"):
        monkeypatch.setenv(f"{PREFIX}{name}", str(port))
    [line] = running.problems(load())
    assert f"both want port {port}" in line


def test_what_starts_them_and_what_is_started_have_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = load()
    for name, value in running.environment(ours, {}).items():
        monkeypatch.setenv(name, value)
    assert load().model_copy(update={"data_dir": ours.data_dir}) == ours


def demo_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return running.environment(load(), environ)


def test_on_the_demo_nothing_leads_to_a_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}CLOUD", "demo")
    env = demo_environment({"AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "secret", "HOME": "/home/me"})
    assert "secret" not in env.values()
    assert "AWS_PROFILE" not in env
    assert (env["AWS_CONFIG_FILE"], env["AWS_SHARED_CREDENTIALS_FILE"]) == (os.devnull, os.devnull)
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert "222222222222" in env[f"{PREFIX}ACCOUNTS"]


def test_on_aws_the_environment_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    env = demo_environment({"AWS_PROFILE": "prod"})
    assert env["AWS_PROFILE"] == "prod"
    assert "AWS_ENDPOINT_URL" not in env
    assert list(running.commands(load(), "demo: d\ncollector: c\ndashboard: b\n")) == ["collector", "dashboard"]


def test_a_new_demo_forgets_the_past_of_the_last_and_nothing_else(tmp_path: Path) -> None:
    settings = load()
    settings.data_dir.mkdir(parents=True)
    for name in ("history.sqlite3", "ledger.sqlite3"):
        (settings.data_dir / name).touch()
    running.forget_last_demo(settings)
    assert [path.name for path in settings.data_dir.iterdir()] == ["ledger.sqlite3"]


def test_history_of_a_real_account_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    settings = load()
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "history.sqlite3").touch()
    running.forget_last_demo(settings)
    assert (settings.data_dir / "history.sqlite3").exists()


def test_a_ledger_of_a_later_version_keeps_all_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}PORT", str(free_port()))
    monkeypatch.setenv(f"{PREFIX}DEMO_PORT", str(free_port()))
    settings = load()
    Database(settings.place, LEDGER, (*MIGRATIONS, "CREATE TABLE later (at INTEGER)")).close()
    (problem,) = running.problems(settings)
    assert "The tables of “ledger” are of a newer Watchkeeper (version 2; this one knows 1)" in problem


def test_a_database_that_does_not_answer_keeps_nothing_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}PORT", str(free_port()))
    monkeypatch.setenv(f"{PREFIX}DEMO_PORT", str(free_port()))
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"postgresql://wk:s3cr3t@127.0.0.1:{free_port()}/wk")
    settings = load()
    assert running.problems(settings) == []
    said: list[str] = []
    assert running.run(settings, {}, say=said.append, clock=lambda: AT) == 1  # but a demo has a past to forget
    assert said[0].startswith("The last demo's history cannot be removed: connection to server")
    assert "s3cr3t" not in said[0]


def test_the_command_shows_settings_with_their_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}PORT", "9000")
    assert main(["settings"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["port", "9000", "(WATCHKEEPER_PORT)"] in shown
    assert ["demo_port", "4566", "(default)"] in shown


def test_the_command_explains_settings_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}PORT", "x")
    assert main(["run"]) == 2
    assert "WATCHKEEPER_PORT: 'x' is not accepted" in capsys.readouterr().err


def test_on_aws_a_missing_login_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(f"{PREFIX}PORT", str(free_port()))
    assert main(["run"]) == 1
    assert "AWS does not let us in: The config profile (nobody) could not be found." in capsys.readouterr().err
