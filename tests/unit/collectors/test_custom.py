"""What an application sees: puts from threads and forks, timing, quotas and lint, and what AWS then gets."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloud.clients import Clients
from cloud.faults import Throttled, Unreachable
from cloud.guarding import NotOnTheList
from cloud.ledger import Ledger
from cloud.metering import Meter
from cloud.pushing import Pusher, may_have_arrived
from cloud.settings import CREDENTIALS_IN_ENVIRONMENT, Settings
from collectors.cardinality import HighCardinalityError
from collectors.custom import Metrics
from collectors.custom_delivery import Outcome
from collectors.custom_flushing import FLUSH_BYTES, Flusher
from collectors.custom_rules import MetricRefusedError
from collectors.spool.register import QuotaReachedError
from core.timespan import Timespan
from tests.unit.collectors.endpoint import Endpoint, Ticking
from tests.unit.collectors.pushed import Arrivals

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
Make = Callable[..., Metrics]


@pytest.fixture
def arrivals(endpoint: Endpoint) -> Arrivals:
    found = Arrivals()
    endpoint.answers["PutMetricData"] = found.take
    return found


@pytest.fixture
def make(endpoint: Endpoint, tmp_path: Path) -> Iterator[Make]:
    made: list[Metrics] = []

    def make(namespace: str = "Shop", **options: Any) -> Metrics:
        settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=tmp_path)
        metrics = Metrics(
            namespace, **{"settings": settings, "flush_seconds": 3600, "clock": lambda: AT_MS, "quota": 20, **options}
        )
        made.append(metrics)
        return metrics

    yield make
    for metrics in made:
        metrics.close()


def data(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [datum for request in endpoint.requests("PutMetricData") for datum in request["MetricData"]]


def test_ten_lines_reach_aws(make: Make, endpoint: Endpoint, arrivals: Arrivals) -> None:
    metrics = make(dimensions={"Stage": "prod"})
    metrics.put("PageLoadTime", 1.23, unit="Seconds", dimensions={"Page": "/"})
    metrics.put("PageLoadTime", 2, unit="Seconds", dimensions={"Page": "/"}, count=3)
    assert metrics.flush() == Outcome()
    assert data(endpoint) == [
        {
            "MetricName": "PageLoadTime",
            "Dimensions": [{"Name": "Page", "Value": "/"}, {"Name": "Stage", "Value": "prod"}],
            "Unit": "Seconds",
            "Timestamp": AT_MS // 1000,
            "Values": [1.23, 2.0],
            "Counts": [1.0, 3.0],
        }
    ]


@pytest.mark.parametrize(
    ("said", "warned"),
    [({}, True), ({"WATCHKEEPER_CLOUD": "auto"}, True), ({"WATCHKEEPER_CLOUD": "demo"}, False)]
    + [({name: "x"}, False) for name in CREDENTIALS_IN_ENVIRONMENT],
)
def test_an_application_that_named_no_cloud_is_told_that_it_talks_to_the_demo(
    said: dict[str, str],
    warned: bool,  # noqa: FBT001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: Any,
) -> None:
    """On an instance with only a role nothing in the environment says that AWS is meant."""
    for name in (*CREDENTIALS_IN_ENVIRONMENT, "WATCHKEEPER_CLOUD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"WATCHKEEPER_DATA_DIR": str(tmp_path), **said}.items():
        monkeypatch.setenv(name, value)
    Metrics("Shop", background=False, exit_seconds=0).close()
    told = [record.getMessage() for record in caplog.records]
    assert any("the demo cloud at http://127.0.0.1:4566 is meant, not AWS" in each for each in told) is warned
    assert any("set WATCHKEEPER_CLOUD=aws" in each for each in told) is warned


def test_high_resolution_keeps_its_second_and_others_their_minute(
    make: Make, endpoint: Endpoint, arrivals: Arrivals
) -> None:
    metrics = make(clock=lambda: AT_MS + 59_999)
    metrics.put("Slow", 1)
    metrics.put("Fast", 1, resolution=1)
    metrics.put("Late", 1, at=AT - timedelta(hours=1))
    metrics.flush()
    stamps = {datum["MetricName"]: datum["Timestamp"] - AT_MS // 1000 for datum in data(endpoint)}
    assert stamps == {"Slow": 0, "Fast": 59, "Late": -3600}
    assert [datum["StorageResolution"] for datum in data(endpoint) if "StorageResolution" in datum] == [1]


def test_sets_are_sent_as_sets(make: Make, endpoint: Endpoint, arrivals: Arrivals) -> None:
    metrics = make()
    metrics.put_set("Batch", sample_count=3, total=6, minimum=1, maximum=3)
    metrics.put("Cheap", 5, percentiles=False)
    metrics.flush()
    sums = {datum["MetricName"]: datum["StatisticValues"]["Sum"] for datum in data(endpoint)}
    assert sums == {"Batch": 6, "Cheap": 5}
    with pytest.raises(MetricRefusedError, match="cannot be"):
        metrics.put_set("Batch", sample_count=3, total=600, minimum=1, maximum=3)


def test_blocks_functions_and_coroutines_are_timed(make: Make, arrivals: Arrivals) -> None:
    metrics = make()

    @metrics.timed("Function")
    def fail(depth: int) -> None:
        if depth:
            fail(depth - 1)
        raise LookupError

    @metrics.timed("Coroutine")
    async def wait() -> int:
        await asyncio.sleep(0)
        return 5

    with pytest.raises(LookupError):
        fail(2)
    assert asyncio.run(wait()) == 5
    with metrics.timed("Block"):
        pass
    metrics.flush()
    by_name = {name: 0 for name, _ in arrivals.values}
    for (name, seconds), count in arrivals.values.items():
        by_name[name] += count
        assert 0 <= seconds < 60
    assert by_name == {"Function": 3, "Coroutine": 1, "Block": 1}


def test_a_value_aws_refuses_is_refused_at_the_put_and_counted(make: Make, arrivals: Arrivals) -> None:
    metrics = make()
    for value, options in ((float("nan"), {}), ("x", {}), (1, {"unit": "Parsecs"}), (1, {"dimensions": {"a": ["b"]}})):
        with pytest.raises(MetricRefusedError):
            metrics.put("N", value, **options)  # type: ignore[arg-type]
    assert metrics.status().refused == {"invalid": 4}
    assert metrics.status().waiting == 0


def test_refusals_can_be_logged_once_for_each_reason(
    make: Make, arrivals: Arrivals, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = make(on_refused="log")
    assert not metrics.put("N", float("nan"))
    assert not metrics.put("N", float("inf"))
    assert metrics.put("N", 1)
    assert caplog.text.count("A metric was not accepted") == 1
    assert metrics.status().refused == {"invalid": 2}


def test_a_new_metric_is_priced_when_it_is_first_put(make: Make, arrivals: Arrivals, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    metrics = make(quota=2)
    assert str(metrics.price([("N", {"Page": str(n)}) for n in range(90)])).startswith(
        "this adds 90 metrics, $24.00 a month"
    )
    for page in ("/", "/", "/a"):
        metrics.put("N", 1, dimensions={"Page": page})
    assert caplog.text.count("is new") == 2
    assert (
        "Shop N by Page is new: this adds 1 metric, $0.00 a month, 9 of 10 free left; 2 of the quota's 2" in caplog.text
    )
    with pytest.raises(QuotaReachedError):
        metrics.put("N", 1, dimensions={"Page": "/b"})
    assert metrics.status().refused == {"quota": 1}


def test_above_the_quota_it_folds_where_asked(make: Make, endpoint: Endpoint, arrivals: Arrivals) -> None:
    metrics = make(quota=1, on_quota="fold")
    for page in ("/", "/a", "/b", "/c"):
        metrics.put("N", 1, dimensions={"Page": page})
    metrics.flush()
    assert arrivals.values == {("N", 1.0): 4}
    assert sorted(len(datum.get("Dimensions", ())) for datum in data(endpoint)) == [0, 1]


def test_a_dimension_that_looks_like_one_of_many(make: Make, arrivals: Arrivals, caplog: Any) -> None:
    person = {"User": "ana@example.com"}
    with pytest.raises(
        HighCardinalityError, match=r"dimension 'User' holds an e-mail address \(an… of 15 characters\)"
    ):
        make().put("N", 1, dimensions=person)
    assert make(on_many="warn").put("N", 1, dimensions=person)
    assert make(on_many="allow").put("N", 2, dimensions=person)
    assert "leave the person out" in caplog.text
    assert "ana@example.com" not in caplog.text


def test_eight_threads_put_and_nothing_is_lost(make: Make, arrivals: Arrivals) -> None:
    metrics = make()

    def work(number: int) -> None:
        for n in range(500):
            metrics.put("N", n, dimensions={"Worker": str(number)})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    metrics.flush()
    assert sum(arrivals.values.values()) == 4000


def test_a_fork_goes_on_with_a_file_of_its_own(make: Make, arrivals: Arrivals) -> None:
    metrics = make()
    metrics.put("N", 1)
    metrics.flush()  # the parent has connections and a thread when it forks
    pid = os.fork()
    if not pid:  # pragma: no cover - the child
        ok = metrics.put("N", 2) and metrics.put("N", 3, dimensions={"Page": "/"})
        os._exit(0 if ok and metrics.flush() == Outcome() else 1)
    metrics.put("N", 4)
    assert os.waitpid(pid, 0)[1] == 0
    metrics.flush()
    assert arrivals.values == {("N", 1.0): 1, ("N", 2.0): 1, ("N", 3.0): 1, ("N", 4.0): 1}


def test_the_thread_delivers_by_time_by_size_and_at_the_end(make: Make, endpoint: Endpoint, arrivals: Arrivals) -> None:
    metrics = make(flush_seconds=0.01)
    metrics.put("N", 1)
    wait_for(lambda: arrivals.values == {("N", 1.0): 1})
    metrics.close()
    by_size = make()
    for _ in range(FLUSH_BYTES // 40 + 2):
        by_size.put("S", 1)
    wait_for(lambda: arrivals.values["S", 1.0] > 0)
    by_size.put("End", 1)
    by_size.close()
    assert arrivals.values["End", 1.0] == 1
    assert arrivals.values["S", 1.0] == FLUSH_BYTES // 40 + 2


def wait_for(condition: Callable[[], bool]) -> None:
    done = threading.Event()
    for _ in range(2000):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError("it has not happened")


def test_pauses_grow_to_a_minute_and_end_with_success() -> None:
    outcomes = [Outcome(Throttled("Rate exceeded"))] * 8 + [Outcome()]
    flusher = Flusher(lambda: outcomes.pop(0), seconds=10, after=lambda: None)
    pauses = []
    for _ in range(8):
        flusher._try()
        pauses.append(flusher._pause())
    for number, pause in enumerate(pauses):
        assert min(60, 2**number) / 2 <= pause <= min(60, 2**number)
    flusher._try()
    assert flusher._pause() == 10


def test_each_call_is_in_the_ledger(make: Make, tmp_path: Path, arrivals: Arrivals) -> None:
    metrics = make()
    metrics.put("N", 1)
    metrics.flush()
    metrics.close()
    span = Timespan(AT - timedelta(days=1), AT + timedelta(days=1))
    (total,) = Ledger(tmp_path / "demo").totals(span)
    assert (total.operation, total.calls, total.feature) == ("PutMetricData", 1, "custom metrics")
    assert (total.account, total.region) == ("111111111111", "us-east-1")


def test_what_pushes_can_do_nothing_else(endpoint: Endpoint, tmp_path: Path, arrivals: Arrivals) -> None:
    settings = Settings(cloud="demo", demo_port=endpoint.port, data_dir=tmp_path)
    clients = Clients(settings, Meter(settings.place, clock=Ticking()), reads=frozenset())
    pusher: Pusher = clients.pusher("eu-west-1")
    pusher.put("Shop", b'{"Namespace":"Shop","MetricData":[{"MetricName":"N","Value":1.0,"Timestamp":1795000000}]}')
    with pytest.raises(NotOnTheList, match="is not on the list of calls for pushing metrics"):
        pusher._client.list_metrics()
    clients.close()


def test_without_the_undocumented_event_the_same_arrives(
    endpoint: Endpoint, make: Make, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.answers["PutMetricData"] = lambda request: (
        arrivals.take(request) if "MetricData" in request else (400, {"__type": "MissingRequiredParameterException"})
    )
    monkeypatch.setattr(Pusher, "_swap", lambda self, **_: None)
    metrics = make()
    metrics.put("N", 1.5, resolution=1)
    assert metrics.flush() == Outcome()
    assert arrivals.values == {("N", 1.5): 1}
    assert data_with_time(endpoint) == [AT_MS // 1000]


def data_with_time(endpoint: Endpoint) -> list[float]:
    requests = [request for request in endpoint.requests("PutMetricData") if "MetricData" in request]
    return [datum["Timestamp"] for request in requests for datum in request["MetricData"]]


def test_a_datapoint_that_aws_refuses_is_dropped_alone(make: Make, endpoint: Endpoint, arrivals: Arrivals) -> None:
    def choosy(request: Any) -> Any:
        if any(datum.get("Value") == 13 for datum in request["MetricData"]):
            return 400, {"__type": "InvalidParameterValueException", "message": "The value 13 is unlucky."}
        return arrivals.take(request)

    endpoint.answers["PutMetricData"] = choosy
    metrics = make()
    for n in range(20):
        metrics.put("N", n, at=AT - timedelta(minutes=n))
    assert metrics.flush() == Outcome()
    counts = metrics.status().counts
    assert (counts.delivered, counts.rejected) == (19, 1)
    assert sum(arrivals.values.values()) == 19


def test_what_cannot_have_arrived_is_no_doubt(make: Make, endpoint: Endpoint, tmp_path: Path) -> None:
    settings = Settings(cloud="demo", demo_port=1, data_dir=tmp_path)
    metrics = make(settings=settings)
    metrics.put("N", 1)
    failed = metrics.flush().failed
    assert isinstance(failed, Unreachable)
    assert not may_have_arrived(failed)
    assert metrics.status().waiting == 1
    assert metrics.status().trouble
