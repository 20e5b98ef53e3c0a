"""A PostgreSQL server of the tests' own: made in a temporary folder, on loopback, gone when they end."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

USER: Final = "watchkeeper"
START_SECONDS: Final = 60
_DEATH_OF_PARENT: Final = 1
"""prctl's PR_SET_PDEATHSIG."""
_CARELESS: Final = ("fsync=off", "full_page_writes=off", "autovacuum=off")
"""What is lost when the machine, not the server, dies: nobody needs it after a test."""


def find_binaries() -> Path | None:
    """Give the folder with `initdb` and `postgres`: a named one, the path's, or where Debian puts them."""
    named = os.environ.get("WATCHKEEPER_POSTGRES_BIN")
    if named:
        return Path(named)
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return places[-1].parent if places else None


def _as_nobody() -> dict[str, Any]:
    """Root may not run a server: give the user who does."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _ends_with_us() -> None:
    """Have the kernel stop the server when the tests are killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_OF_PARENT, signal.SIGINT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One server; it can be crashed and started again on what it left."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.port = free_port()
        self.password = secrets.token_hex(8)
        self._binaries = binaries
        self._folder = folder
        self._who = _as_nobody()
        self._process: subprocess.Popen[str] | None = None
        self._make()

    @property
    def url(self) -> str:
        return self.url_at(self.port)

    def url_at(self, port: int) -> str:
        """Give the URL for a port that leads here."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{port}/postgres"

    def _make(self) -> None:
        secret = self._folder / "secret"
        secret.write_text(self.password)
        if self._who:
            for path in (self._folder, secret):
                os.chown(path, self._who["user"], self._who["group"])
        subprocess.run(
            [
                *(self._binaries / "initdb", "-D", self._folder / "data", "-U", USER, "--pwfile", secret),
                *("--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._who,
        )

    def start(self) -> None:
        options = [*_CARELESS, "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}"]
        with (self._folder / "log").open("ab") as log:
            words = ["-D", str(self._folder / "data"), "-p", str(self.port)]
            self._process = process = subprocess.Popen(
                [str(self._binaries / "postgres"), *words, *(f"--{option}" for option in options)],
                text=True,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=_ends_with_us,  # noqa: PLW1509 - one call of the C library, no lock is taken
                **self._who,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    said = (self._folder / "log").read_text(errors="replace")
                    raise AssertionError(f"the PostgreSQL server did not start: {error}\n{said}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is calm, SIGQUIT leaves what was in flight, as a crash does."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_SECONDS)
            self._process = None


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server. Where this machine has none the test fails in CI, and is left out for a person."""
    binaries = find_binaries()
    if binaries is None:
        why = "there is no PostgreSQL server; sh tests/find_postgres.sh says how to have one"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(binaries, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
