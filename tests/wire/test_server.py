"""The endpoint itself: refusals that no client retries, counting, connections, the command."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult

from demo import server
from demo.aws.wire import AwsService
from tests.wire.clouds import AT, ROOT, Cloud, bare_cloud, cloud_process

pytestmark = pytest.mark.wire

CREDENTIAL = (
    "AWS4-HMAC-SHA256 Credential=AKIATESTTESTTESTTEST/20261123/us-east-1/{}/aws4_request, SignedHeaders=x, Signature=y"
)


def answer(cloud: Cloud, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str, bytes]:
    """Give status, content type and body of a request written by hand."""
    connection = HTTPConnection(cloud.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    found = connection.getresponse()
    content = found.read()
    connection.close()
    return found.status, found.getheader("Content-Type") or "", content


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("freetier", "list_account_activities", {}, "UnknownOperationException"),
        ("pricing", "describe_services", {}, "UnknownOperationException"),
        ("oam", "list_sinks", {}, "UnknownOperationException"),
        ("elbv2", "describe_trust_store_associations", {"TrustStoreArn": "arn:x"}, "InvalidAction"),
        ("cloudwatch", "describe_anomaly_detectors", {}, "UnknownOperationException"),
        ("cloudwatch", "get_metric_widget_image", {"MetricWidget": "{}"}, "UnknownOperationException"),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "none"}, None),
    ],
)
def test_what_nobody_answers_is_refused_as_aws_refuses_it(
    bare: Cloud, service: str, operation: str, arguments: dict[str, Any], code: str | None
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(bare.client(service), operation)(**arguments)
    found = error.value.response
    assert 400 <= found["ResponseMetadata"]["HTTPStatusCode"] < 500
    if code is not None:
        assert found["Error"]["Code"] == code
        assert f"{service}:" in found["Error"]["Message"]


class Failing(AwsService):
    """A service with a bug."""

    SERVICE = "health"

    def describe_events(self) -> ActionResult:
        raise ZeroDivisionError("a bug")


def test_a_bug_is_an_internal_failure_and_no_html(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(server.ROUTES, "health", lambda _ground: Failing())
    with bare_cloud() as cloud:
        with pytest.raises(ClientError) as error:
            cloud.client("health").describe_events()
        assert error.value.response["Error"]["Code"] == "InternalFailure"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "ZeroDivisionError" in capsys.readouterr().err, "whoever runs the demo sees what went wrong"


@pytest.mark.parametrize(
    ("service", "body", "headers"),
    [
        ("monitoring", b"{", {"X_Amz_Target": "G.ListMetrics", "Content_Type": "application/x-amz-json-1.0"}),
        ("monitoring", b"[1]", {"X_Amz_Target": "G.ListMetrics", "Content_Type": "application/x-amz-json-1.0"}),
        ("monitoring", b"Action=PutMetricAlarm&Period=x", {"Content_Type": "application/x-www-form-urlencoded"}),
        ("monitoring", b"Action=Nonsense", {"Content_Type": "application/x-www-form-urlencoded"}),
        ("monitoring", b"\xff", {"Content_Type": "application/cbor"}),
        ("dynamodb", b"{}", {"Content_Type": "application/x-amz-json-1.0"}),
        ("nonsense", b"", {}),
    ],
)
def test_a_malformed_request_is_refused(bare: Cloud, service: str, body: bytes, headers: dict[str, str]) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics" if body == b"\xff" else "/"
    status, content_type, content = answer(
        bare, "POST", path, body, Authorization=CREDENTIAL.format(service), **headers
    )
    assert 400 <= status < 500
    assert "html" not in content_type
    assert b"<html" not in content


def test_calls_are_counted_by_service_and_operation_and_reset(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    for _ in range(3):
        client.list_metrics()
    bare.client("cloudwatch", protocol="query").list_metrics()
    bare.client("cloudwatch", protocol="smithy-rpc-v2-cbor").describe_alarms()
    bare.client("sts").get_caller_identity()
    assert bare.get("/_demo/calls") == {
        "cloudwatch": {"DescribeAlarms": 1, "ListMetrics": 4},
        "sts": {"GetCallerIdentity": 1},
    }
    bare.post("/_demo/calls")
    assert bare.get("/_demo/calls") == {}


def test_accounts_follow_the_access_key(bare: Cloud) -> None:
    assert bare.client("sts").get_caller_identity()["Account"] == "111111111111"
    keys = bare.assumed("222222222222")
    assert bare.client("sts", keys=keys).get_caller_identity()["Account"] == "222222222222"


def test_a_connection_stays_open_and_calls_are_quick(bare: Cloud) -> None:
    connection = HTTPConnection(bare.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/_demo/health")
    assert json.load(connection.getresponse())["status"] == "ok"
    open_socket = connection.sock
    for _ in range(20):
        connection.request("POST", "/_demo/calls", b"{}")
        connection.getresponse().read()
    assert connection.sock is open_socket
    connection.close()
    client = bare.client("cloudwatch")
    client.list_metrics()
    started = time.perf_counter()
    for _ in range(20):
        client.list_metrics()
    assert (time.perf_counter() - started) / 20 < 0.05, "some milliseconds a call; Nagle's delay alone would be forty"


def test_a_connection_that_idles_is_closed_without_a_word(
    bare: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("demo.serving.KeepAliveHandler.timeout", 0.1)
    host, port = bare.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        assert connection.recv(1) == b""
    assert "timed out" not in caplog.text


def test_an_object_with_an_expect_header_and_a_chunked_body_arrives_whole(bare: Cloud) -> None:
    client = bare.client("s3")
    client.create_bucket(Bucket="photos-of-the-test")
    client.put_object(Bucket="photos-of-the-test", Key="a b/ü.jpg", Body=b"x" * 3_000_000, Metadata={"a_b": "c"})
    found = client.get_object(Bucket="photos-of-the-test", Key="a b/ü.jpg")
    assert found["Body"].read() == b"x" * 3_000_000
    assert client.head_object(Bucket="photos-of-the-test", Key="a b/ü.jpg")["ContentLength"] == 3_000_000


def test_many_clients_at_once_on_moto_s_services(bare: Cloud) -> None:
    def work(number: int) -> str:
        client = bare.client("sqs")
        url = client.create_queue(QueueName=f"queue-{number}")["QueueUrl"]
        for _ in range(10):
            client.send_message(QueueUrl=url, MessageBody="x")
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return str(found["Attributes"]["ApproximateNumberOfMessages"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == ["10"] * 8


def test_time_moves_by_hand_and_only_forward(bare: Cloud) -> None:
    assert bare.get("/_demo/health")["now"] == AT.isoformat()
    bare.advance(90)
    assert bare.get("/_demo/health")["now"] == "2026-11-23T10:01:30+00:00"
    for seconds in (-1, "60", True, None):
        status, _, content = answer(bare, "POST", "/_demo/advance", json.dumps({"seconds": seconds}).encode())
        assert status == 400
        assert b"seconds" in content
    assert answer(bare, "POST", "/_demo/advance", b"[60]")[0] == 400
    status, _, content = answer(bare, "GET", "/_demo/nothing")
    assert status == 404
    assert b"/_demo/health" in content


def test_the_command_serves_and_stops_cleanly() -> None:
    with cloud_process() as cloud:
        assert cloud.url.startswith("http://127.0.0.1:")
        assert cloud.get("/_demo/health")["now"] == AT.isoformat()
        assert cloud.client("sts").get_caller_identity()["Account"] == "111111111111"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "{taken}"], "in use by another program; choose another with --port or WATCHKEEPER_DEMO_PORT"),
        (["--port", "0", "--replay", "{empty}"], "holds no *.csv file"),
        (["--at", "yesterday"], "--at"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, arguments: list[str], words: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        given = [a.format(taken=taken.getsockname()[1], empty=tmp_path) for a in arguments]
        command = [sys.executable, "-m", "demo", *given]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode != 0
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_web_page_of_another_host_is_turned_away(bare: Cloud) -> None:
    for origin, allowed in (("https://evil.example", False), ("http://127.0.0.1:8501", True), ("null", False)):
        status, _, _ = answer(bare, "POST", "/_demo/calls", b"{}", Origin=origin)
        assert (status == 200) is allowed, origin


def test_the_second_account_has_a_world_of_its_own(cloud: Cloud) -> None:
    keys = cloud.assumed("222222222222")

    def groups(**where: Any) -> set[str]:
        found = cloud.client("autoscaling", **where).describe_auto_scaling_groups()["AutoScalingGroups"]
        return {group["AutoScalingGroupARN"].split(":")[4] for group in found}

    assert groups(region="eu-west-1", keys=keys) == {"222222222222"}
    assert groups(region="us-east-1", keys=keys) == set()
    assert groups(region="us-east-1") == {"111111111111"}
    there = cloud.client("cloudwatch", region="eu-west-1", keys=keys)
    assert there.list_metrics(Namespace="AWS/ApplicationELB")["Metrics"]
    assert there.describe_alarms()["MetricAlarms"]


def test_readers_are_served_while_time_moves(fresh_cloud: Cloud) -> None:
    """Moving time holds moto's state; whoever asks meanwhile waits, and is answered."""

    def look(_: int) -> int:
        watched = fresh_cloud.client("cloudwatch"), fresh_cloud.client("autoscaling"), fresh_cloud.client("elbv2")
        seen = 0
        for _ in range(5):
            seen += len(watched[0].describe_alarms()["MetricAlarms"]) > 0
            seen += len(watched[1].describe_auto_scaling_groups()["AutoScalingGroups"]) > 0
            seen += len(watched[2].describe_target_groups()["TargetGroups"]) > 0
        return seen

    with ThreadPoolExecutor(7) as pool:
        readers = [pool.submit(look, n) for n in range(6)]
        pool.submit(fresh_cloud.advance, 600).result()
        assert [reader.result() for reader in readers] == [15] * 6


def test_a_running_demo_is_told_a_story_from_the_command_line(fresh_cloud: Cloud) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        whole = [sys.executable, "-m", "demo", *arguments]
        return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    told = command("tell", "traffic-spike", "--endpoint", fresh_cloud.url)
    assert told.returncode == 0, told.stderr
    assert "traffic-spike on directory-prod until" in told.stdout
    calmed = command("calm", "--endpoint", fresh_cloud.url)
    assert calmed.returncode == 0, calmed.stderr
    nobody = command("calm", "--endpoint", "http://127.0.0.1:1")
    assert nobody.returncode == 1
    assert "no demo cloud answers at http://127.0.0.1:1" in nobody.stderr
