"""Custom metrics by hand, from a file and through the log: all or nothing, priced first, and what waits."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cloud.settings import Settings
from collectors.__main__ import main
from collectors.custom_files import NotReadableError, read_csv
from collectors.custom_rules import MetricRefusedError
from collectors.embedded import EmbeddedMetrics
from collectors.spool.register import QuotaReachedError
from tests.unit.collectors.endpoint import Endpoint
from tests.unit.collectors.pushed import Arrivals

AT = datetime(2026, 11, 23, 10, 0, 0, 500_000, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def arrivals(endpoint: Endpoint) -> Arrivals:
    found = Arrivals()
    endpoint.answers["PutMetricData"] = found.take
    return found


@pytest.fixture
def run(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "demo")
    monkeypatch.setenv("WATCHKEEPER_DEMO_PORT", str(endpoint.port))
    monkeypatch.setenv("WATCHKEEPER_DATA_DIR", str(tmp_path / "var"))
    endpoint.answers["ListMetrics"] = lambda _: {"Metrics": []}

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_value_is_priced_pushed_and_delivered(run: Run, endpoint: Endpoint, arrivals: Arrivals) -> None:
    value = (
        "push",
        "Load",
        "1.5",
        "--namespace",
        "Shop",
        "--unit",
        "Seconds",
        "--dimension",
        "Page=/?a=b",
        "--count",
        "2",
    )
    assert run(*value) == (
        0,
        "1 value: this adds 1 metric, $0.00 a month, 10 of 10 free left.\nDelivered.\n",
        "",
    )
    (request,) = endpoint.requests("PutMetricData")
    assert request["Namespace"] == "Shop"
    assert request["MetricData"][0]["Dimensions"] == [{"Name": "Page", "Value": "/?a=b"}]
    assert arrivals.values == {("Load", 1.5): 2}
    assert run(*value)[1].startswith("1 value: this adds no metric.")


def test_what_others_of_the_account_push_uses_the_free_ones_too(
    run: Run, endpoint: Endpoint, arrivals: Arrivals
) -> None:
    taken = [{"Namespace": "CWAgent", "MetricName": f"m{n}", "Dimensions": []} for n in range(12)]
    load = {"Namespace": "Custom", "MetricName": "Load", "Dimensions": []}
    own = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": []}
    endpoint.answers["ListMetrics"] = lambda _: {"Metrics": [*taken, load, own]}
    assert run("push", "Load", "1")[1].startswith(
        "1 value: this adds 1 metric, 1 of them reports already, $0.00 a month, 0 of 10 free left beside 13 others"
    )
    assert run("push", "Size", "1")[1].startswith("1 value: this adds 1 metric, $0.30 a month (")
    asked = len(endpoint.requests("ListMetrics"))
    assert run("push", "Size", "1")[1].startswith("1 value: this adds no metric.")
    assert len(endpoint.requests("ListMetrics")) == asked, "where nothing is new nobody is asked"


def test_a_price_is_said_where_the_others_may_not_be_read(run: Run, endpoint: Endpoint, arrivals: Arrivals) -> None:
    endpoint.answers["ListMetrics"] = lambda _: (400, {"__type": "AccessDenied", "message": "no"})
    assert run("push", "Load", "1") == (
        0,
        "1 value: this adds 1 metric, $0.00 a month, 10 of 10 free left.\nDelivered.\n",
        "",
    )


def test_a_paused_metric_is_accepted_and_never_sent(run: Run, endpoint: Endpoint, arrivals: Arrivals) -> None:
    run("push", "Load", "1")
    said = run("spool", "--pause", "Custom", "Load")[1]
    assert "paused     0 not sent: all of Custom Load\n" in said
    assert run("push", "Load", "2", "--dimension", "Page=/")[0] == 0
    assert run("push", "Size", "3")[0] == 0
    assert arrivals.values == {("Load", 1.0): 1, ("Size", 3.0): 1}
    said = run("spool", "--resume", "Custom", "Load")[1]
    assert "paused     1 not sent: nothing is paused\n" in said
    assert "dropped    0" in said
    run("push", "Load", "4")
    assert arrivals.values[("Load", 4.0)] == 1, "what was paused is not sent later"
    assert arrivals.values.total() == 3


def test_a_file_is_pushed_as_a_whole_or_not_at_all(run: Run, tmp_path: Path, arrivals: Arrivals) -> None:
    file = tmp_path / "values.csv"
    file.write_text("name,value,unit,Page\nLoad,1,Seconds,/\nLoad,x,Seconds,/a\nLoad,2,Parsecs,/b\n\nLoad,3\n")
    code, said, complained = run("push", "--csv", str(file))
    assert (code, said) == (2, "")
    assert complained.splitlines()[0] == "line 3: value 'x' is no number; write it like 1.23"
    assert "line 6: has fewer cells than columns" in complained
    assert "line 4: 'Parsecs' is no unit of CloudWatch" in complained
    assert complained.endswith("Nothing was pushed.\n")
    assert not arrivals.values
    recent = datetime.now(UTC).isoformat()
    file.write_text(f"\ufeffname, value,unit,Page,timestamp,count\nLoad,1,Seconds,/,,\nLoad,2,,,{recent},3\n")
    assert run("push", "--csv", str(file))[1].startswith("2 values: this adds 2 metrics, $0.00 a month, 10 of 10 free")
    assert arrivals.values == {("Load", 1.0): 1, ("Load", 2.0): 3}


def test_a_file_above_the_quota_says_its_price_and_pushes_nothing(run: Run, tmp_path: Path, arrivals: Arrivals) -> None:
    run("push", "First", "1")
    file = tmp_path / "values.csv"
    file.write_text("name,value,Page\n" + "".join(f"Load,1,/{n}\n" for n in range(99)))
    code, _, complained = run("push", "--csv", str(file))
    assert code == 2
    assert "this adds 99 metrics, $27.00 a month" in complained
    assert "more than the quota of 10: raise WATCHKEEPER_CUSTOM_METRICS_QUOTA" in complained
    assert arrivals.values.total() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give a name and a value, such as: push PageLoadTime 1.23"),
        (("N", "much"), "value 'much' is no number"),
        (("N", "1", "--dimension", "Page"), "dimension 'Page' has no value; write it like Page=/"),
        (("N", "1", "--at", "yesterday"), "time 'yesterday' is not read; write it like 2026-11-27T10:00:00Z"),
        (("N", "1", "--at", "2026-11-27T10:00:00"), "has no zone"),
        (("N", "1", "--at", "2020-01-01T00:00:00Z"), "more than two weeks ago"),
        (("N", "1", "--namespace", "AWS/EC2"), "reserved for AWS's own services"),
        (("N", "1", "--dimension", "User=ana@example.com"), "holds an e-mail address (an… of 15 characters)"),
        (("N", "nan"), "AWS takes no NaN"),
        (("N", "1", "--csv", "x.csv"), "not both"),
        (("N", "1", "--region", "../x"), "'../x' is no region; give one such as us-east-1"),
        (("--csv", "missing.csv"), "No such file"),
    ],
)
def test_what_cannot_be_pushed_says_why(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, _, complained = run("push", *arguments)
    assert code == 2
    assert words in complained


@pytest.mark.parametrize("text", ["", "value\n1\n", "name,value,name\n", "<html>\n"])
def test_a_file_without_its_columns_is_refused(text: str) -> None:
    with pytest.raises(NotReadableError, match="name and value are needed"):
        read_csv(text)


def test_the_spool_says_what_waits_and_delivers_it(run: Run, endpoint: Endpoint, arrivals: Arrivals) -> None:
    assert run("spool")[1].startswith("There is no spool in ")
    endpoint.answers["PutMetricData"] = lambda _: (400, {"__type": "Throttling", "message": "Rate exceeded"})
    code, _, complained = run("push", "Load", "1", "--dimension", "Mail=ana@example.com", "--on-many", "allow")
    assert (code, complained) == (1, "Not delivered yet, it waits in the spool: Rate exceeded\n")
    code, said, _ = run("spool")
    assert code == 0
    for line in (
        "waiting    1 datapoints, 40 bytes, the oldest of 20",
        "trouble    Rate exceeded",
        "refused    none",
    ):
        assert line in said
    assert "metrics    1 of 10 this month, $0.00 a month at most\n    Custom Load {Mail=an… of 15 characters}\n" in said
    endpoint.answers["PutMetricData"] = arrivals.take
    code, said, _ = run("spool", "--deliver")
    assert code == 0
    assert "delivered  1 in 2 calls" in said
    assert "waiting    0 datapoints, 0 bytes\n" in said


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def embedded(stream: io.StringIO, tmp_path: Path) -> EmbeddedMetrics:
    settings = Settings(cloud="demo", data_dir=tmp_path)
    return EmbeddedMetrics("Shop", stream=stream, dimensions={"Stage": "prod"}, settings=settings, clock=lambda: AT_MS)


def documents(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_what_cloudwatch_logs_reads(embedded: EmbeddedMetrics, stream: io.StringIO) -> None:
    embedded.put("Load", 1.5, unit="Seconds")
    embedded.put("Load", 2, unit="Seconds")
    embedded.put("Hits", 1, resolution=1)
    assert stream.getvalue() == ""
    embedded.close()
    assert documents(stream) == [
        {
            "_aws": {
                "Timestamp": AT_MS // 1000 * 1000,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "Shop",
                        "Dimensions": [["Stage"]],
                        "Metrics": [{"Name": "Load", "Unit": "Seconds"}, {"Name": "Hits", "StorageResolution": 1}],
                    }
                ],
            },
            "Stage": "prod",
            "Load": [1.5, 2.0],
            "Hits": 1.0,
        }
    ]


def test_a_line_holds_a_hundred_values_one_time_and_one_unit(embedded: EmbeddedMetrics, stream: io.StringIO) -> None:
    for n in range(101):
        embedded.put("Load", n)
    assert [len(document["Load"]) for document in documents(stream)] == [100]
    embedded.put("Load", 1, unit="Seconds")
    embedded.put("Load", 2, unit="Seconds", at=datetime(2026, 11, 23, 9, tzinfo=UTC))
    embedded.flush()
    assert [document["Load"] for document in documents(stream)[1:]] == [100.0, 1.0, 2.0]


def test_a_forked_child_does_not_write_the_parents_lines(embedded: EmbeddedMetrics, stream: io.StringIO) -> None:
    embedded.put("Load", 1)
    pid = os.fork()
    if not pid:  # pragma: no cover - the child
        embedded.close()
        os._exit(len(stream.getvalue()))
    assert os.waitpid(pid, 0)[1] == 0
    embedded.close()
    assert len(documents(stream)) == 1


def test_the_same_rules_quota_and_lint_hold_in_the_log(embedded: EmbeddedMetrics, stream: io.StringIO) -> None:
    for n in range(10):
        embedded.put("Load", 1, dimensions={"Page": f"/p{n}"})
    with pytest.raises(QuotaReachedError):
        embedded.put("Load", 1, dimensions={"Page": "/p11"})
    for name, options in (
        ("N", {"unit": "x"}),
        ("N", {"dimensions": {"User": "a@b.example"}}),
        ("Stage", {}),
        ("_aws", {}),
    ):
        with pytest.raises(MetricRefusedError):
            embedded.put(name, 1, **options)
    with embedded.timed("Load", dimensions={"Page": "/p1"}), pytest.raises(MetricRefusedError):
        embedded.put("Load", float("nan"))
    embedded.close()
