"""Reading clients cannot write and writing clients cannot do anything else, whatever their credentials may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.clients import Clients
from cloud.faults import InvalidRequest, ServiceFailure
from cloud.guarding import NotOnTheList, session_name
from cloud.metering import Meter
from cloud.settings import Settings
from core.reading import Scope
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of, serving

PROD, DR = Scope("111111111111", "us-east-1"), Scope("222222222222", "eu-west-1")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        endpoint.answers["DescribeAlarms"] = lambda _: {}
        endpoint.answers["SetAlarmState"] = lambda _: {}
        yield endpoint


@pytest.fixture
def clients(endpoint: Endpoint, tmp_path: Path) -> Iterator[Clients]:
    made = clients_of(endpoint, tmp_path)
    yield made
    made.close()


STATE = {"AlarmName": "a", "StateValue": "OK", "StateReason": "planted"}


def test_a_planted_write_never_leaves_a_reading_client(clients: Clients, endpoint: Endpoint) -> None:
    with pytest.raises(NotOnTheList, match="cloudwatch:SetAlarmState is not on the list of calls for reading"):
        clients.client(PROD, "cloudwatch").set_alarm_state(**STATE)  # type: ignore[arg-type]
    with pytest.raises(NotOnTheList):
        clients.reader(PROD).delete_alarms(AlarmNames=["a"])
    with pytest.raises(NotOnTheList):
        clients.read(PROD, "cloudwatch", "SetAlarmState", STATE)
    with pytest.raises(NotOnTheList):
        clients.client(PROD, "ec2").terminate_instances(InstanceIds=["i-1"])
    assert endpoint.asked == []


def test_a_planted_call_never_leaves_a_writing_client(clients: Clients, endpoint: Endpoint) -> None:
    with clients.writer(PROD, "ana") as writer:
        for service, operation, params in (
            ("ec2", "TerminateInstances", {"InstanceIds": ["i-1"]}),
            ("cloudwatch", "DescribeAlarms", {}),
            ("cloudwatch", "PutDashboard", {"DashboardName": "d", "DashboardBody": "{}"}),
        ):
            with pytest.raises(NotOnTheList, match="is not on the list of calls for writing"):
                writer.write(service, operation, params)
        writer.write("cloudwatch", "SetAlarmState", STATE)
    assert [operation for operation, _ in endpoint.asked] == ["SetAlarmState"]


def test_a_write_is_metered_and_never_repeated_by_itself(clients: Clients, endpoint: Endpoint) -> None:
    left = clients.meter.free_requests_left(PROD.account)
    endpoint.answers["SetAlarmState"] = lambda _: (500, {})
    with clients.writer(PROD, "ana") as writer, pytest.raises(ServiceFailure):
        writer.write("cloudwatch", "SetAlarmState", STATE)
    assert len(endpoint.asked) == 1
    assert clients.meter.free_requests_left(PROD.account) == left - 1


def test_half_a_character_is_refused_with_a_reason(clients: Clients) -> None:
    with clients.writer(PROD, "ana") as writer, pytest.raises(InvalidRequest, match="half a character"):
        writer.write("sns", "CreateTopic", {"Name": "\ud800"})


class Roles:
    """Remembers which roles were assumed, and under which names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.assumed: list[tuple[str, str]] = []
        monkeypatch.setattr("cloud.clients.AssumeRoleCredentialFetcher", self.fetcher)

    def fetcher(self, _create: Any, _source: Any, role_arn: str, *, extra_args: dict[str, str]) -> Any:
        self.assumed.append((role_arn, extra_args["RoleSessionName"]))
        return self

    def fetch_credentials(self) -> dict[str, str]:
        return {"access_key": "a", "secret_key": "s", "token": "t", "expiry_time": "2036-01-01T00:00:00Z"}


READS, WRITES = (f"arn:aws:iam::{DR.account}:role/{name}" for name in ("reads", "writes"))


@pytest.mark.parametrize(
    ("configured", "assumed"),
    [
        ({"role_arn": READS, "write_role_arn": WRITES}, [(WRITES, "Ana-Muller")]),
        ({"role_arn": READS}, [(READS, "Ana-Muller")]),
        ({"write_role_arn": WRITES}, [(WRITES, "Ana-Muller")]),
        ({}, []),
    ],
)
def test_the_writing_role_is_assumed_under_the_persons_name(
    configured: dict[str, str],
    assumed: list[tuple[str, str]],
    endpoint: Endpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    roles = Roles(monkeypatch)
    account: Any = {"id": DR.account, "name": "dr", **configured}
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=tmp_path, accounts=(account,))
    clients = Clients(settings, Meter(tmp_path, clock=Ticking()))
    with clients.writer(DR, "Ana Müller") as writer:
        writer.write("cloudwatch", "SetAlarmState", STATE)
    assert roles.assumed == assumed
    with clients.writer(DR, "Ana Müller") as writer:
        writer.write("cloudwatch", "SetAlarmState", STATE)
    assert len(roles.assumed) == 2 * len(assumed), "each change has credentials of its own"
    clients.close()


@given(st.text())
def test_any_name_makes_a_session_name_that_sts_takes(person: str) -> None:
    name = session_name(person)
    assert 2 <= len(name) <= 64
    assert all(letter.isascii() and (letter.isalnum() or letter in "_+=,.@-") for letter in name)
