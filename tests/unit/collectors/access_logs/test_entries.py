"""One line of an access log, in all the shapes that load balancers write."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.access_logs.entries import FIELDS, NotAnEntryError, parse
from tests.unit.collectors.access_logs.alb import line

DOCUMENTED = Path(__file__).parents[5] / "shared" / "data" / "alb_access_logs" / "aws_documented_examples.log"


def test_every_field_is_read() -> None:
    entry = parse(line())
    assert len(entry.fields) == len(FIELDS) == 34
    assert entry.at == datetime(2026, 11, 27, 6, 0, 1, 250_000, tzinfo=UTC)
    assert (entry.client, entry.target, entry.status, entry.target_status) == ("192.0.2.7", "10.0.1.9:8080", 200, 200)
    assert (entry.method, entry.protocol) == ("GET", "HTTP/2.0")
    assert entry.url == "https://shop.example:443/orders/17?full=1"
    assert entry.seconds == pytest.approx(0.021)
    assert (entry.sent, entry.received) == (366, 34)
    assert entry.trace == "1-69268f81-36d228ad5d99923122bbe354"
    assert entry.field("conn_trace_id") == "TID_dc57fec2e2d04ba39ab6a4a8b0d1f5ee"
    assert entry.field("ip_address") == "10.0.0.5"
    assert entry.field("transformed_uri") == ""


def test_new_fields_at_the_end_do_no_harm() -> None:
    entry = parse(f'{line()} "something new" 17')
    assert entry.fields[-2:] == ("something new", "17")


def test_a_rewritten_request_keeps_both() -> None:
    entry = parse(
        line(transformed_host="new.example", transformed_uri="/v2/a b", request_transform_status="TransformSuccess")
    )
    assert (entry.field("transformed_host"), entry.field("transformed_uri")) == ("new.example", "/v2/a b")
    assert entry.url.endswith("/orders/17?full=1")


@pytest.mark.parametrize("fields", [13, 17, 25, 29, 30, 33])
def test_an_old_line_has_fewer_fields(fields: int) -> None:
    entry = parse(line(fields=fields))
    assert entry.status == 200
    assert entry.field("ip_address") == ""


@pytest.mark.parametrize("fields", [0, 1, 5, 12])
def test_a_line_that_is_cut_off_is_none(fields: int) -> None:
    with pytest.raises(NotAnEntryError, match="cut off"):
        parse(line(fields=fields))


def test_a_request_that_is_cut_off_is_none() -> None:
    whole = line()
    with pytest.raises(NotAnEntryError, match="cut off"):
        parse(whole[: whole.index("/orders")])


def test_a_line_that_is_cut_off_after_the_request_counts() -> None:
    whole = line()
    assert parse(whole[: whole.index("arn:aws") + 9]).status == 200


def test_no_target_has_no_times() -> None:
    entry = parse(
        line(
            target_port="-", request_processing_time="-1", target_processing_time="-1",
            response_processing_time="-1", elb_status_code="503", target_status_code="-",
        )
    )  # fmt: skip
    assert (entry.target, entry.seconds, entry.target_seconds, entry.target_status) == ("", None, None, None)
    assert entry.status == 503


def test_one_time_that_was_not_measured_leaves_no_total() -> None:
    entry = parse(line(response_processing_time="-1"))
    assert (entry.target_seconds, entry.seconds) == (0.02, None)


def test_a_connection_that_ended_has_no_status() -> None:
    assert parse(line(elb_status_code="-")).status is None


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("192.0.2.7:41234", "192.0.2.7"),
        ("2001:db8::1:41234", "2001:db8::1"),
        ("[2001:db8::1]:41234", "2001:db8::1"),
        ("-", ""),
    ],
)
def test_addresses(client: str, address: str) -> None:
    assert parse(line(client_port=client)).client == address


@pytest.mark.parametrize(
    ("request_line", "parts"),
    [
        ("GET https://a:443/x y?z=1 2 HTTP/1.1", ("GET", "https://a:443/x y?z=1 2", "HTTP/1.1")),
        ("- http://a:80- -", ("", "http://a:80-", "")),
        ("-", ("", "", "")),
        ("POST https://a:443/shop.Cart/Add HTTP/2.0", ("POST", "https://a:443/shop.Cart/Add", "HTTP/2.0")),
    ],
)
def test_requests(request_line: str, parts: tuple[str, str, str]) -> None:
    entry = parse(line(request=request_line))
    assert (entry.method, entry.url, entry.protocol) == parts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"say \x22hi\x22", 'say "hi"'),
        (r"say \"hi\"", 'say "hi"'),
        ('say "hi" there', 'say "hi" there'),
        ('"', '"'),
        ("", ""),
        ("back\\slash", "back\\slash"),
        ("ends in \\", "ends in \\"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_quotes_within_quotes(written: str, read: str) -> None:
    entry = parse(line(user_agent=written))
    assert entry.field("user_agent") == read
    assert entry.trace == "1-69268f81-36d228ad5d99923122bbe354"


def test_a_quote_in_the_url() -> None:
    entry = parse(line(request='GET https://a:443/?q="x" y" HTTP/1.1'))
    assert entry.url == 'https://a:443/?q="x" y"'
    assert entry.field("user_agent") == "curl/8.5"


@pytest.mark.parametrize("kind", ["http", "https", "h2", "grpcs", "ws", "wss"])
def test_types(kind: str) -> None:
    assert parse(line(type=kind)).kind == kind


@pytest.mark.parametrize("wrong", ["", "hello", '{"a": 1}', "smtp " + line()[6:]])
def test_what_is_no_entry_says_why(wrong: str) -> None:
    with pytest.raises(NotAnEntryError, match=r"fields|type"):
        parse(wrong)


def test_a_field_that_is_none_says_which_value() -> None:
    with pytest.raises(NotAnEntryError, match="soon"):
        parse(line(target_processing_time="soon"))


@given(agent=st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=60))
def test_any_user_agent_leaves_the_other_fields_where_they_are(agent: str) -> None:
    entry = parse(line(user_agent=agent))
    assert entry.trace == "1-69268f81-36d228ad5d99923122bbe354"


@given(text=st.text(max_size=300))
def test_any_text_is_an_entry_or_none(text: str) -> None:
    with contextlib.suppress(NotAnEntryError):
        parse(text)


@pytest.mark.skipif(not DOCUMENTED.is_file(), reason="the sample data (../shared/data/alb_access_logs) are not here")
def test_what_aws_documents() -> None:
    entries = [parse(row) for row in DOCUMENTED.read_text(encoding="utf-8").splitlines()]
    assert [each.kind for each in entries] == ["http", "https", "h2", "ws", "wss", "http", "http"]
    assert [each.target for each in entries][-2:] == ["", ""]
    assert entries[-1].field("error_reason") == "LambdaInvalidResponse"
    assert entries[1].seconds == pytest.approx(0.171)
    assert all(len(each.fields) == 29 and each.trace for each in entries)
