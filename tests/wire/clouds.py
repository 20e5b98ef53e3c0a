"""Demo clouds for tests: the endpoint, clients of it in every protocol, and the real aws CLI."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from demo.clock import StandingClock
from demo.control import controls
from demo.engine import Engine
from demo.ground import Ground
from demo.server import build_app
from demo.serving import DemoServer

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
"""When every test cloud stands still, until a test moves it."""

ROOT = Path(__file__).parents[2]


class ForcedProtocol(Loader):
    """Loads service models as if AWS had one wire protocol only."""

    protocol = "json"

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2" and "protocols" in model["metadata"]:
            model = copy.copy(model)
            model["metadata"] = {**model["metadata"], "protocols": [self.protocol], "protocol": self.protocol}
        return model


@dataclass(frozen=True)
class Cloud:
    """A running demo cloud."""

    url: str
    ground: Ground | None = None
    """Of a cloud in this process: its clock, stores and books."""

    def client(
        self,
        service: str,
        *,
        region: str = "us-east-1",
        protocol: str | None = None,
        keys: tuple[str, str, str | None] = ("AKIATESTTESTTESTTEST", "secret", None),
    ) -> Any:
        """Give a boto3 client of this cloud, in `protocol` where one is forced."""
        session: Any = _session(protocol)  # boto3's stubs want the service's name as a literal
        return session.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2],
            config=Config(read_timeout=20, retries={"total_max_attempts": 1}, inject_host_prefix=False),
        )

    def assumed(self, account: str) -> tuple[str, str, str | None]:
        """Give the keys that AssumeRole hands out for `account`."""
        role = f"arn:aws:iam::{account}:role/watchkeeper"
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]

    def aws(self, *arguments: str, region: str = "us-east-1") -> Any:
        """Run the real aws CLI and give what it printed; raises CalledProcessError with its message."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
        }
        run = subprocess.run(
            [aws_cli(), "--output", "json", *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if run.returncode:
            raise RuntimeError(run.stderr.strip())
        return json.loads(run.stdout) if run.stdout.strip() else None

    def get(self, path: str) -> Any:
        """Read one of the controls, such as /_demo/calls."""
        return self._control("GET", path)

    def post(self, path: str, **body: Any) -> Any:
        """Use one of the controls, such as /_demo/advance with seconds=60."""
        return self._control("POST", path, json.dumps(body))

    def _control(self, method: str, path: str, body: str | None = None) -> Any:
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        with closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            document = json.load(answer)
        assert answer.status == 200, document
        return document

    def advance(self, seconds: float) -> None:
        """Let the cloud's time run on."""
        self.post("/_demo/advance", seconds=seconds)


@cache
def _session(protocol: str | None) -> boto3.Session:
    """Make one session a protocol, because each reads the service models anew."""
    session = botocore.session.Session()
    if protocol is not None:
        loader = ForcedProtocol(include_default_search_paths=True)
        loader.protocol = protocol
        session.register_component("data_loader", loader)
    return boto3.Session(botocore_session=session)


def aws_cli() -> str:
    """Find the aws CLI, which `make test` puts beside the virtual environment."""
    beside = ROOT / ".tools" / "awscli" / "bin" / "aws"
    found = os.environ.get("WATCHKEEPER_AWS_CLI") or (str(beside) if beside.exists() else shutil.which("aws"))
    if found is None:
        raise FileNotFoundError("no aws CLI; run `make test`, or name one in WATCHKEEPER_AWS_CLI")
    return found


@contextmanager
def bare_cloud(at: datetime = AT) -> Iterator[Cloud]:
    """Run a cloud with nothing in it, in this process."""
    ground = Ground.fresh(StandingClock(at))
    engine = Engine(ground, sites=())
    engine.build(at=at)
    with DemoServer(build_app(ground, engine)) as server:
        yield Cloud(server.url, ground)


@contextmanager
def billed_cloud(at: datetime = AT) -> Iterator[Cloud]:
    """Run the demo world with a day of rehearsed past and its bill, in this process, so that its clock can jump."""
    ground = Ground.fresh(StandingClock(at))
    engine = Engine(ground, seed=1, past=timedelta(days=1))
    engine.build(at=at)
    with DemoServer(build_app(ground, engine, control=controls(engine, ground))) as server:
        yield Cloud(server.url, ground)


@contextmanager
def cloud_process(*arguments: str, at: datetime = AT) -> Iterator[Cloud]:
    """Run `python -m demo` on a free port."""
    command = [sys.executable, "-m", "demo", "--port", "0", "--at", at.isoformat(), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        address = re.search(r"http://\S+", line)
        assert address, line + process.stderr.read()
        yield Cloud(address[0])
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
