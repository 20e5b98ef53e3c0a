"""What access logs say as a whole."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.access_logs.entries import Entry, parse
from collectors.access_logs.latencies import Latencies, class_of
from collectors.access_logs.paths import folded
from collectors.access_logs.summary import MOST_PATHS, MOST_REQUESTS, OTHERS, Counting, Summary
from tests.unit.collectors.access_logs.alb import line


def told(*lines: str) -> Summary:
    return Counting().add_all(parse(each) for each in lines).summary()


def request(
    path: str, *, seconds: str = "0.020", status: str = "200", time: str = "2026-11-27T06:00:01.250000Z"
) -> str:
    url = f"GET https://shop.example:443{path} HTTP/1.1"
    return line(request=url, target_processing_time=seconds, elb_status_code=status, time=time)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/orders/17/lines/4", "/orders/{id}/lines/{id}"),
        ("/users/6f9619ff-8b86-d011-b42d-00c04fc964ff", "/users/{id}"),
        ("/employees/E-1042", "/employees/{id}"),
        ("/static/app.3f2a9c1b.js", "/static/app.{id}.js"),
        ("/photos/ann@example.com", "/photos/{id}"),
        ("/photos/2996.jpg", "/photos/{id}.jpg"),
        ("/robots.txt", "/robots.txt"),
        ("/v1/health", "/v1/health"),
        ("/api/v2/search", "/api/v2/search"),
        ("/login;jsessionid=AB12", "/login"),
        ("/students-aggregated-by-school", "/students-aggregated-by-school"),
        ("/t/Zm9vYmFyYmF6cXV4MTIzNDU2", "/t/{id}"),
        ("/", "/"),
        ("/" + "/".join("abcdefghijklmnop"), "/a/b/c/d/e/f/g/h/i/j/k/l/…"),
    ],
)
def test_ids_in_paths_are_folded(path: str, wanted: str) -> None:
    assert folded(path) == wanted


def test_by_path_and_status() -> None:
    found = told(request("/orders/1"), request("/orders/2?x=1", status="404"), request("/cart", status="502"))
    assert {name: (each.requests, each.classes["4xx"], each.errors) for name, each in found.paths.items()} == {
        ("GET", "/orders/{id}"): (2, 1, 0),
        ("GET", "/cart"): (1, 0, 1),
    }


def test_by_target() -> None:
    lost = line(target_port="-", target_status_code="-", elb_status_code="503", target_processing_time="-1")
    function = line(target_port="-", target_status_code="200")
    found = told(line(), lost, function, line(target_port="10.0.1.10:8080", target_status_code="500"))
    assert {name: each.requests for name, each in found.targets.items()} == {
        "10.0.1.9:8080": 1,
        "no target": 1,
        "Lambda": 1,
        "10.0.1.10:8080": 1,
    }
    assert (found.whole.target_errors, found.whole.errors) == (1, 1)


def test_a_time_that_was_not_measured_is_no_zero() -> None:
    found = told(line(request_processing_time="-1", target_processing_time="-1", response_processing_time="-1"))
    assert found.whole.total.percentile(50) is None
    assert found.whole.requests == 1


def test_the_slowest_and_the_failing() -> None:
    lines = [request(f"/a/{at}", seconds=f"0.{at:03}") for at in range(1, 200)]
    found = told(*lines, request("/broken", status="504", time="2026-11-27T06:00:02.000000Z"))
    assert [each.target_seconds for each in found.slowest[:2]] == [0.199, 0.198]
    assert len(found.slowest) == MOST_REQUESTS
    assert [each.status for each in found.failing] == [504]


def test_a_web_socket_is_not_slow() -> None:
    assert told(line(type="wss", elb_status_code="101", target_processing_time="900")).slowest == ()


def test_why_it_failed() -> None:
    found = told(
        line(elb_status_code="502", target_status_code="-", error_reason="LambdaInvalidResponse"),
        line(elb_status_code="503", target_status_code="503"),
        line(elb_status_code="504", target_status_code="-"),
    )
    assert found.reasons == {
        "LambdaInvalidResponse": 1,
        "the target answered 503": 1,
        "the load balancer answered 504": 1,
    }


def test_parts_of_time() -> None:
    found = told(line(), line(time="2026-11-27T06:00:59.999999Z"), line(time="2026-11-27T06:01:00.000000Z"))
    assert [each.requests for each in found.times.values()] == [2, 1]
    assert found.width == 60_000


def test_paths_without_end_become_one_row() -> None:
    counting = Counting()
    for at in range(MOST_PATHS + 50):
        counting.add(parse(request("/" + "".join(chr(97 + int(digit)) for digit in str(at)))))
    found = counting.summary()
    assert len(found.paths) == MOST_PATHS + 1
    assert found.paths["", OTHERS].requests == 50
    assert sum(each.requests for each in found.paths.values()) == found.whole.requests


@given(times=st.lists(st.floats(0, 900), min_size=1, max_size=200), share=st.sampled_from([50, 90, 99]))
def test_percentiles_are_true_to_one_in_a_hundred(times: list[float], share: int) -> None:
    measured = Latencies()
    for seconds in times:
        measured.add(seconds, class_of(seconds))
    exact = sorted(times)[max(1, -(-len(times) * share // 100)) - 1]
    assert measured.percentile(share) == pytest.approx(exact, rel=0.011, abs=0.0006)


@given(seed=st.integers(0, 50))
def test_the_order_makes_no_difference(seed: int) -> None:
    entries: list[Entry] = [parse(request(f"/p{at % 3}", seconds=f"0.{at:02}")) for at in range(30)]
    shuffled = random.Random(seed).sample(entries, len(entries))
    one, other = Counting().add_all(entries).summary(), Counting().add_all(shuffled).summary()
    assert {n: t.total.summary() for n, t in one.paths.items()} == {
        n: t.total.summary() for n, t in other.paths.items()
    }
