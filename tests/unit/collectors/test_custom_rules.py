"""AWS's rules for what is put: one step before, at and after each limit; and what looks like one of many."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.pricing import FREE_CUSTOM_METRICS, custom_metrics_cost
from collectors import custom_rules as rules
from collectors.cardinality import masked, suspicions
from collectors.custom_prices import price
from collectors.custom_rules import Definition, MetricRefusedError, define

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def test_the_limits_are_those_of_botocores_model() -> None:
    model: Any = botocore.session.get_session().get_service_model("cloudwatch")
    found = rules.limits()
    assert (found.namespace, found.name, found.dimensions) == (255, 255, 30)
    assert (found.dimension_name, found.dimension_value) == (255, 1024)
    assert found.units == set(model.shape_for("StandardUnit").enum)
    words = model.operation_model("PutMetricData").documentation
    for stated in (
        "-2^360 to 2^360",
        "two weeks before",
        "2 hours after",
        "no more than 1000",
        "up to 150 values",
        "1 MB",
    ):
        assert stated in words


@pytest.mark.parametrize(
    ("namespace", "name", "options", "words"),
    [
        ("AWS/EC2", "N", {}, "reserved for AWS's own services; begin it otherwise"),
        (":N", "N", {}, "begins with a colon"),
        ("", "N", {}, "the namespace '' is empty"),
        ("N" * 256, "N", {}, "has 256 characters and AWS takes 255; shorten it"),
        ("N", "n" * 256, {}, "has 256 characters and AWS takes 255"),
        ("N", "  ", {}, "at least one character that is not a space"),
        ("N", "Größe", {}, "holds 'ö'; AWS takes ASCII"),
        ("N", "a\nb", {}, r"holds '\n'; AWS takes ASCII without control characters"),
        ("N", "N", {"unit": "Parsecs"}, "'Parsecs' is no unit of CloudWatch; give one of Bits, "),
        ("N", "N", {"resolution": 30}, "resolution 30 is not accepted; give 60, or 1"),
        ("N", "N", {"dimensions": {str(n): "x" for n in range(31)}}, "has 31 dimensions and AWS takes 30"),
        ("N", "N", {"dimensions": {":a": "x"}}, "begins with a colon"),
        ("N", "N", {"dimensions": {"a": "x" * 1025}}, "has 1025 characters and AWS takes 1024"),
        ("N", "N", {"dimensions": {"a": " "}}, "value of dimension 'a' is empty"),
        ("N", "N", {"dimensions": {"a": 5}}, "value of dimension 'a' is a int; give text, such as str(value)"),
    ],
)
def test_what_aws_refuses_is_refused_with_the_way_out(
    namespace: str, name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(MetricRefusedError) as refused:
        define(namespace, name, **options)
    assert words in str(refused.value)


def test_what_aws_just_takes_is_taken() -> None:
    made = define("n" * 255, "n" * 255, dimensions={f"{n:0255}": "x" * 1024 for n in range(30)}, unit="Bytes/Second")
    assert len(made.dimensions) == 30
    assert define("N", "N", resolution=1).resolution == 1


def test_the_order_of_dimensions_means_nothing_and_all_else_does() -> None:
    one = define("N", "N", dimensions={"a": "1", "b": "2"})
    assert one.id == define("N", "N", dimensions={"b": "2", "a": "1"}).id
    others = [
        Definition("N", "N"),
        Definition("M", "N", one.dimensions),
        Definition("N", "N", one.dimensions, unit="Count"),
        Definition("N", "N", one.dimensions, resolution=1),
        Definition("N", "N", one.dimensions, percentiles=False),
    ]
    assert len({one.id, *(each.id for each in others)}) == 6
    assert len({each.billed_as for each in (one, *others[2:])}) == 1, "a unit or resolution makes no second metric"


@pytest.mark.parametrize("value", [0, -1.5, 2.0**360, -(2.0**360), 5e-324, Decimal("1.5"), True.__int__()])
def test_numbers_that_aws_takes(value: Any) -> None:
    assert rules.number("N", value) == float(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (math.nan, "nan of 'N' is not accepted: AWS takes no NaN and no infinity"),
        (math.inf, "inf of 'N'"),
        (math.nextafter(2.0**360, math.inf), "beyond AWS's ±2^360; put it in a larger unit"),
        (-(2.0**361), "beyond AWS's"),
        (10**400, "is no number that fits"),
        ("1.5", "'1.5' of 'N' is a str; give a number"),
        (True, "is a bool"),
        (None, "is a NoneType"),
    ],
)
def test_numbers_that_aws_refuses(value: Any, words: str) -> None:
    with pytest.raises(MetricRefusedError, match=words.replace("^", r"\^").replace("±", "±")):
        rules.number("N", value)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(days=14), None),
        (timedelta(days=14, milliseconds=1), "more than two weeks ago"),
        (-timedelta(hours=2), None),
        (-timedelta(hours=2, milliseconds=1), "more than two hours ahead"),
    ],
)
def test_two_weeks_back_to_two_hours_ahead(age: timedelta, words: str | None) -> None:
    if words is None:
        assert rules.instant("N", NOW - age, now_ms=NOW_MS) == NOW_MS - age // timedelta(milliseconds=1)
        return
    with pytest.raises(MetricRefusedError, match=words):
        rules.instant("N", NOW - age, now_ms=NOW_MS)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(MetricRefusedError, match="has no zone"):
        rules.instant("N", NOW.replace(tzinfo=None), now_ms=NOW_MS)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_the_set_of_any_values_is_possible(values: list[float]) -> None:
    rules.check_set("N", (len(values), math.fsum(values), min(values), max(values)))


@pytest.mark.parametrize("given_set", [(2, 10, 1, 4), (0, 0, 0, 0), (1, 1, 2, 1), (-1, 1, 1, 1), (2, math.nan, 1, 1)])
def test_a_set_that_cannot_be_is_refused(given_set: tuple[float, ...]) -> None:
    with pytest.raises(MetricRefusedError):
        rules.check_set("N", given_set)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("/", None),
        ("/employees/{id}", None),
        ("us-east-1", None),
        ("i-0abcdef1234567890", None),
        ("app/web/50dc6c495c0c9188", None),
        ("v1.2.3", None),
        ("2026-11", None),
        ("443", None),
        ("Chrome 142", None),
        ("checkout-7f9c6d5b8-x2x9k", None),
        ("/orders/12345", "a URL or path with an id"),
        ("https://x.example/a?id=123", "a URL or path with an id"),
        ("ana@example.com", "an e-mail address"),
        ("10.0.0.1", "an IP address"),
        ("fe80::1:2:3", "an IP address"),
        ("1234567", "a long number"),
        ("+49 170 1234567", "a long number"),
        ("550e8400-e29b-41d4-a716-446655440000", "a UUID"),
        ("2026-11-27T03:04", "a point in time"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x", "a token"),
    ],
)
def test_what_looks_like_one_of_many(value: str, kind: str | None) -> None:
    found = suspicions([("d", value)])
    assert [each.kind for each in found] == ([] if kind is None else [kind])
    assert value not in "".join(map(str, found)), "what looks personal is never shown in full"


@given(st.text(min_size=9, max_size=60))
def test_a_masked_value_shows_two_characters_at_most(value: str) -> None:
    assert masked(value) == f"{value[:2]}… of {len(value)} characters"


def test_new_metrics_are_priced_before_they_exist() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    told = str(price(adding=97, known=7, quota=200, at=at))
    assert told == "this adds 97 metrics, $28.20 a month ($28.20 in what is left of this one), 3 of 10 free left"
    half = price(adding=97, known=7, quota=100, at=datetime(2026, 11, 16, tzinfo=UTC))
    assert str(half.this_month) == "$14.10"
    assert not half.within_quota
    last_hour = price(adding=1, known=10, quota=11, at=datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert last_hour.this_month.amount == Decimal("0.0004"), "the hour that has begun is charged: 0.30 / 720"
    assert last_hour.within_quota


@given(st.integers(0, 1_200_000), st.integers(0, 1_000))
def test_more_metrics_never_cost_less_and_each_at_most_thirty_cents(known: int, adding: int) -> None:
    before, after = custom_metrics_cost(known).amount, custom_metrics_cost(known + adding).amount
    assert 0 <= after - before <= adding * Decimal("0.30")
    assert custom_metrics_cost(FREE_CUSTOM_METRICS).amount == 0
