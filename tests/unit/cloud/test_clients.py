"""Sessions: who is asked, with which credentials, and what the demo never reads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from core.reading import Scope
from tests.unit.collectors.endpoint import Endpoint, Ticking, clients_of, serving


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving() as endpoint:
        endpoint.answers["DescribeAlarms"] = lambda _: {}
        yield endpoint


def test_the_demo_has_two_accounts_and_reads_nobodys_files(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile prod]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "no such profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    clients = clients_of(endpoint, tmp_path)
    assert clients.scopes() == (Scope("111111111111", "us-east-1"), Scope("222222222222", "eu-west-1"))
    assert clients.account_name("222222222222") == "directory-dr"
    assert clients.account_name("333333333333") == "333333333333"
    clients.client(clients.scopes()[0], "cloudwatch").describe_alarms()
    assert len(endpoint.asked) == 1
    clients.close()


def test_one_client_a_scope_and_service(endpoint: Endpoint, tmp_path: Path) -> None:
    clients = clients_of(endpoint, tmp_path)
    prod = clients.scopes()[0]
    assert clients.client(prod, "cloudwatch") is clients.client(prod, "cloudwatch")
    assert clients.client(prod, "cloudwatch") is not clients.client(Scope(prod.account, "eu-west-1"), "cloudwatch")
    assert clients.reader(prod) is not clients.client(prod, "cloudwatch")
    clients.close()


def test_s3_is_reached_after_other_services_too(endpoint: Endpoint, tmp_path: Path) -> None:
    """boto3 puts its transfers into S3's clients once for each session of it that botocore's session was given."""
    clients = clients_of(endpoint, tmp_path)
    prod = clients.scopes()[0]
    for service in ("ec2", "cloudwatch", "s3"):
        assert clients.client(prod, service).meta.service_model.service_name == service
    clients.close()


def test_the_transport_is_without_delay_and_without_proxy_on_the_demo(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    clients = clients_of(endpoint, tmp_path)
    transport = clients.transport(clients.settings.demo_endpoint + "/path")
    assert transport is clients.transport(clients.settings.demo_endpoint)
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in transport._socket_options  # type: ignore[attr-defined]
    assert transport._proxy_config.proxy_url_for("http://127.0.0.1") is None  # type: ignore[attr-defined]
    clients.close()


def test_on_aws_proxy_and_certificates_of_the_environment_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/etc/ssl/ours.pem")
    settings = Settings(data_dir=tmp_path)
    clients = Clients(settings, Meter(tmp_path, clock=Ticking()))
    transport = clients.transport("https://monitoring.us-east-1.amazonaws.com/")
    assert settings.cloud == "aws"
    assert transport._verify == "/etc/ssl/ours.pem"  # type: ignore[attr-defined]
    assert (
        transport._proxy_config.proxy_url_for("https://monitoring.us-east-1.amazonaws.com")  # type: ignore[attr-defined]
        == "http://proxy.example:3128"
    )
    clients.close()
