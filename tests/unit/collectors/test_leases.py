"""One fetch for the readers of all processes; nobody who dies or stands still keeps the others waiting for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from cloud.clients import Clients
from cloud.database import Place
from collectors.history import History
from collectors.leases import Leases
from collectors.store import Store
from tests.places import told
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.test_history import NOW, World, minutes

ROOT: Final = Path(__file__).parents[3]

READER = """
import sys
from pathlib import Path
from tests.unit.collectors.endpoint import Endpoint, clients_of
from tests.unit.collectors.test_history import NOW, minutes
from collectors.history import History
from collectors.store import Store
from tests.places import heard
folder, endpoint = Path(sys.argv[1]), Endpoint()
endpoint.port = int(sys.argv[2])
clients = clients_of(endpoint, folder)
store = Store(heard(sys.argv[3]))
query = minutes(60, clients=clients)
history = History(store, clients)
print("ready", flush=True)
sys.stdin.readline()
reading = history.read([query], NOW)
print(len(reading.value[query]), len(reading.faults), flush=True)
"""


class Held:
    """A world that answers no sooner than it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let = threading.Event()

    def __call__(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.set()
        assert self.let.wait(20)
        return World()(request)


@contextmanager
def readers(count: int, endpoint: Endpoint, folder: Path, place: Place) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that wait for a line before they read the same hour."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(folder), str(endpoint.port), told(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert line_of(process) == "ready"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_read(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("now\n")
    process.stdin.flush()


def test_processes_that_read_the_same_hour_at_once_ask_once(endpoint: Endpoint, tmp_path: Path, place: Place) -> None:
    endpoint.answers["GetMetricStatistics"] = slow = Held()
    with readers(4, endpoint, tmp_path, place) as processes:
        for process in processes:
            let_read(process)
        assert slow.asked.wait(20)
        threading.Timer(0.3, slow.let.set).start()  # the others have come by then, and wait
        said = {line_of(process) for process in processes}
    assert len(said) == 1
    assert said.pop().endswith(" 0")
    assert len(endpoint.requests("GetMetricStatistics")) == 1


def test_no_transaction_is_open_while_aws_is_asked(endpoint: Endpoint, clients: Clients, store: Store) -> None:
    """Another process can write while the endpoint lets a reader wait."""
    endpoint.answers["GetMetricStatistics"] = slow = Held()
    reader = threading.Thread(target=History(store, clients).read, args=([minutes(60, clients=clients)], NOW))
    reader.start()
    assert slow.asked.wait(20)
    with store.writing() as connection:
        assert connection.execute("SELECT COUNT(*) FROM leases").fetchone() == (1,)
    slow.let.set()
    reader.join()
    with store.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM leases").fetchone() == (0,)


def test_a_reader_that_is_killed_while_it_fetches_blocks_nobody(
    endpoint: Endpoint, clients: Clients, store: Store, tmp_path: Path, place: Place
) -> None:
    endpoint.answers["GetMetricStatistics"] = slow = Held()
    with readers(1, endpoint, tmp_path, place) as (reader,):
        let_read(reader)
        assert slow.asked.wait(20)
        reader.kill()
        reader.wait()
    slow.let.set()
    history = History(store, clients, leases=Leases(store, patience=3600))
    query = minutes(60, clients=clients)
    assert len(history.read([query], NOW).value[query]) > 50
    assert len(endpoint.requests("GetMetricStatistics")) == 2


@pytest.mark.skipif(os.name != "posix", reason="processes cannot be stopped here")
def test_a_reader_that_stands_still_is_waited_for_in_patience_only(
    endpoint: Endpoint, clients: Clients, store: Store, tmp_path: Path, place: Place
) -> None:
    endpoint.answers["GetMetricStatistics"] = slow = Held()
    with readers(1, endpoint, tmp_path, place) as (reader,):
        let_read(reader)
        assert slow.asked.wait(20)
        reader.send_signal(signal.SIGSTOP)
        slow.let.set()
        query = minutes(60, clients=clients)
        reading = History(store, clients, leases=Leases(store, patience=0.3)).read([query], NOW)
        assert len(reading.value[query]) > 50
        reader.send_signal(signal.SIGCONT)  # late, it lays the same over what is settled already
        assert line_of(reader) == f"{len(reading.value[query])} 0"


def test_a_read_that_fails_gives_its_leave_back(endpoint: Endpoint, clients: Clients, store: Store) -> None:
    endpoint.answers["GetMetricStatistics"] = lambda _: (403, {"__type": "AccessDenied"})
    assert History(store, clients).read([minutes(60, clients=clients)], NOW).faults
    with store.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM leases").fetchone() == (0,)
