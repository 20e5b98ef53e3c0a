"""Arrays cut out of a body equal what plain boto3 parses, whatever the body's shape; odd shapes fall back to boto3."""

from __future__ import annotations

import json
from typing import Any

import boto3
import botocore.session
import numpy as np
import pytest
from botocore.config import Config
from botocore.parsers import create_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.clients import Clients
from collectors import arrays, decoding
from collectors.decoding import decode_data, decode_statistics
from tests.unit.collectors.endpoint import Endpoint

T0 = 1_763_892_000


def result(name: str, times: str, values: str, **more: str) -> str:
    extra = "".join(f',"{key}":{value}' for key, value in more.items())
    return f'{{"Id":"{name}","Label":"CPU","Timestamps":[{times}],"Values":[{values}],"StatusCode":"Complete"{extra}}}'


def body(*results: str, top: str = "") -> bytes:
    return f'{{"MetricDataResults":[{",".join(results)}]{top}}}'.encode()


DATA_SHAPES = {
    "plain": body(result("q0", "1.763892E9,1.76389206E9", "1.5,2.5"), result("q1", "1.763892E9,1.76389206E9", "3,4")),
    "integers": body(result("q0", f"{T0},{T0 + 60}", "1,-2")),
    "exponents": body(result("q0", "1.763892E9,17.6389206e8", "1e-7,-2.5E+10")),
    "odd spacing": body(
        result("q0", f"{T0},{T0 + 60}", "1,2")
        .replace('"Timestamps":[', '"Timestamps" :\n [ ')
        .replace('"Values":[', '"Values"\t:  [ ')
        .replace(",", " , ")
    ),
    "empty": body(result("q0", "", ""), result("q1", f"{T0}", "7")),
    "no results": body(),
    "messages": body(
        result("q0", f"{T0}", "1", Messages='[{"Code":"ArithmeticError","Value":"divided by \\"Values\\":[0]"}]'),
        top=',"Messages":[{"Code":"MaxMetricsExceeded","Value":"too many"}]',
    ),
    "a metric in two parts": body(result("q0", f"{T0}", "1"), result("q0", f"{T0 + 60}", "2")),
    "values before times": (
        b'{"MetricDataResults":[{"Values":[1],"Timestamps":[1763892000],"Id":"q0","StatusCode":"Complete"}]}'
    ),
    "descending": body(result("q0", f"{T0 + 60},{T0}", "2,1")),
    "next token": body(result("q0", f"{T0}", "1", ), top=',"NextToken":"abc\\"Timestamps\\":["'),
}  # fmt: skip

ODD_SHAPES = {
    "times as text": body(result("q0", '"2026-11-23T10:00:00Z"', "1")),
    "not a number": body(result("q0", f"{T0}", '"NaN"')),
    "infinite": body(result("q0", f"{T0},{T0 + 60}", '"Infinity","-Infinity"')),
    "no values": b'{"MetricDataResults":[{"Id":"q0","Timestamps":[1763892000],"StatusCode":"Forbidden"}]}',
    "no arrays": b'{"MetricDataResults":[{"Id":"q0","StatusCode":"InternalError"}]}',
    "a label like a key": body(result("q0", f"{T0}", "1").replace('"CPU"', '"Timestamps"')),
    "an id as label": body(result("q0", f"{T0}", "1").replace('"CPU"', '"Id"')),
    "null arrays": b'{"MetricDataResults":[{"Id":"q0","Timestamps":null,"Values":null,"StatusCode":"Complete"}]}',
}


def plain(endpoint: Endpoint, method: str) -> dict[str, Any]:
    """What plain boto3 makes of the endpoint's answer."""
    client = boto3.client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{endpoint.port}",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(parameter_validation=False),
    )
    answer: dict[str, Any] = getattr(client, method)()
    client.close()
    return answer


def ours(clients: Clients, operation: str) -> tuple[dict[str, Any], Any]:
    client = clients.reader(clients.scopes()[0])
    return arrays.call(client, operation, {}, transport=clients.transport)


@pytest.mark.parametrize("shape", DATA_SHAPES.values(), ids=DATA_SHAPES.keys())
def test_times_and_values_equal_plain_boto3(shape: bytes, endpoint: Endpoint, rich: Clients) -> None:
    endpoint.answers["GetMetricData"] = lambda _: shape
    expected = plain(endpoint, "get_metric_data")
    answer, taken = ours(rich, "GetMetricData")
    assert taken is not None
    for mine, (times, columns), theirs in zip(
        answer["MetricDataResults"], taken.columns, expected["MetricDataResults"], strict=True
    ):
        assert times.tolist() == [int(instant.timestamp()) for instant in theirs["Timestamps"]]
        assert columns[""].tolist() == theirs["Values"]
        assert {**mine, "Timestamps": 0, "Values": 0} == {**theirs, "Timestamps": 0, "Values": 0}
    assert answer.get("Messages") == expected.get("Messages")
    assert answer.get("NextToken") == expected.get("NextToken")


@pytest.mark.parametrize("shape", ODD_SHAPES.values(), ids=ODD_SHAPES.keys())
def test_another_shape_is_left_to_botocore(shape: bytes, endpoint: Endpoint, rich: Clients) -> None:
    endpoint.answers["GetMetricData"] = lambda _: shape
    expected = plain(endpoint, "get_metric_data")
    answer, taken = ours(rich, "GetMetricData")
    assert taken is None
    assert repr(answer["MetricDataResults"]) == repr(expected["MetricDataResults"])


def points(*datapoints: dict[str, Any], unit: str | None = "Percent") -> dict[str, Any]:
    return {"Label": "CPU", "Datapoints": [{**each, **({"Unit": unit} if unit else {})} for each in datapoints]}


STATISTICS_SHAPES = {
    "unordered": points({"Timestamp": T0 + 60, "Average": 2.5}, {"Timestamp": T0, "Average": 1}),
    "several": points({"Timestamp": float(T0), "Average": 2.5, "Sum": 5, "SampleCount": 2.0}),
    "percentiles": points({"Timestamp": T0, "ExtendedStatistics": {"p99": 7.5, "p50": 1e-9}}),
    "keys in another order": {
        "Datapoints": [
            {"Average": 1, "Timestamp": T0, "Unit": "Count"},
            {"Timestamp": T0 + 60, "Average": 2, "Unit": "Count"},
        ]
    },
    "unit first": {"Datapoints": [{"Unit": "Bytes/Second", "Timestamp": T0, "Sum": 1e-9}]},
    "tiny and large": points({"Timestamp": T0, "Sum": 5e-324}, {"Timestamp": T0 + 60, "Sum": -1.7e308}),
    "the same time twice": points({"Timestamp": T0, "Sum": 1}, {"Timestamp": T0, "Sum": 2}),
    "empty": points(),
    "no unit": points({"Timestamp": T0, "Average": 2}, unit=None),
}


@pytest.mark.parametrize("shape", STATISTICS_SHAPES.values(), ids=STATISTICS_SHAPES.keys())
def test_the_free_call_is_read_the_same(shape: dict[str, Any], endpoint: Endpoint, rich: Clients) -> None:
    endpoint.answers["GetMetricStatistics"] = lambda _: shape
    expected = sorted(plain(endpoint, "get_metric_statistics")["Datapoints"], key=lambda point: point["Timestamp"])
    _, taken = ours(rich, "GetMetricStatistics")
    assert taken is not None
    times, columns = taken.columns[0]
    assert times.tolist() == [int(point["Timestamp"].timestamp()) for point in expected]
    for name, column in columns.items():
        assert column.tolist() == [{**point, **point.get("ExtendedStatistics", {})}[name] for point in expected]
    assert [unit for unit in taken.units if unit] == list(dict.fromkeys(p["Unit"] for p in expected if "Unit" in p))


@pytest.mark.parametrize(
    "odd",
    [
        b"no JSON",
        b"[]",
        b'{"Label":"x"}',
        b'{"Datapoints":[{"Average":1}]}',
        b'{"Datapoints":[1]}',
        b'{"Datapoints":[{"Timestamp":"2026-11-23T10:00:00Z","Average":1}]}',
        b'{"Datapoints":[{"Timestamp":1763892000.5,"Average":1}]}',
        b'{"Datapoints":[{"Timestamp":1763892000,"Average":1},{"Timestamp":1763892060,"Sum":1}]}',
    ],
)
def test_an_odd_free_answer_is_left_to_botocore(odd: bytes) -> None:
    assert decode_statistics(odd) is None


def plain_datapoints(body: bytes) -> list[dict[str, Any]]:
    """What botocore's own parser makes of a body."""
    model = botocore.session.Session().get_service_model("cloudwatch").operation_model("GetMetricStatistics")
    assert model.output_shape is not None
    answer = create_parser("json").parse({"status_code": 200, "headers": {}, "body": body}, model.output_shape)
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.lists(st.sampled_from(["Average", "Sum", "Minimum", "Maximum", "SampleCount"]), min_size=1, unique=True)


@st.composite
def datapoints(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Datapoints as AWS may write them: mostly of one layout, now and then with keys in another order."""
    names = draw(NAMES)
    rows = draw(st.lists(st.tuples(st.integers(0, 4_000_000_000), st.tuples(*[FLOATS | st.integers()] * len(names)))))
    unit = draw(st.sampled_from(["Percent", "Bytes/Second", "None"]))
    written = [{"Timestamp": time, **dict(zip(names, row, strict=True)), "Unit": unit} for time, row in rows]
    return [dict(draw(st.permutations(list(each.items())))) if draw(st.booleans()) else each for each in written]


@given(datapoints(), st.text(), st.sampled_from([(",", ":"), (", ", ": ")]))
@settings(deadline=None)
def test_any_datapoints_of_the_free_call_equal_plain_boto3(
    rows: list[dict[str, Any]], label: str, separators: tuple[str, str]
) -> None:
    body = json.dumps({"Label": label, "Datapoints": rows}, separators=separators).encode()
    taken = decode_statistics(body)
    if taken is None:  # an integer that orjson does not take
        assert any(abs(value) >= 2**63 for row in rows for value in row.values() if isinstance(value, int))
        return
    expected = plain_datapoints(body)
    times, columns = taken.columns[0]
    assert times.tolist() == [int(point["Timestamp"].timestamp()) for point in expected]
    for name, column in columns.items():
        assert column.tolist() == [float(point[name]) for point in expected]
    assert json.loads(taken.rest) == {"Label": label, "Datapoints": []}


UNIFORM = json.dumps(
    points(*({"Timestamp": T0 + 60 * n, "Average": n / 7, "Sum": n * 1e9} for n in range(3))), separators=(",", ":")
)


def test_a_time_beyond_all_times_is_left_to_botocore() -> None:
    assert decoding.decode_statistics(UNIFORM.replace(str(T0 + 120), "17630e123").encode()) is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(UNIFORM)),
            st.integers(0, 3),
            st.sampled_from([*'0123456789.+-eE,:{}[]"/ SumUnitx', '"Sum":', '"Unit":"Percent"', "}", "},{", "null"]),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=1000, deadline=None)
def test_a_body_spoilt_anywhere_is_never_read_as_other_numbers(edits: list[tuple[int, int, str]]) -> None:
    text = UNIFORM
    for place, gone, new in edits:
        text = text[:place] + new + text[place + gone :]
    quick, slow = (attempt(decoder, text.encode()) for decoder in (decoding._uniform, decoding._general))
    assert quick is None or quick == slow


def attempt(decoder: Any, body: bytes) -> Any:
    """Everything that a decoder took out of a body, comparable; None where it does not take it."""
    try:
        taken = decoder(body)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    if taken is None:
        return None
    times, columns = taken.columns[0]
    return (
        times.tolist(),
        {name: column.tolist() for name, column in columns.items()},
        json.loads(taken.rest),
        taken.units,
    )


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 4_000_000_000), st.floats(allow_nan=False, allow_infinity=False))),
        max_size=5,
    ),
    st.text(),
)
def test_any_numbers_and_any_label_come_back_equal(series: list[list[tuple[int, float]]], label: str) -> None:
    document = {
        "MetricDataResults": [
            {"Id": f"q{n}", "Label": label, "Timestamps": [t for t, _ in points], "Values": [v for _, v in points]}
            for n, points in enumerate(series)
        ]
    }
    taken = decode_data(json.dumps(document).encode())
    if taken is None:  # a label that equals a key
        assert label in {"Id", "Timestamps", "Values"}
        return
    assert [(t.tolist(), c[""].tolist()) for t, c in taken.columns] == [
        ([t for t, _ in points], [v for _, v in points]) for points in series
    ]
    rest = json.loads(taken.rest)
    assert [each["Label"] for each in rest["MetricDataResults"]] == [label] * len(series)


@given(st.binary(max_size=200))
def test_no_bytes_make_a_decoder_raise(junk: bytes) -> None:
    for around in (b"%b", b'{"Timestamps":[%b]', b'"Id" "Timestamps":[1],"Values":[%b]'):
        decode_data(around % junk)
        decode_statistics(around % junk)


def test_the_same_client_answers_others_as_ever(endpoint: Endpoint, rich: Clients) -> None:
    endpoint.answers["GetMetricData"] = lambda _: DATA_SHAPES["plain"]
    ours(rich, "GetMetricData")
    answer = rich.reader(rich.scopes()[0]).get_metric_data()  # type: ignore[call-arg]
    assert answer["MetricDataResults"][0]["Values"] == [1.5, 2.5]


def test_doubled_threads_send_each_call_once(endpoint: Endpoint, rich: Clients) -> None:
    from concurrent.futures import ThreadPoolExecutor

    endpoint.answers["GetMetricData"] = lambda _: DATA_SHAPES["plain"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ours(rich, "GetMetricData"), range(24)))
    assert len(endpoint.requests("GetMetricData")) == 24


def test_times_are_int64_and_values_float64() -> None:
    taken = decode_data(DATA_SHAPES["integers"])
    assert taken is not None
    times, columns = taken.columns[0]
    assert (times.dtype, columns[""].dtype) == (np.dtype(np.int64), np.dtype(np.float64))
