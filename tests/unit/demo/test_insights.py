"""Logs Insights' language: what queries find in lines that stand here, and what is wrong with those that are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.insights.errors import QueryError
from demo.insights.parsing import parse
from demo.insights.running import Run, default_limit
from demo.insights.values import compared, number, order, text
from demo.logs.book import LogGroup, Put

START = 1_795_428_000_000
"""2026-11-23 10:00:00 UTC."""
MINUTE = 60_000
STAMP = "2026-11-23 10:00:00.000"


def group(*messages: Any, step: int = 1000, name: str = "/app") -> LogGroup:
    """Give a group with one line a second, text or JSON."""
    put = Put()
    lines = [m if isinstance(m, str) else json.dumps(m) for m in messages]
    put.add("one", [(START + number * step, line) for number, line in enumerate(lines)], now_ms=START)
    return LogGroup(name, f"1:{name}", created=0, since=0, now=START / 1000 + 86_400, put=put, hidden={})


def found(query: str, *messages: Any, step: int = 1000, limit: int | None = None) -> list[dict[str, str]]:
    """Give the rows of a query over lines, without the pointers."""
    read = parse(query, now_ms=START)
    run = Run(read, [group(*messages, step=step)], first=0, last=START + 10**9, limit=default_limit(read, limit))
    while not run.finished:
        run.step(100, 100)
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in run.rows()]


def column(query: str, name: str, *messages: Any, step: int = 1000) -> list[str | None]:
    return [row.get(name) for row in found(query, *messages, step=step)]


def wrong(query: str) -> tuple[str, str]:
    """Give the refusal of a query, and the part that it is about."""
    with pytest.raises(QueryError) as caught:
        parse(query, now_ms=START)
    return caught.value.sentence, query[caught.value.start : caught.value.end]


PEOPLE = (
    {"name": "ada", "ms": 10, "status": 200, "ok": True, "at": {"page": "/", "tags": ["a", "b"]}},
    {"name": "bob", "ms": 20.5, "status": 500, "ok": False, "at": {"page": "/x"}},
    {"name": "cyd", "ms": "30", "status": 404},
    "plain text with ERROR in it",
)


class TestShowing:
    def test_the_newest_come_first_with_time_and_message(self) -> None:
        rows = found("filter 1 = 1", "a", "b")
        assert [row["@message"] for row in rows] == ["b", "a"]
        assert rows[1]["@timestamp"] == STAMP

    def test_a_pointer_leads_back_from_each_line(self) -> None:
        read = parse("fields @message", now_ms=START)
        run = Run(read, [group("a")], first=0, last=START, limit=10)
        run.step(10, 10)
        assert [cell["field"] for cell in run.rows()[0]] == ["@message", "@ptr"]

    def test_fields_are_added_and_display_shows_only_its_own(self) -> None:
        assert found("fields name | fields ms as m | limit 1", PEOPLE[0]) == [{"name": "ada", "m": "10"}]
        assert found("fields name, ms | display status", PEOPLE[0]) == [{"status": "200"}]

    def test_nested_json_truth_and_what_is_missing(self) -> None:
        assert found("fields at.page, at.tags.1, at.tags[0] as first, ok, nothing", PEOPLE[0]) == [
            {"at.page": "/", "at.tags.1": "b", "first": "a", "ok": "1"}
        ]

    def test_odd_names_in_backticks(self) -> None:
        assert found("fields `a-b` as x, c.`d e` as y", {"a-b": 1, "c": {"d e": 2}}) == [{"x": "1", "y": "2"}]

    def test_lambda_lines_have_fields_of_their_own(self) -> None:
        report = "REPORT RequestId: 8f\tDuration: 102.25 ms\tBilled Duration: 103 ms\tMemory Size: 1024 MB\tMax Memory Used: 88 MB\t\n"  # noqa: E501
        query = (
            "filter @type = 'REPORT' | fields @requestId, @duration, @billedDuration, @maxMemoryUsed/1000/1000 as mb"
        )
        assert found(query, report, "START RequestId: 8f Version: 1\n") == [
            {"@requestId": "8f", "@duration": "102.25", "@billedDuration": "103", "mb": "88"}
        ]

    def test_the_limit(self) -> None:
        assert len(found("fields @message | limit 2", *"abc")) == 2
        assert len(found("fields @message", *"abc", limit=1)) == 1


class TestFiltering:
    @pytest.mark.parametrize(
        ("condition", "names"),
        [
            ("status = 200", ["ada"]),
            ("status != 200", ["cyd", "bob"]),
            ("ms >= 20", ["cyd", "bob"]),
            ("ms < 20.6 and status > 200", ["bob"]),
            ("status = 200 or status = 404", ["cyd", "ada"]),
            ("not status = 200 and ispresent(name)", ["cyd", "bob"]),
            ("status in [200, 404]", ["cyd", "ada"]),
            ("status not in [200]", ["cyd", "bob"]),
            ("name like 'd'", ["cyd", "ada"]),
            ("name like /^[ab]/", ["bob", "ada"]),
            ("name =~ /(?i)^A/", ["ada"]),
            ("name not like /a/", ["cyd", "bob"]),
            ("(status - 200) * 2 = 600", ["bob"]),
            ("at.page = '/'", ["ada"]),
            ("isempty(at.page) and ispresent(name)", ["cyd"]),
            ("strcontains(name, 'o')", ["bob"]),
            ("strlen(name) = 3 and ok = 1", ["ada"]),
        ],
    )
    def test_conditions(self, condition: str, names: list[str]) -> None:
        assert column(f"filter {condition} | display name", "name", *PEOPLE) == names

    def test_text_of_the_message(self) -> None:
        assert column("filter @message like 'ERROR'", "@message", *PEOPLE) == [PEOPLE[3]]

    def test_commands_may_be_written_large_and_commented(self) -> None:
        query = "FIELDS name # the name\n| FILTER status = 200 # fine ones\n| LIMIT 3"
        assert column(query, "name", *PEOPLE) == ["ada"]


class TestCounting:
    def test_every_aggregation(self) -> None:
        query = (
            "stats count(*) as n, count(ms) as has, count_distinct(status) as kinds, sum(ms) as total, "
            "avg(ms) as mean, min(ms) as low, max(ms) as high, pct(ms, 50) as middle, stddev(ms) as spread, "
            "earliest(name) as first, latest(name) as last"
        )
        assert found(query, *PEOPLE) == [
            {
                "n": "4",
                "has": "3",
                "kinds": "3",
                "total": "60.5",
                "mean": "20.1667",
                "low": "10",
                "high": "30",
                "middle": "20.5",
                "spread": "10.0042",
                "first": "ada",
                "last": "cyd",
            }
        ]

    def test_by_time_and_by_field(self) -> None:
        lines = [{"page": page} for page in ("/", "/", "/x", "/")]
        rows = found("stats count(*) by bin(1m), page | sort page", *lines, step=20_000)
        assert rows == [
            {"bin(1m)": "2026-11-23 10:01:00.000", "page": "/", "count(*)": "1"},
            {"bin(1m)": STAMP, "page": "/", "count(*)": "2"},
            {"bin(1m)": STAMP, "page": "/x", "count(*)": "1"},
        ]

    def test_arithmetic_of_aggregations_and_a_second_stats(self) -> None:
        lines = [{"u": "a", "bad": 1}, {"u": "a", "bad": 0}, {"u": "b", "bad": 1}]
        assert found("stats sum(bad) / count(*) * 100 as pc by u | sort pc desc", *lines) == [
            {"u": "b", "pc": "100"},
            {"u": "a", "pc": "50"},
        ]
        assert found("stats count(*) as n by u | stats max(n) as most, count(*) as users", *lines) == [
            {"most": "2", "users": "2"}
        ]

    def test_nothing_counted_is_a_row_and_nothing_grouped_is_none(self) -> None:
        assert found("filter a = 1 | stats count(*) as n, avg(x) as m", "text") == [{"n": "0"}]
        assert found("filter a = 1 | stats count(*) as n by b", "text") == []

    def test_a_filter_behind_it_sees_its_columns(self) -> None:
        lines = [{"u": "a"}, {"u": "a"}, {"u": "b"}]
        assert found("stats count(*) as n by u | filter n > 1", *lines) == [{"u": "a", "n": "2"}]


class TestParsing:
    def test_globs(self) -> None:
        line = "user=ada, method:GET, latency := 12"
        query = 'parse @message "user=*, method:*, latency := *" as @user, @method, @latency'
        assert found(f"{query} | stats avg(@latency) by @method", line) == [{"@method": "GET", "avg(@latency)": "12"}]
        assert found('parse "url=*" as url | parse url "/api/*/*" as v, id | display v, id', "url=/api/2/7") == [
            {"v": "2", "id": "7"}
        ]

    def test_regular_expressions_with_named_groups(self) -> None:
        assert found("parse @message /user=(?<who>\\w+)/ | display who", "user=ada x", "nobody") == [{}, {"who": "ada"}]
        assert found("parse @message /(\\d+) ms/ as ms | stats sum(ms) as total", "12 ms", "30 ms") == [{"total": "42"}]

    def test_dedup_keeps_the_newest(self) -> None:
        lines = [{"s": "a", "n": 1}, {"s": "b", "n": 2}, {"s": "a", "n": 3}]
        assert found("fields n | dedup s", *lines) == [{"n": "3"}, {"n": "2"}]
        assert found("fields n | sort @timestamp asc | dedup s | limit 1", *lines) == [{"n": "1"}]

    def test_sorting_is_by_number_with_what_is_missing_last(self) -> None:
        lines = [{"x": 9}, {"y": 1}, {"x": 10}, {"x": "2"}]
        assert column("fields x | sort x", "x", *lines) == ["2", "9", "10", None]
        assert column("fields x | sort x desc", "x", *lines) == ["10", "9", "2", None]


class TestFunctions:
    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("2 ^ 3", "8"),
            ("7 % 4", "3"),
            ("1 / 0", None),
            ("-ms", "-10"),
            ("ceil(1.2) + floor(1.8)", "3"),
            ("abs(0 - 3)", "3"),
            ("sqrt(16)", "4"),
            ("greatest(1, ms, 3)", "10"),
            ("least(1, ms)", "1"),
            ("coalesce(nothing, name)", "ada"),
            ("concat(name, '-', status)", "ada-200"),
            ("toupper(name)", "ADA"),
            ("trim('  x ')", "x"),
            ("substr(name, 1)", "da"),
            ("substr(name, 0, 2)", "ad"),
            ("replace(name, 'a', 'o')", "odo"),
            ("if(status >= 400, 'bad', 'good')", "good"),
            ("isblank('  ')", "1"),
            ("isValidIp('10.0.0.1')", "1"),
            ("isIpv4InSubnet('10.0.0.1', '10.0.0.0/24')", "1"),
            ("isIpInSubnet('nonsense', '10.0.0.0/24')", "0"),
            ("datefloor(@timestamp, 1h)", STAMP),
            ("dateceil(@timestamp, 1h)", STAMP),
            ("datefloor(@timestamp, 1mo)", "2026-11-01 00:00:00.000"),
            ("fromMillis(@timestamp)", STAMP),
            ("toMillis(@timestamp)", str(START)),
            ("now()", str(START // 1000)),
        ],
    )
    def test_values(self, expression: str, value: str | None) -> None:
        assert column(f"fields {expression} as x", "x", PEOPLE[0]) == [value]


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "sentence", "part"),
        [
            ("fields @timestamp | count()", "unexpected symbol found count at line 1 and position 20", "count"),
            ("fields @message\n| sort | limit 1", "unexpected symbol found | at line 2 and position 7", "|"),
            ("filter status =", "unexpected symbol found <EOF> at line 1 and position 15", ""),
            ("fields frobnicate(x)", "unexpected symbol found frobnicate at line 1 and position 7", "frobnicate"),
            ("filter count(*) > 1", "unexpected symbol found count at line 1 and position 7", "count"),
            ("stats count(*) by x | sort y", "Unknown symbols found in or after stats: y", "sort y"),
            ("dedup x | sort x", "unexpected symbol found sort", "sort x"),
            ("stats x by y", "stats must have at least one aggregation function", "stats x by y"),
            ("parse @message '* *' as a", "The number of wildcards (2) must match the number of fields (1)", None),
            ("filter x like /(/", "Invalid regular expression: /(/", "/(/"),
            ("fields substr(x)", "Invalid number of arguments for function substr: 1", "substr"),
            ("stats count(*) by bin(7)", "Invalid arguments for function bin", "bin"),
            ("limit 0", "limit must be a whole number", "limit 0"),
        ],
    )
    def test_where_and_why(self, query: str, sentence: str, part: str | None) -> None:
        said, about = wrong(query)
        assert said.startswith(sentence)
        assert part is None or about == part

    @given(st.text(max_size=60))
    def test_any_text_is_read_or_refused(self, query: str) -> None:
        where = (0, 0)
        try:
            parse(query, now_ms=START)
        except QueryError as error:
            where = (error.start, error.end)
        assert 0 <= where[0] <= where[1] <= len(query)


class TestValues:
    @given(st.integers(-(2**52), 2**52))
    def test_whole_numbers_are_written_as_they_are_read(self, value: int) -> None:
        assert text(number(str(value))) == str(value)

    @given(st.one_of(st.none(), st.text(), st.integers(), st.floats(allow_nan=False)), st.sampled_from("<>="))
    def test_with_nothing_no_comparison_holds(self, value: str | float | None, sign: str) -> None:
        assert not compared(None, sign, value)
        assert not compared(value, sign, None)

    @given(st.lists(st.one_of(st.none(), st.text(), st.integers()), max_size=8))
    def test_everything_can_be_sorted(self, values: list[str | int | None]) -> None:
        assert len(sorted(values, key=order)) == len(values)


class TestRunning:
    def test_several_groups_are_one_stream_of_lines(self) -> None:
        read = parse("fields @log, @message", now_ms=START)
        groups = [group("a1", "a2", step=2000, name="/a"), group("b1", "b2", step=3000, name="/b")]
        run = Run(read, groups, first=0, last=START + MINUTE, limit=10)
        run.step(10, 10)
        texts = [cell["value"] for row in run.rows() for cell in row if cell["field"] == "@message"]
        assert texts[:2] == ["b2", "a2"]
        assert sorted(texts[2:]) == ["a1", "b1"]

    def test_the_span_includes_both_ends_and_counts_what_it_saw(self) -> None:
        read = parse("filter @message = 'b'", now_ms=START)
        run = Run(read, [group(*"abcd")], first=START, last=START + 2000, limit=10)
        run.step(100, 100)
        assert (run.statistics.scanned, run.statistics.matched) == (3, 1)
        assert run.statistics.size == 3 * 27

    def test_rows_are_bounded_while_it_runs(self) -> None:
        read = parse("fields @message | sort @message desc | limit 3", now_ms=START)
        run = Run(read, [group(*(f"{n:06d}" for n in range(25_000)), step=1)], first=0, last=START + MINUTE, limit=3)
        run.step(100_000, 10)
        assert len(run._kept) <= 10_003
        assert run.rows()[0][0]["value"] == "024999"
