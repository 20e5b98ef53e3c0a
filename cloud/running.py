"""Starts, watches and stops the processes of `make run`: what is checked before, their environment, one console."""

from __future__ import annotations

import errno
import http.client
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Printer

from cloud.database import DatabaseDownError, NewerSchemaError, forget
from cloud.ledger import Ledger
from cloud.settings import PREFIX, Settings, config_path

ROOT: Final = Path(__file__).parents[1]
PROCFILE: Final = ROOT / "Procfile"
DEMO_PROCESSES: Final = ("demo", "collector", "dashboard")
AWS_PROCESSES: Final = ("collector", "dashboard")
ANSWER_SECONDS: Final = 90
"""How long the dashboard may take until it answers."""
_DEMO_LEFTOVERS: Final = ("history", "logs")
"""Names of the tables that a demo leaves and the next one has no use for."""

Say = Callable[[str], None]


def problems(settings: Settings) -> list[str]:
    """Say what would keep the processes from starting, a line each; nothing where all is well."""
    found = []
    if settings.is_demo:
        if settings.port == settings.demo_port:
            found.append(
                f"The dashboard and the demo cloud both want port {settings.port}; give {PREFIX}PORT or"
                f" {PREFIX}DEMO_PORT another."
            )
        found += _taken("127.0.0.1", settings.demo_port, "the demo cloud", "DEMO_PORT")
    found += _taken(settings.address, settings.port, "the dashboard", "PORT")
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found.append(
            f"{settings.data_dir} cannot be made ({error.strerror}); set {PREFIX}DATA_DIR to a place that can."
        )
    else:
        if not os.access(settings.data_dir, os.W_OK):
            found.append(f"{settings.data_dir} cannot be written; set {PREFIX}DATA_DIR to a place that can.")
        else:
            found += _newer(settings)
    return found


def _newer(settings: Settings) -> list[str]:
    """Say that the ledger is of a later version. One that does not answer is no problem: it is waited for."""
    try:
        Ledger(settings.place).close()
    except NewerSchemaError as error:
        return [f"{error.detail}."]
    return []


def _taken(address: str, port: int, whose: str, name: str) -> list[str]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            variable = PREFIX + name
            if error.errno == errno.EADDRINUSE:
                other = f"choose another port: {variable}={port + 1} make run"
                return [
                    f"Port {port} on {address}, meant for {whose}, is taken by another program. Stop it, or {other}"
                ]
            if error.errno == errno.EACCES:
                return [f"Port {port} needs more rights than you have; set {variable} to one above 1023."]
            return [f"{whose} cannot listen on {address}:{port} ({error.strerror}); set {PREFIX}ADDRESS or {variable}."]
    return []


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of the processes: ours, and on the demo nothing that leads to a real account."""
    env = {**environ, "PYTHONUNBUFFERED": "1", f"{PREFIX}CLOUD": settings.cloud}
    env[f"{PREFIX}DATA_DIR"] = str(settings.data_dir.parent.absolute())
    if (config := config_path(environ)).exists():
        env[f"{PREFIX}CONFIG"] = str(config.absolute())
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    if not settings.is_demo:
        return env
    env = {name: value for name, value in env.items() if not name.startswith("AWS_")}
    accounts = [account.model_dump(mode="json") for account in settings.accounts]
    return env | {
        "AWS_ENDPOINT_URL": settings.demo_endpoint,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        f"{PREFIX}ACCOUNTS": orjson.dumps(accounts).decode(),
    }


def commands(settings: Settings, procfile: str) -> dict[str, str]:
    """Give the command of each process to start, in order, out of the Procfile's text."""
    known = parse_procfile(procfile).processes
    names = DEMO_PROCESSES if settings.is_demo else AWS_PROCESSES
    extra = {"demo": f" --port {settings.demo_port} --seed {settings.demo_seed}"}
    # `exec` makes the shell become the process, so that a signal to one reaches the other.
    return {name: f"exec {known[name]}{extra.get(name, '')}" for name in names}


def forget_last_demo(settings: Settings) -> None:
    """Drop the history of the last demo: each start is a new cloud with a past of its own."""
    if settings.is_demo:
        for name in _DEMO_LEFTOVERS:
            forget(settings.place, name)


def run(settings: Settings, environ: Mapping[str, str], *, say: Say, output: TextIO | None = None) -> int:
    """Start everything, print one address when it answers, and stop everything on Ctrl-C, SIGTERM or a death.

    Gives the exit code: 0 after a wished stop, 1 when a process ended by itself.
    """
    try:
        forget_last_demo(settings)
    except DatabaseDownError as error:
        say(f"The last demo's history cannot be removed: {error.detail}")
        return 1
    console = _Console(settings, say, output or sys.stdout)
    manager = _Supervisor(console)
    console.manager = manager
    env = environment(settings, environ)
    for name, command in commands(settings, PROCFILE.read_text(encoding="utf-8")).items():
        manager.add_process(name, command, env=env, cwd=str(ROOT))
    manager.loop()
    console.stopped.set()
    return 0 if manager.wished else 1


class _Supervisor(Manager):  # type: ignore[misc]
    """honcho's manager, which also survives a signal before every process has started (honcho 2.0.0)."""

    def __init__(self, console: _Console) -> None:
        super().__init__(console)
        self.wished = False
        """Somebody asked for the stop."""

    def terminate(self) -> None:
        """Stop all processes; before all have started, note the wish for the loop, which comes back here."""
        if not self._any_ended():
            self.wished = True
        if self._all_started():
            super().terminate()

    def _any_ended(self) -> bool:
        return bool(super()._any_stopped())

    def _any_stopped(self) -> bool:
        """Also true once a stop is wished: from then on honcho counts the seconds until it kills."""
        return self.wished or self._any_ended()


class _Console(Printer):  # type: ignore[misc]
    """Prints what processes say, and of the manager's own messages only what a person needs."""

    def __init__(self, settings: Settings, say: Say, output: TextIO) -> None:
        super().__init__(output)
        self.manager: _Supervisor | None = None
        self.stopped = threading.Event()
        self._settings = settings
        self._say = say
        self._left = len(DEMO_PROCESSES if settings.is_demo else AWS_PROCESSES)

    def write(self, message: Any) -> None:
        if message.name != "system":
            if message.data.strip():
                super().write(message)
            return
        text = str(message.data).strip()
        if " started (pid=" in text:
            self._left -= 1
            if self._left == 0:
                threading.Thread(target=self._announce, name="announce", daemon=True).start()
        elif " stopped (rc=" in text and self.manager and not self.manager.wished and not self.stopped.is_set():
            self.stopped.set()
            name, _, code = text.partition(" stopped (rc=")
            self._say(f"The {name} process ended by itself (exit code {code.rstrip(')')}); stopping the others.")
        elif text.endswith("received"):
            self.stopped.set()
            self._say("Stopping.")

    def _announce(self) -> None:
        """Say the address once the dashboard answers."""
        settings = self._settings
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self.stopped.wait(0.1):
            if demo_answers(settings) and answers(settings):
                self._say(f"Watchkeeper is ready: {settings.dashboard_url}  (Ctrl-C stops it)")
                return
            if time.monotonic() > deadline:
                self._say(f"The dashboard has not answered for {ANSWER_SECONDS} s; what it said stands above.")
                return


def demo_answers(settings: Settings) -> bool:
    """Say whether the demo cloud takes connections, where one is wanted."""
    if not settings.is_demo:
        return True
    try:
        socket.create_connection(("127.0.0.1", settings.demo_port), timeout=2).close()
    except OSError:
        return False
    return True


def answers(settings: Settings) -> bool:
    """Say whether the dashboard answers and is ready."""
    host = settings.dashboard_url.removeprefix("http://").rsplit(":", 1)[0].strip("[]")
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{settings.port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
