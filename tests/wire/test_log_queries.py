"""Logs Insights of the demo cloud: queries run over the simulated lines, and end by the clock."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from demo.story import Story
from tests.wire.clouds import AT, Cloud
from tests.wire.test_logs import ACCESS, AUDIT, FUNCTION, MINUTE, NOW, WEB, ago, count, during, filtered, refused

pytestmark = pytest.mark.wire


def asked(cloud: Cloud, query: str, start: int, end: int, *groups: str, **more: Any) -> dict[str, Any]:
    """Run a query over a half-open span of whole seconds to its end."""
    logs = cloud.client("logs")
    names = list(groups) or [WEB]
    span = {"startTime": start // 1000, "endTime": end // 1000 - 1}
    identity = logs.start_query(logGroupNames=names, queryString=query, **span, **more)["queryId"]
    answer: dict[str, Any] = {"status": "Scheduled"}
    for _ in range(100):
        answer = logs.get_query_results(queryId=identity)
        if answer["status"] not in {"Scheduled", "Running"}:
            break
    return {**answer, "queryId": identity}


def rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


class TestRunning:
    def test_counts_are_those_of_the_lines(self, cloud: Cloud) -> None:
        start = during(Story.BAD_DEPLOY, 1)
        answer = asked(cloud, "stats count(*) as n by level | sort n desc", start, start + MINUTE)
        lines = filtered(cloud, WEB, start, start + MINUTE)
        by_level = {row["level"]: int(row["n"]) for row in rows(answer) if "level" in row}
        assert by_level["ERROR"] == sum('"level":"ERROR"' in line["message"] for line in lines) > 100
        assert answer["status"] == "Complete"
        seen = answer["statistics"]
        assert seen["recordsScanned"] == seen["recordsMatched"] == len(lines)
        assert seen["bytesScanned"] == sum(len(line["message"].encode()) + 26 for line in lines)

    def test_latency_by_path_of_the_access_log(self, cloud: Cloud) -> None:
        query = (
            'parse @message \'* - - [*] "* * *" * * "*" "*" * "*"\''
            " as ip, at, method, url, http, status, size, a, b, s, id"
            " | filter method = 'GET' and ispresent(s) and url not like '/health'"
            " | stats count(*) as requests, pct(s, 99) as p99, avg(s) as mean by bin(1m), status | sort requests desc"
        )
        start = during(Story.BAD_DEPLOY, 1)
        found = rows(asked(cloud, query, start, start + 2 * MINUTE, ACCESS))
        assert {row["status"] for row in found} >= {"200", "500"}
        assert 0.05 < float(found[0]["mean"]) < float(found[0]["p99"]) < 5

    def test_a_line_and_its_record(self, cloud: Cloud) -> None:
        query = "fields @timestamp, @message, @logStream, @log | filter level = 'ERROR' | limit 1"
        start = during(Story.BAD_DEPLOY, 1)
        (row,) = rows(asked(cloud, query, start, start + MINUTE))
        assert row["@log"] == f"111111111111:{WEB}"
        record = cloud.client("logs").get_log_record(logRecordPointer=row["@ptr"])["logRecord"]
        assert record["@message"] == row["@message"]
        assert record["level"] == "ERROR"
        assert record["request_id"] == json.loads(row["@message"])["request_id"]

    def test_lambda_reports_and_infrequent_access(self, cloud: Cloud) -> None:
        query = "filter @type = 'REPORT' | stats count(*) as calls, max(@duration) as longest"
        start = ago(30)
        (row,) = rows(asked(cloud, query, start, NOW, FUNCTION))
        calls = count(cloud, "AWS/Lambda", "Invocations", start, NOW, FunctionName="employee-photo-thumbnails")
        assert abs(int(row["calls"]) - calls) <= 3
        audit = rows(asked(cloud, "stats count(*) as n by actor.name", ago(60), NOW, AUDIT))
        assert {row["actor.name"] for row in audit} == {"hr-sync", "j.doe", "m.garcia", "l.wei", "a.haddad"}

    def test_several_groups_and_pages_of_rows(self, cloud: Cloud) -> None:
        logs = cloud.client("logs")
        answer = asked(cloud, "fields @log, @message", ago(2), NOW, WEB, ACCESS, limit=3000)
        assert len(answer["results"]) == 3000
        assert {row["@log"] for row in rows(answer)} == {f"111111111111:{WEB}", f"111111111111:{ACCESS}"}
        first = logs.get_query_results(queryId=answer["queryId"], maxItems=2000)
        second = logs.get_query_results(queryId=answer["queryId"], maxItems=2000, nextToken=first["nextToken"])
        assert first["results"] + second["results"] == answer["results"]
        assert "nextToken" not in second

    def test_fields_are_discovered(self, cloud: Cloud) -> None:
        found = cloud.client("logs").get_log_group_fields(logGroupName=WEB)["logGroupFields"]
        percent = {field["name"]: field["percent"] for field in found}
        assert percent["@message"] == 100
        assert percent["level"] > 90
        assert 0 < percent["duration_ms"] <= 100

    def test_refusals(self, cloud: Cloud) -> None:
        logs = cloud.client("logs")
        span = {"startTime": ago(5) // 1000, "endTime": NOW // 1000}
        with pytest.raises(ClientError) as caught:
            logs.start_query(logGroupName=WEB, queryString="fields @message\n| filtr x", **span)
        error: Any = caught.value.response
        assert error["Error"]["Code"] == "MalformedQueryException"
        assert error["Error"]["Message"] == "unexpected symbol found filtr at line 2 and position 2"
        assert error["queryCompileError"]["location"] == {"startCharOffset": 18, "endCharOffset": 23}
        assert refused(logs.start_query, queryString="fields a", **span)[0] == "InvalidParameterException"
        assert refused(logs.start_query, logGroupName="/no", queryString="fields a", **span)[0] == (
            "ResourceNotFoundException"
        )
        backwards = {"startTime": NOW // 1000, "endTime": ago(5) // 1000}
        assert "before start time" in refused(logs.start_query, logGroupName=WEB, queryString="limit 1", **backwards)[1]
        assert refused(logs.get_query_results, queryId="nothing")[0] == "ResourceNotFoundException"


class TestLiving:
    def test_a_query_goes_on_by_the_clock_and_counts_against_the_others(self, fresh_cloud: Cloud) -> None:
        logs = fresh_cloud.client("logs")
        span = {"startTime": ago(5) // 1000, "endTime": NOW // 1000}
        ask = {"logGroupName": WEB, "queryString": "stats count(*)", **span}
        started = [logs.start_query(**ask)["queryId"] for _ in range(30)]
        assert refused(logs.start_query, **ask) == (
            "LimitExceededException",
            "Account maximum query concurrency limit of [30] reached.",
        )
        assert [query["status"] for query in logs.describe_queries()["queries"]] == ["Scheduled"] * 30
        assert logs.stop_query(queryId=started[0])["success"]
        assert logs.get_query_results(queryId=started[0])["status"] == "Cancelled"
        assert "not in a valid state" in refused(logs.stop_query, queryId=started[0])[1]
        fresh_cloud.post("/_demo/advance", seconds=2)
        answer = logs.get_query_results(queryId=started[1])
        assert answer["status"] == "Complete"
        assert int(answer["results"][0][0]["value"]) == answer["statistics"]["recordsScanned"] > 0
        logs.start_query(**ask)
        told = logs.describe_queries(logGroupName=WEB, status="Complete")["queries"]
        assert [query["queryId"] for query in told] == [started[1]]
        assert told[0]["bytesScanned"] == answer["statistics"]["bytesScanned"]
        fresh_cloud.post("/_demo/advance", seconds=90)
        for _ in range(30):  # those that nobody asked for have made room
            logs.start_query(**ask)

    def test_many_callers_and_the_clock_do_not_wait_for_one_another(self, fresh_cloud: Cloud) -> None:
        def work(number: int) -> str:
            if number % 4 == 0:
                fresh_cloud.post("/_demo/advance", seconds=30)
                return "Complete"
            if number % 4 == 1:
                filtered(fresh_cloud, ACCESS, ago(20), NOW, "KeyError")
                return "Complete"
            return str(asked(fresh_cloud, "stats count(*) by status", ago(20), NOW)["status"])

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(work, range(16))) == {"Complete"}

    def test_what_is_scanned_is_on_the_bill_once(self, bare: Cloud) -> None:
        logs = bare.client("logs")
        logs.create_log_group(logGroupName="/g")
        logs.create_log_stream(logGroupName="/g", logStreamName="s")
        logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=[{"timestamp": NOW, "message": "x" * 974}])
        answer = asked(bare, "stats count(*)", NOW - MINUTE, NOW + MINUTE, "/g")
        logs.get_query_results(queryId=answer["queryId"])
        assert bare.ground is not None
        taps = bare.ground.bills.taps.read(np.array([int(AT.timestamp()) // 3600]))
        scanned = {key: values[0] for (_, key), values in taps.items() if "DataScanned" in key[1]}
        assert scanned == {("AmazonCloudWatch", "DataScanned-Bytes"): pytest.approx(1000 / 1e9)}

    def test_saved_queries(self, fresh_cloud: Cloud) -> None:
        logs = fresh_cloud.client("logs")
        query = {"queryString": "stats count(*)", "logGroupNames": [WEB]}
        one = logs.put_query_definition(name="b/one", **query)["queryDefinitionId"]
        logs.put_query_definition(name="a/two", **query)
        assert logs.put_query_definition(name="b/other", queryDefinitionId=one, **query)["queryDefinitionId"] == one
        found = logs.describe_query_definitions()["queryDefinitions"]
        assert [each["name"] for each in found] == ["a/two", "b/other"]
        assert found[1]["lastModified"] == int(AT.timestamp() * 1000)
        assert len(logs.describe_query_definitions(queryDefinitionNamePrefix="a/")["queryDefinitions"]) == 1
        assert logs.delete_query_definition(queryDefinitionId=one)["success"]
        assert refused(logs.delete_query_definition, queryDefinitionId=one)[0] == "ResourceNotFoundException"


def test_the_aws_cli_runs_one(cloud: Cloud) -> None:
    span = ("--start-time", str(ago(5) // 1000), "--end-time", str(NOW // 1000))
    query = "stats count(*) as n by status | sort n desc | limit 1"
    started = cloud.aws("logs", "start-query", "--log-group-name", WEB, *span, "--query-string", query)
    answer = {"status": "Running"}
    while answer["status"] in {"Scheduled", "Running"}:
        answer = cloud.aws("logs", "get-query-results", "--query-id", started["queryId"])
    assert rows(answer)[0]["status"] == "200"
    with pytest.raises(RuntimeError, match="MalformedQueryException"):
        cloud.aws("logs", "start-query", "--log-group-name", WEB, *span, "--query-string", "fields |")
