"""CloudWatch's metrics over the wire: put, list, read, in every protocol that AWS clients speak."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from core.reading import Scope
from core.series import MetricId
from demo.metric_store import LISTED_AFTER, MetricStore
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire

PROTOCOLS = ("json", "query", "smithy-rpc-v2-cbor")
HOUR = timedelta(hours=1)
SHOP = MetricId("Shop", "Latency", (("Page", "cart"), ("Zone", "a")))


def store(cloud: Cloud, account: str = "111111111111", region: str = "us-east-1") -> MetricStore:
    assert cloud.ground is not None
    return cloud.ground.stores.of(Scope(account, region))


def minutes(count: int, *, until: datetime = AT) -> Any:
    end = int(until.timestamp())
    return np.arange(end - 60 * count, end, 60)


def query(metric: MetricId = SHOP, *, stat: str = "Average", period: int = 60, name: str = "m1", **more: Any) -> Any:
    dimensions = [{"Name": key, "Value": value} for key, value in metric.dimensions]
    inner = {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": inner, "Period": period, "Stat": stat}, **more}


def values(answer: Any, name: str = "m1") -> list[float]:
    return [v for result in answer["MetricDataResults"] if result["Id"] == name for v in result["Values"]]


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] < 500
    return answer["Error"]["Code"], answer["Error"]["Message"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_put_can_be_listed_and_read_in_every_protocol(bare: Cloud, protocol: str) -> None:
    client = bare.client("cloudwatch", protocol=protocol)
    datum = {
        "MetricName": "Latency",
        "Dimensions": [{"Name": "Zone", "Value": "a"}, {"Name": "Page", "Value": "cart & <b>"}],
        "Timestamp": AT - timedelta(minutes=5, seconds=13),
        "Values": [1.0, 2.5, 40.0],
        "Counts": [2.0, 1.0, 1.0],
        "Unit": "Milliseconds",
    }
    client.put_metric_data(Namespace="Shop", MetricData=[datum])
    metric = MetricId("Shop", "Latency", (("Page", "cart & <b>"), ("Zone", "a")))
    bare.advance(LISTED_AFTER)
    assert client.list_metrics()["Metrics"] == [
        {
            "Namespace": "Shop",
            "MetricName": "Latency",
            "Dimensions": [{"Name": "Page", "Value": "cart & <b>"}, {"Name": "Zone", "Value": "a"}],
        }
    ]
    queries = [query(metric, stat=stat, name=f"m{n}") for n, stat in enumerate(("Sum", "p99", "SampleCount", "tm50"))]
    answer = client.get_metric_data(MetricDataQueries=queries, StartTime=AT - HOUR, EndTime=AT)
    assert [result["Values"] for result in answer["MetricDataResults"]] == [[44.5], [40.0], [4.0], [1.0]]
    assert [result["Timestamps"] for result in answer["MetricDataResults"]] == [[AT - timedelta(minutes=6)]] * 4
    assert {result["StatusCode"] for result in answer["MetricDataResults"]} == {"Complete"}
    read = client.get_metric_statistics(
        Namespace="Shop",
        MetricName="Latency",
        Dimensions=datum["Dimensions"],
        StartTime=AT - HOUR,
        EndTime=AT,
        Period=60,
        Statistics=["Average", "Maximum"],
    )
    assert read["Label"] == "Latency"
    assert read["Datapoints"] == [
        {"Timestamp": AT - timedelta(minutes=6), "Average": 11.125, "Maximum": 40.0, "Unit": "Milliseconds"}
    ]


def test_dimensions_and_namespace_are_part_of_a_metric_and_their_order_is_not(bare: Cloud) -> None:
    one = int((AT - timedelta(minutes=1)).timestamp())
    for metric, value in (
        (SHOP, 1.0),
        (MetricId("Shop", "Latency", (("Zone", "a"),)), 10.0),
        (MetricId("Shop", "Latency"), 100.0),
        (MetricId("Bank", "Latency", SHOP.dimensions), 1000.0),
    ):
        store(bare).put(metric, np.array([one]), np.array([value]))
    client = bare.client("cloudwatch")
    asked = query()
    asked["MetricStat"]["Metric"]["Dimensions"].reverse()
    answer = client.get_metric_data(MetricDataQueries=[asked], StartTime=AT - HOUR, EndTime=AT)
    assert values(answer) == [1.0]


def test_periods_are_counted_from_the_start_rounded_down_to_the_minute(bare: Cloud) -> None:
    store(bare).put(SHOP, minutes(20), np.ones(20))
    client = bare.client("cloudwatch")
    start = AT - timedelta(minutes=13) + timedelta(seconds=40)
    answer = client.get_metric_data(
        MetricDataQueries=[query(stat="Sum", period=300)], StartTime=start, EndTime=AT, ScanBy="TimestampAscending"
    )
    first = AT - timedelta(minutes=13)
    result = answer["MetricDataResults"][0]
    assert result["Timestamps"] == [first, first + timedelta(minutes=5), first + timedelta(minutes=10)]
    assert result["Values"] == [5.0, 5.0, 3.0]


def test_newest_datapoints_come_first_unless_asked_otherwise(bare: Cloud) -> None:
    store(bare).put(SHOP, minutes(3), np.array([1.0, 2.0, 3.0]))
    client = bare.client("cloudwatch")
    span = {"StartTime": AT - HOUR, "EndTime": AT}
    assert values(client.get_metric_data(MetricDataQueries=[query()], **span)) == [3.0, 2.0, 1.0]
    ascending = client.get_metric_data(MetricDataQueries=[query()], ScanBy="TimestampAscending", **span)
    assert values(ascending) == [1.0, 2.0, 3.0]


def test_the_end_is_exclusive_and_the_future_is_not_seen(bare: Cloud) -> None:
    store(bare).put(SHOP, minutes(10, until=AT + timedelta(minutes=5)), np.arange(10.0))
    client = bare.client("cloudwatch")
    answer = client.get_metric_data(MetricDataQueries=[query()], StartTime=AT - HOUR, EndTime=AT + HOUR)
    assert max(values(answer)) == 5.0, "the minute that has begun may be seen, the next may not"
    answer = client.get_metric_data(MetricDataQueries=[query()], StartTime=AT - HOUR, EndTime=AT)
    assert max(values(answer)) == 4.0


def test_a_lagging_metric_is_seen_when_it_is_published(bare: Cloud) -> None:
    store(bare).put(SHOP, minutes(5), np.arange(5.0), lag=65)
    client = bare.client("cloudwatch")
    span = {"StartTime": AT - HOUR, "EndTime": AT + HOUR}
    assert max(values(client.get_metric_data(MetricDataQueries=[query()], **span))) == 3.0
    bare.advance(4)
    assert max(values(client.get_metric_data(MetricDataQueries=[query()], **span))) == 3.0
    bare.advance(1)
    assert max(values(client.get_metric_data(MetricDataQueries=[query()], **span))) == 4.0


@pytest.mark.parametrize(
    ("period", "days"),
    [(60, 15), (300, 63), (3600, 455)],
)
def test_datapoints_are_kept_as_long_as_their_period_allows(bare: Cloud, period: int, days: int) -> None:
    kept = int((AT - timedelta(days=days)).timestamp())
    store(bare).put(SHOP, np.array([kept - period, kept, kept + period]), np.array([1.0, 2.0, 3.0]))
    answer = bare.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query(period=period)], StartTime=AT - timedelta(days=days + 2), EndTime=AT
    )
    assert values(answer)[-1] == 2.0
    assert 1.0 not in values(answer)


def test_a_page_holds_at_most_the_datapoints_asked_for_and_the_rest_follows(bare: Cloud) -> None:
    other = MetricId("Shop", "Visitors")
    store(bare).put(SHOP, minutes(10), np.arange(10.0))
    store(bare).put(other, minutes(10), np.arange(100.0, 110.0))
    client = bare.client("cloudwatch")
    asked = {
        "MetricDataQueries": [query(), query(other, name="m2"), query(MetricId("Shop", "Nothing"), name="m3")],
        "StartTime": AT - HOUR,
        "EndTime": AT,
        "MaxDatapoints": 7,
    }
    pages = [client.get_metric_data(**asked)]
    while "NextToken" in pages[-1]:
        pages.append(client.get_metric_data(**asked, NextToken=pages[-1]["NextToken"]))
    sizes = [sum(len(r["Values"]) for r in page["MetricDataResults"]) for page in pages]
    assert sizes == [7, 7, 6]
    assert pages[0]["MetricDataResults"][0]["StatusCode"] == "PartialData"
    assert [v for page in pages for v in values(page, "m1")] == list(reversed(range(10)))
    assert [v for page in pages for v in values(page, "m2")] == list(reversed(range(100, 110)))
    assert [r["StatusCode"] for r in pages[-1]["MetricDataResults"]] == ["Complete"]
    assert refused(client.get_metric_data, **asked, NextToken="x")[0] == "InvalidNextToken"


def test_a_whole_page_of_100_800_datapoints(bare: Cloud) -> None:
    metrics = [MetricId("Shop", f"m{n}") for n in range(71)]
    for metric in metrics:
        store(bare).put(metric, minutes(1440), np.arange(1440.0))
    client = bare.client("cloudwatch")
    asked = [query(metric, name=f"m{n}") for n, metric in enumerate(metrics)]
    span = {"StartTime": AT - timedelta(days=1), "EndTime": AT}
    answer = client.get_metric_data(MetricDataQueries=asked, **span)
    assert sum(len(result["Values"]) for result in answer["MetricDataResults"]) == 100_800
    rest = client.get_metric_data(MetricDataQueries=asked, NextToken=answer["NextToken"], **span)
    assert [len(result["Values"]) for result in rest["MetricDataResults"]] == [1440]
    assert "NextToken" not in rest


def test_default_labels_say_what_differs(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    span = {"StartTime": AT - HOUR, "EndTime": AT}

    def labels(*queries: Any) -> list[str]:
        return [
            r["Label"] for r in client.get_metric_data(MetricDataQueries=list(queries), **span)["MetricDataResults"]
        ]

    a, b = (MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", i),)) for i in ("i-1", "i-2"))
    assert labels(query(a)) == ["CPUUtilization"]
    assert labels(query(a), query(b, name="m2")) == ["i-1", "i-2"]
    assert labels(query(a), query(a, name="m2", stat="p90")) == ["CPUUtilization Average", "CPUUtilization p90"]


def test_labels_are_filled_from_the_series(bare: Cloud) -> None:
    store(bare).put(SHOP, minutes(4), np.array([1.0, 2.0, 3.0, 4.5]))
    label = "${LABEL} ${PROP('Dim.Page')} in ${PROP('Region')}: ${MIN}..${MAX}, last ${LAST}, avg ${AVG} ${ODD}"
    answer = bare.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query(Label=label)], StartTime=AT - HOUR, EndTime=AT
    )
    expected = "Latency cart in us-east-1: 1..4.5, last 4.5, avg 2.625 ${ODD}"
    assert answer["MetricDataResults"][0]["Label"] == expected


def test_another_account_s_metric_is_forbidden_and_the_rest_arrives(bare: Cloud) -> None:
    store(bare).put(SHOP, minutes(1), np.ones(1))
    foreign = query(name="far", AccountId="999999999999")
    answer = bare.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query(), foreign], StartTime=AT - HOUR, EndTime=AT
    )
    status = {r["Id"]: r["StatusCode"] for r in answer["MetricDataResults"]}
    assert status == {"m1": "Complete", "far": "Forbidden"}
    assert values(answer) == [1.0]


def test_accounts_and_regions_are_apart(bare: Cloud) -> None:
    other = bare.assumed("222222222222")
    bare.client("cloudwatch", region="eu-west-1", keys=other).put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Here", "Value": 1.0}]
    )
    bare.advance(LISTED_AFTER)
    assert bare.client("cloudwatch", region="eu-west-1", keys=other).list_metrics()["Metrics"]
    assert bare.client("cloudwatch", region="eu-west-1").list_metrics()["Metrics"] == []
    assert bare.client("cloudwatch", keys=other).list_metrics()["Metrics"] == []


def test_statistic_sets_have_no_percentiles(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    sets = {"SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 4.0}
    client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "S", "StatisticValues": sets}])
    metric = MetricId("Shop", "S")
    asked = [query(metric, stat=s, name=f"m{n}") for n, s in enumerate(("Average", "Minimum", "p50"))]
    answer = client.get_metric_data(MetricDataQueries=asked, StartTime=AT - HOUR, EndTime=AT + HOUR)
    assert [r["Values"] for r in answer["MetricDataResults"]] == [[2.5], [1.0], []]


def test_a_new_metric_is_read_at_once_and_listed_after_a_quarter_of_an_hour(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "New", "Value": 7.0}])
    asked = [query(MetricId("Shop", "New"), stat="Maximum")]
    answer = client.get_metric_data(MetricDataQueries=asked, StartTime=AT - HOUR, EndTime=AT + HOUR)
    assert [r["Values"] for r in answer["MetricDataResults"]] == [[7.0]]
    for seconds, listed in ((0, 0), (LISTED_AFTER - 1, 0), (1, 1)):
        bare.advance(seconds)
        client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "New", "Value": 7.0}])
        assert len(client.list_metrics()["Metrics"]) == listed


def test_a_metric_is_billed_by_the_hours_in_which_it_reports(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    data = [{"MetricName": "Billed", "Value": 7.0}, {"MetricName": "Billed", "Value": 8.0}]
    for seconds in (0, 60, 3600, 3600):
        bare.advance(seconds)
        client.put_metric_data(Namespace="Shop", MetricData=[*data, {"MetricName": "Other", "Value": 1.0}])
    assert bare.ground is not None
    hours = np.arange(int(AT.timestamp()) // 3600, int(AT.timestamp()) // 3600 + 4)
    used = bare.ground.bills.taps.read(hours)
    metrics = next(values for (_, key), values in used.items() if key[1] == "CW:MetricMonitorUsage")
    assert (metrics * 30 * 24).round(9).tolist() == [2.0, 2.0, 2.0, 0.0]


def test_sets_whose_values_are_all_the_same_have_percentiles(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    sets = {"SampleCount": 4.0, "Sum": 12.0, "Minimum": 3.0, "Maximum": 3.0}
    client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "S", "StatisticValues": sets}])
    asked = [query(MetricId("Shop", "S"), stat="p99")]
    answer = client.get_metric_data(MetricDataQueries=asked, StartTime=AT - HOUR, EndTime=AT + HOUR)
    assert [r["Values"] for r in answer["MetricDataResults"]] == [[3.0]]


def test_metrics_of_an_entity_are_metrics_like_the_others(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    entity = {"KeyAttributes": {"Type": "Service", "Name": "shop", "Environment": "prod"}}
    data = [{"MetricName": "E", "Value": 5.0}]
    client.put_metric_data(
        Namespace="Shop", EntityMetricData=[{"Entity": entity, "MetricData": data}], StrictEntityValidation=True
    )
    asked = [query(MetricId("Shop", "E"), stat="Sum")]
    answer = client.get_metric_data(MetricDataQueries=asked, StartTime=AT - HOUR, EndTime=AT + HOUR)
    assert [r["Values"] for r in answer["MetricDataResults"]] == [[5.0]]


def test_high_resolution_metrics_keep_their_seconds(bare: Cloud) -> None:
    client = bare.client("cloudwatch")
    at = AT - timedelta(seconds=50)
    for seconds in (0, 5, 20):
        datum = {"MetricName": "H", "Value": 1.0, "Timestamp": at + timedelta(seconds=seconds), "StorageResolution": 1}
        client.put_metric_data(Namespace="Shop", MetricData=[datum])
    answer = client.get_metric_data(
        MetricDataQueries=[query(MetricId("Shop", "H"), stat="SampleCount", period=10)],
        StartTime=AT - timedelta(minutes=1),
        EndTime=AT,
        ScanBy="TimestampAscending",
    )
    result = answer["MetricDataResults"][0]
    assert dict(zip(result["Timestamps"], result["Values"], strict=True)) == {at: 2.0, at + timedelta(seconds=20): 1.0}


def test_list_metrics_filters_and_pages(bare: Cloud) -> None:
    now, client = int(AT.timestamp()), bare.client("cloudwatch")
    for n in range(1201):
        store(bare).put(MetricId("Many", "N", (("Id", str(n)), ("Kind", "odd" if n % 2 else "even"))), *point(now))
    store(bare).put(MetricId("Old", "Quiet"), *point(now - 4 * 3600))
    store(bare).put(MetricId("Old", "Gone"), *point(now - 15 * 86_400))
    pages = [len(page["Metrics"]) for page in client.get_paginator("list_metrics").paginate(Namespace="Many")]
    assert pages == [500, 500, 201]

    def found(**wanted: Any) -> int:
        pages = client.get_paginator("list_metrics").paginate(**wanted)
        return sum(len(page["Metrics"]) for page in pages)

    assert found() == 1202, "a metric silent for two weeks is no longer listed"
    assert found(Namespace="Old", RecentlyActive="PT3H") == 0
    assert found(Dimensions=[{"Name": "Kind"}]) == 1201
    assert found(Dimensions=[{"Name": "Kind", "Value": "odd"}]) == 600
    assert found(Dimensions=[{"Name": "Kind", "Value": "odd"}, {"Name": "Id", "Value": "7"}]) == 1
    assert found(MetricName="Quiet") == 1


def point(at: int) -> tuple[Any, Any]:
    return np.array([at]), np.array([1.0])


def test_eight_clients_at_once_lose_nothing(bare: Cloud) -> None:
    def work(number: int) -> int:
        client = bare.client("cloudwatch")
        for n in range(25):
            client.put_metric_data(Namespace="Busy", MetricData=[{"MetricName": "N", "Value": float(n)}] * 4)
            client.get_metric_data(
                MetricDataQueries=[query(MetricId("Busy", "N"))], StartTime=AT - HOUR, EndTime=AT + HOUR
            )
        return number

    clients = [work] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda pair: pair[1](pair[0]), enumerate(clients))) == list(range(8))
    assert store(bare).rows(MetricId("Busy", "N")) == 800


def fleet(cloud: Cloud) -> list[MetricId]:
    """Three instances of two types, CPU and network; every minute of the last ten, the first with a gap."""
    found = []
    for n, kind in enumerate(("t2.micro", "t2.micro", "t3.small")):
        for name in ("CPUUtilization", "NetworkIn"):
            metric = MetricId("AWS/EC2", name, (("InstanceId", f"i-{n}"),))
            kept = minutes(10)[[0, 1, 2, 5, 6, 7, 8, 9]] if n == 0 else minutes(10)
            store(cloud).put(metric, kept, np.full(kept.size, n + 1.0))
            found.append(metric)
        store(cloud).put(MetricId("AWS/EC2", "CPUUtilization", (("InstanceType", kind),)), minutes(10), np.ones(10))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + m2 * 10", [21.0] * 8),
        ("SUM([m1, m2])", [3.0] * 8 + [2.0] * 2),
        ("AVG(METRICS())", [1.5] * 8 + [2.0] * 2),
        ("FILL(m1, 0)", [1.0] * 8 + [0.0] * 2),
        ("IF(m1 > 5, 1, 0)", [0.0] * 8),
    ],
)
def test_expressions_are_computed_from_the_other_queries(bare: Cloud, expression: str, expected: list[float]) -> None:
    one, two = fleet(bare)[0], fleet(bare)[2]
    queries = [
        query(one, name="m1", ReturnData=False),
        query(two, name="m2", ReturnData=False),
        {"Id": "e1", "Expression": expression, "Label": "sum of ${LABEL}"},
    ]
    answer = bare.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=AT - timedelta(minutes=10), EndTime=AT
    )
    assert [result["Id"] for result in answer["MetricDataResults"]] == ["e1"]
    assert sorted(values(answer, "e1"), reverse=True) == sorted(expected, reverse=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', ["i-0", "i-1", "i-2"]),
        ("{AWS/EC2,InstanceId} cpu", ["i-0", "i-1", "i-2"]),
        ("{AWS/EC2,InstanceId} cpu utilization NOT i-1", ["i-0", "i-2"]),
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization" InstanceId=("i-0" OR "i-2")', ["i-0", "i-2"]),
        ("{AWS/EC2,InstanceType} InstanceType=micro CPU", ["t2.micro"]),
        ('{AWS/EC2,InstanceType} InstanceType="micro"', []),
        ("{AWS/RDS,InstanceId} cpu", []),
    ],
)
def test_a_search_finds_metrics_by_schema_and_terms(bare: Cloud, text: str, found: list[str]) -> None:
    fleet(bare)
    queries = [{"Id": "s1", "Expression": f"SEARCH('{text}', 'Average', 300)"}]
    answer = bare.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=AT - timedelta(minutes=10), EndTime=AT
    )
    if len(found) == 1:
        assert [result["Label"] for result in answer["MetricDataResults"]] == ["CPUUtilization"]
    else:
        assert [result["Label"] for result in answer["MetricDataResults"]] == found
    assert all(len(result["Values"]) == 2 for result in answer["MetricDataResults"])


@pytest.mark.parametrize("expression", ["m1 +", "garbage(((", "m9 * 2", "SEARCH('', 'Average', 60)", "NOPE(m1)"])
def test_an_expression_that_cannot_be_computed_is_refused(bare: Cloud, expression: str) -> None:
    queries = [query(), {"Id": "e1", "Expression": expression}]
    client = bare.client("cloudwatch")
    code, message = refused(client.get_metric_data, MetricDataQueries=queries, StartTime=AT - HOUR, EndTime=AT)
    assert code == "ValidationError"
    assert message.startswith("Error in expression 'e1'")
