"""Starts the processes of `make run`: what is checked before, their environment, one console, the address at last."""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

import orjson

from cloud import deaths
from cloud.database import DatabaseDownError, NewerSchemaError, forget
from cloud.deaths import Death
from cloud.ledger import Ledger
from cloud.setting_fields import DEMO_PLACES
from cloud.settings import PREFIX, Settings, config_path
from cloud.supervising import Supervisor

ROOT: Final = Path(__file__).parents[1]
PROCFILE: Final = ROOT / "Procfile"
DEMO_PROCESSES: Final = ("demo", "collector", "dashboard")
AWS_PROCESSES: Final = ("collector", "dashboard")
ANSWER_SECONDS: Final = 90
"""How long the dashboard may take until it answers."""
_DEMO_LEFTOVERS: Final = ("history", "logs")
"""Names of the tables that a demo leaves and the next one has no use for."""

_PROCESS: Final = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+?)\s*$", re.MULTILINE)
"""A line of a Procfile."""
_COLOURS: Final = ("36", "33", "32")
"""Of processes on a terminal: cyan, yellow, green."""

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
        **{f"{PREFIX}{name.upper()}": getattr(settings, name) or "" for name in DEMO_PLACES},
    }


def commands(settings: Settings, procfile: str) -> dict[str, str]:
    """Give the command of each process to start, in order, out of the Procfile's text."""
    known = {found[1]: found[2] for found in _PROCESS.finditer(procfile)}
    names = DEMO_PROCESSES if settings.is_demo else AWS_PROCESSES
    extra = {"demo": f" --port {settings.demo_port} --seed {settings.demo_seed}"}
    return {name: known[name] + extra.get(name, "") for name in names}


def forget_last_demo(settings: Settings) -> None:
    """Drop the history of the last demo: each start is a new cloud with a past of its own."""
    if settings.is_demo:
        for name in _DEMO_LEFTOVERS:
            forget(settings.place, name)


def run(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    say: Say,
    clock: Callable[[], datetime],
    output: TextIO | None = None,
) -> int:
    """Start everything, print one address when it answers, and stop everything on Ctrl-C or SIGTERM.

    Gives the exit code: 0 after a wished stop, 1 when a process ended that cannot be started again.
    """
    try:
        forget_last_demo(settings)
    except DatabaseDownError as error:
        say(f"The last demo's history cannot be removed: {error.detail}")
        return 1
    wanted = commands(settings, PROCFILE.read_text(encoding="utf-8"))
    last: dict[str, Death] = {}

    def noted(death: Death) -> None:
        last[death.process] = death
        deaths.write(settings.data_dir, last.values())

    deaths.write(settings.data_dir, ())
    console = _Console(say, clock, output or sys.stdout, width=max(map(len, wanted)))
    supervisor = Supervisor(
        wanted, environment(settings, environ), str(ROOT), console, clock, noted, irreplaceable=frozenset({"demo"})
    )
    stopped = threading.Event()
    threading.Thread(target=_announce, args=(settings, say, stopped), name="announce", daemon=True).start()
    supervisor.run()
    stopped.set()
    return 0 if supervisor.wished else 1


class _Console:
    """Prints what processes say, each line with its time and whose it is; in colour where a person looks."""

    def __init__(self, say: Say, clock: Callable[[], datetime], output: TextIO, *, width: int) -> None:
        self.say = say
        self._clock = clock
        self._output = output
        self._width = width
        self._colours: dict[str, str] = {}

    def line(self, name: str, text: str) -> None:
        prefix = f"{self._clock().astimezone():%H:%M:%S} {name:<{self._width}} | "
        if self._output.isatty():
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        print(prefix + text, file=self._output, flush=True)


def _announce(settings: Settings, say: Say, stopped: threading.Event) -> None:
    """Say the address once the dashboard answers."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while not stopped.wait(0.1):
        if demo_answers(settings) and answers(settings):
            say(f"Watchkeeper is ready: {settings.dashboard_url}  (Ctrl-C stops it)")
            return
        if time.monotonic() > deadline:
            say(f"The dashboard has not answered for {ANSWER_SECONDS} s; what it said stands above.")
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
