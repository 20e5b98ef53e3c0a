"""The load balancer's access logs in S3: AWS's names, gzip, and a line for every request."""

from __future__ import annotations

import gzip
import json
import shlex
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.history import PASTS
from demo.story import Story
from tests.wire.clouds import AT, Cloud
from tests.wire.test_logs import MINUTE, WEB, balancer, count, filtered

pytestmark = pytest.mark.wire

BUCKET = "employee-directory-access-logs-111111111111"
DAY = "AWSLogs/111111111111/elasticloadbalancing/us-east-1/2026/11/23/"


def objects(cloud: Cloud, prefix: str = DAY) -> list[dict[str, Any]]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [each for page in pages for each in page.get("Contents", ())]


def lines(cloud: Cloud, end: str) -> list[list[str]]:
    """Give the fields of every line of the files that end at a time such as 0955."""
    found = []
    for each in objects(cloud):
        if f"T{end}Z_" in each["Key"]:
            body = cloud.client("s3").get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            assert len(body) == each["Size"]
            found += [shlex.split(line) for line in gzip.decompress(body).decode().splitlines()]
    return found


def test_the_names_are_aws_s(cloud: Cloud) -> None:
    newest = max(objects(cloud), key=lambda each: each["Key"].rsplit("_", 3)[-3])
    _, _, name = newest["Key"].rpartition("/")
    account, service, region, identity, end, node, rest = name.split("_")
    assert (account, service, region) == ("111111111111", "elasticloadbalancing", "us-east-1")
    assert identity == balancer(cloud).replace("/", ".")
    assert end == "20261123T0955Z"
    assert node in {"10.20.1.8", "10.20.2.8"}
    assert rest.endswith(".log.gz")
    attributes = cloud.client("elbv2").describe_load_balancer_attributes(
        LoadBalancerArn=cloud.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    )["Attributes"]
    told = {each["Key"]: each["Value"] for each in attributes}
    assert (told["access_logs.s3.enabled"], told["access_logs.s3.bucket"]) == ("true", BUCKET)


def test_there_is_a_line_for_every_request(cloud: Cloud) -> None:
    end = int(AT.timestamp() * 1000) - 5 * MINUTE
    start = end - 5 * MINUTE
    found = lines(cloud, "0955")
    where = {"LoadBalancer": balancer(cloud)}
    assert len(found) == count(cloud, "AWS/ApplicationELB", "RequestCount", start, end, **where)
    statuses = Counter(fields[8][0] for fields in found)
    assert statuses["5"] == count(cloud, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", start, end, **where)
    assert {len(fields) for fields in found} == {30}
    instances = cloud.client("ec2").describe_instances()["Reservations"]
    addresses = {f"{each['PrivateIpAddress']}:80" for r in instances for each in r["Instances"]}
    assert {fields[4] for fields in found} <= addresses
    # Its trace ids are those of the application's log.
    told = json.loads(filtered(cloud, WEB, start, end, "{ $.status = 404 }")[0]["message"])
    assert told["request_id"] in {fields[17] for fields in found}


def test_what_nobody_answered_in_time_has_dashes(cloud: Cloud) -> None:
    spike = next(past for past in PASTS[::-1] if past.story is Story.TRAFFIC_SPIKE)
    began = AT - spike.ago
    end = began + timedelta(minutes=5) - timedelta(minutes=began.minute % 5, seconds=began.second)
    late = [fields for fields in lines(cloud, f"{end:%H%M}") if fields[8] == "504"]
    assert late
    assert {(fields[6], fields[9], fields[24]) for fields in late} == {("-1", "-", "-")}


def test_files_come_with_the_clock_and_old_ones_go(fresh_cloud: Cloud) -> None:
    before = {each["Key"] for each in objects(fresh_cloud)}
    everything = len(objects(fresh_cloud, ""))
    fresh_cloud.post("/_demo/advance", seconds=360)
    after = {each["Key"] for each in objects(fresh_cloud)}
    assert len(after - before) == 4
    assert before <= after
    assert len(objects(fresh_cloud, "")) == everything


def test_the_aws_cli_reads_one(cloud: Cloud, tmp_path: Path) -> None:
    found = cloud.aws("s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", DAY, "--max-items", "1")["Contents"]
    target = tmp_path / "file.gz"
    cloud.aws("s3api", "get-object", "--bucket", BUCKET, "--key", found[0]["Key"], str(target))
    assert gzip.decompress(target.read_bytes()).startswith(b"http 2026-11-2")
