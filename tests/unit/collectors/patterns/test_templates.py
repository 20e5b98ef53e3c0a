"""Lines become templates: by rules, by comparison, in any order, in bounded memory."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.patterns.finding import pattern_of
from collectors.patterns.templates import Miner, Template, mine
from collectors.patterns.variables import Reader, without_time
from core.filter_pattern import parse
from core.log_lines import LogLine

MINUTE = 60_000


def lines(*messages: str) -> list[LogLine]:
    return [LogLine(at * 1_000, "app", "one", message) for at, message in enumerate(messages)]


def texts(*messages: str) -> dict[str, int]:
    return {each.text: each.lines for each in mine(lines(*messages)).templates}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("took 12ms, 3.5 s and 1h", "took <duration>, <num> s and <duration>"),
        ("from 10.0.0.7:443 and [2001:db8::1]", "from <ip> and <ip>"),
        ("id 6f9619ff-8b86-d011-b42d-00c04fc964ff", "id <uuid>"),
        ("trace Root=1-58337262-36d228ad5d99923122bbe354", "trace Root=<trace>"),
        ("see arn:aws:sns:eu-west-1:123456789012:ops now", "see <arn> now"),
        ("GET https://example.com/a?b=1 done", "GET <url> done"),
        ("mail to a.b@example.com", "mail to <email>"),
        ("host db-1.prod.internal is i-0abc12345def67890", "host <host> is <id>"),
        ("at 0x7ffe commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "at <hex> commit <hex>"),
        ("wrote /var/log/a.log", "wrote <path>"),
        ("used 512MB of 2GiB, 87%", "used <size> of <size>, <num>%"),
        ("at 2026-11-27T06:00:01.250Z then 06:00:02", "at <time> then <time>"),
        ("user 'bob' said \"it's fine\"", "user '<str>' said \"<str>\""),
        ("worker17 runs ssh2 over ipv4", "worker<num> runs ssh2 over ipv4"),
        ("don't can't", "don't can't"),
        ("status=503 code", "status=5xx code"),
        ('"GET /cart/7 HTTP/1.1" 502 17', '"GET <path> HTTP/<num>" 5xx <num>'),
        ("GET /people/7 503 in 12ms", "GET <path> 5xx in <duration>"),
        ("com.jcraft.jsch.JSchException: Auth fail", "com.jcraft.jsch.JSchException: Auth fail"),
    ],
)
def test_what_varies_by_its_look(written: str, read: str) -> None:
    assert " ".join(Reader().words(written)) == read


@pytest.mark.parametrize(
    "head",
    [
        "2026-11-27T06:00:01.250Z ",
        "2026-11-27 06:00:01,250 ",
        "[Sun Dec 04 04:47:44 2005] ",
        "Dec 10 06:55:46 ",
        "Dec  1 06:55:46 ",
        "[27/Nov/2026:06:00:01 +0000] ",
    ],
)
def test_the_time_at_the_beginning_is_no_part_of_the_words(head: str) -> None:
    assert without_time(f"{head}disk full") == "disk full"


def test_a_line_that_is_only_a_time_stays() -> None:
    assert without_time("2026-11-27T06:00:01Z") == "2026-11-27T06:00:01Z"


def test_a_word_varies_from_three_on() -> None:
    assert texts("user ann logged in", "user bob logged in") == {"user ann logged in": 1, "user bob logged in": 1}
    assert texts("user ann logged in", "user bob logged in", "user cid logged in") == {"user <*> logged in": 3}


def test_words_that_tell_how_it_went_never_vary() -> None:
    found = texts(*(f"job nightly {word} on node a" for word in ("failed", "succeeded", "aborted", "denied")))
    assert len(found) == 4


def test_the_key_before_a_value_stays() -> None:
    found = texts(*(f"auth for user={name} port=22 done" for name in ("ann", "bob", "cid")))
    assert found == {"auth for user=<*> port=<num> done": 3}


def test_the_root_is_a_path_too() -> None:
    assert texts("GET / 200", "GET /a 200", "GET /b 200") == {"GET <path> 2xx": 3}


def test_a_first_word_varies_from_five_on() -> None:
    names = ("ann", "bob", "cid", "dan", "eve")
    assert texts(*(f"{name} left the shop" for name in names)) == {"<*> left the shop": 5}
    assert len(texts(*(f"{name} left the shop" for name in names[:4]))) == 4


def test_json_lines_are_told_apart_by_level_logger_and_message() -> None:
    def line(level: str, logger: str, number: int) -> str:
        return json.dumps({"time": str(number), "level": level, "logger": logger, "message": f"no stock for {number}"})

    found = mine(lines(line("ERROR", "orders", 1), line("ERROR", "orders", 2), line("INFO", "orders", 3))).templates
    assert [(each.origin.level, each.text, each.lines) for each in found] == [
        ("ERROR", "no stock for <num>", 2),
        ("INFO", "no stock for <num>", 1),
    ]


def test_json_without_a_message_is_told_by_its_fields() -> None:
    found = texts('{"path": "/a", "ms": 1}', '{"path": "/b/c", "ms": 22}', '{"cold": true}')
    assert found == {"path=<path> ms=<num>": 2, "cold=true": 1}


def test_a_stack_trace_is_its_first_row_and_its_last_words() -> None:
    trace = "ERROR no answer\nTraceback (most recent call last):\n  File 'a.py', line {0}\nTimeoutError: after {0} s"
    assert texts(trace.format(3), trace.format(14)) == {"ERROR no answer ⏎ TimeoutError: after <num> s": 2}


def test_counts_stand_in_their_part_of_time() -> None:
    found = mine([LogLine(at, "", "", "beat") for at in (0, 59_999, 60_000)], width=MINUTE).templates[0]
    assert (dict(found.counts), found.first, found.last) == ({0: 2, 60_000: 1}, 0, 60_000)


def test_lines_before_the_edge_are_counted_apart() -> None:
    found = mine([LogLine(at, "", "", "beat") for at in (999, 1_000, 1_001)], edge=1_000).templates[0]
    assert (found.before, found.lines) == (1, 3)


def test_a_long_time_is_counted_in_wider_parts() -> None:
    miner = Miner(width=1_000)
    for at in range(10_000):
        miner.add(at * 1_000, "beat")
    found = miner.mined()
    assert found.width == 8_000
    assert set(found.templates[0].counts.values()) == {8}


def test_kinds_without_end_are_folded_and_then_counted_as_the_rest() -> None:
    miner = Miner(most_shapes=40)
    names = ["".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=7)) for number in range(400)]
    for at, name in enumerate(names):
        miner.add(at, f"user {name} logged in")
    assert [(each.text, each.lines) for each in miner.mined().templates] == [("user <*> logged in", 400)]
    for at, name in enumerate(names):
        miner.add(at, f"{name} {name[::-1]}")
    found = miner.mined()
    assert found.rest > 300
    assert sum(each.lines for each in found.templates) + found.rest == found.lines == 800


def test_ids_come_from_the_words_alone() -> None:
    one = mine(lines("disk 7 full", "disk 8 full")).templates[0]
    other = mine(lines("disk 99 full")).templates[0]
    assert one.id == other.id == "062b0b6b28"


WORDS = st.sampled_from(["disk", "user", "ann", "bob", "cid", "dan", "failed", "full", "17", "10.0.0.1", "'x'", "a=b"])
MESSAGES = st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=60)


def _seen(found: tuple[Template, ...]) -> Counter[tuple[str, str, int]]:
    return Counter((each.id, each.text, each.lines) for each in found)


@given(messages=MESSAGES, seed=st.integers(0, 99))
def test_the_order_of_the_lines_makes_no_difference(messages: list[str], seed: int) -> None:
    shuffled = random.Random(seed).sample(messages, len(messages))
    assert _seen(mine(lines(*messages)).templates) == _seen(mine(lines(*shuffled)).templates)


@given(messages=MESSAGES)
def test_every_line_is_of_one_template_and_its_pattern_finds_it(messages: list[str]) -> None:
    found = mine(lines(*messages))
    assert sum(each.lines for each in found.templates) == len(messages)
    by_id = {each.id: each for each in found.templates}
    assert len(by_id) == len(found.templates)
    reader = Reader()
    for message in messages:
        pattern = pattern_of(by_id[found.template_of(message, reader)])
        assert pattern is None or parse(pattern).matches(message)


@given(message=st.text(max_size=200))
def test_any_text_is_taken(message: str) -> None:
    assert mine(lines(message)).lines == 1


@given(document=st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=20), max_size=5))
def test_any_json_is_found_again(document: dict[str, object]) -> None:
    line = json.dumps(document, ensure_ascii=False)
    pattern = pattern_of(mine(lines(line)).templates[0])
    assert pattern is None or parse(pattern).matches(line)


def test_the_pattern_of_a_json_template_asks_for_level_logger_and_words() -> None:
    line = '{"level": "ERROR", "logger": "orders", "message": "no stock for sku 17 in \\"main\\" store"}'
    assert pattern_of(mine(lines(line)).templates[0]) == (
        '{ $.level = "ERROR" && $.logger = "orders" && $.message = "*no stock for sku*" && $.message = "*store*"'
        ' && $.message = "*in*" }'
    )


def test_nothing_fixed_gives_no_pattern() -> None:
    assert pattern_of(mine(lines("17 10.0.0.1")).templates[0]) is None
