"""Filter patterns do what AWS's documentation shows, example by example."""

import pytest

from core.filter_pattern import FilterPatternError, parse
from tests.unit.core.filter_pattern.documented import EXAMPLES, NOT_FOUND, TRAIL, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.pattern or "empty")
def test_example(example: Example) -> None:
    pattern = parse(example.pattern)
    lines = (*example.finds, *example.leaves)
    assert [line for line in lines if pattern.matches(line)] == [*example.finds]
    assert list(pattern.selecting(lines)) == [*example.finds]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.pattern or "empty")
def test_example_written_again_is_the_same_pattern(example: Example) -> None:
    pattern = parse(example.pattern)
    again = parse(pattern.rendered())
    assert again == pattern
    assert again.rendered() == pattern.rendered()


def test_extracted_values_as_the_documentation_gives_them() -> None:
    assert parse("[..., request=*.html*, status_code=4*,]").extract(NOT_FOUND) == {
        "$status_code": "404",
        "$request": "GET /index.html HTTP/1.0",
        "$7": "1534",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$3": "frank",
        "$2": "-",
        "$1": "127.0.0.1",
    }
    assert parse("[]").extract("a b") == {"$1": "a", "$2": "b"}
    assert parse("{ $.objectList[1].id = 2 && $.SomeObject IS NULL }").extract(TRAIL) == {"$.objectList[1].id": "2"}
    assert parse("ERROR").extract("ERROR") == {}


@pytest.mark.parametrize(
    "rejected",
    [
        "[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]",  # in old pages, AWS rejects it
        "%something!%",
        "%(sub)%",
        "%[é]%",
        '{ $.a = "open }',
        "{ $.a = 1",
        "[a, b",
        "user@example.com",
    ],
)
def test_what_aws_rejects_is_rejected(rejected: str) -> None:
    with pytest.raises(FilterPatternError):
        parse(rejected)
