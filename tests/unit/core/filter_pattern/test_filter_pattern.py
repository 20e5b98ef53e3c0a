"""Filter patterns: errors with positions, words, what to highlight, values for metrics, properties."""

import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.filter_pattern import FilterPattern, FilterPatternError, PatternKind, parse
from core.filter_pattern.conditions import All, Any
from core.filter_pattern.json_selectors import Condition, JsonPattern, Selector, State
from core.filter_pattern.regex import read_regex
from core.filter_pattern.space_fields import FieldCondition, FieldsPattern, SpaceField, split, texts
from core.filter_pattern.terms import Role, Term, Terms
from core.filter_pattern.values import Comparison, Number, Operator, Text
from tests.unit.core.filter_pattern.documented import COMBINED


@pytest.mark.parametrize(
    ("text", "position", "sentence"),
    [
        ("foo:bar", 3, "'foo:bar' holds more than letters, digits and underscores: put it in double quotes"),
        ('ERROR "abc', 6, "this double quote is never closed"),
        ("ERROR %x%", 6, "a regular expression stands alone"),
        ("{ $.a == 1 }", 7, "'=' where one of these is expected: a regular expression between percent signs"),
        ("{ $.a == 1 }", 7, "equality is one ="),
        ("{ $.a > x }", 8, "> compares numbers, and 'x' is none; = and != take texts"),
        ("{ $.a IN (1) }", 6, "several values are joined by ||"),
        ("[a, b = x | b = y]", 10, "and is written &&, or is written ||"),
        ("[... size > 100]", 5, "'s' where one of these is expected: ], a comma"),
        ("a1b2-c3d4", 4, "put it in double quotes"),
        ("{ $.a = x@y }", 9, 'stands in "quotes"'),
        ('{ $.a = "x }', 8, "every quote is closed"),
        ("{ $.a = %x }", 8, "a regular expression ends with a percent sign"),
        ("{ a = 1 }", 2, "a property such as $.status"),
        ("{ $.a = 1", 9, "a pattern that begins with { ends with }"),
        ("[a", 2, "a pattern that begins with [ ends with ]"),
        ("%a", 2, "a pattern that begins with % ends with %"),
        ("%%", 1, "nothing stands between the percent signs"),
        ("  %a(b)%", 4, r"groups are not supported, and the character itself is written \x28"),
        ("%a b%", 2, r"write \s"),
        ("%é%", 1, "only ASCII characters are accepted"),
        (r"%\b%", 1, "is no escape here"),
        (r"%\x3%", 1, "two hexadecimal digits"),
        ("%a**%", 1, "this is no regular expression: bad repetition operator: **"),
        ("{ $.a = %x(% }", 10, "groups are not supported"),
        ("[a, b = 4* && c > 3]", 14, "write b, or put a comma before c"),
        ("[..., a, ...]", 9, "there can be one ellipsis"),
        ("{ $.a = %x% && $.b = %x% && $.c = %y% }", 39, "at most 2 in one pattern"),
        ("x" * 1_025, 1_024, "a pattern has at most 1,024 characters, this one 1,025"),
    ],
)
def test_errors_say_where_and_what_to_do(text: str, position: int, sentence: str) -> None:
    with pytest.raises(FilterPatternError) as caught:
        parse(text)
    assert caught.value.position == position
    assert sentence in caught.value.sentence
    assert f"character {position + 1}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", PatternKind.EVERYTHING, "Every line."),
        (
            '"a b" ERROR -x -y',
            PatternKind.TERMS,
            'Lines that contain "a b" and "ERROR" and do not contain "x" or "y".',
        ),
        ("?A ?B", PatternKind.TERMS, 'Lines that contain "A" or "B".'),
        ("?A C", PatternKind.TERMS, 'contain "C". CloudWatch ignores "A": terms with ? count only where they stand'),
        ("%ERR.R%", PatternKind.REGEX, "Lines in which the regular expression ERR.R is found."),
        (
            '{ $.level = ERROR && ($.ms >= 500 || $.user NOT EXISTS) && $.host != "web*" }',
            PatternKind.JSON,
            (
                'JSON lines in which $.level is "ERROR" and ($.ms is at least 500 or $.user does not exist) and'
                ' $.host does not start with "web".'
            ),
        ),
        ("{ $.a = * || $.a IS NULL }", PatternKind.JSON, "JSON lines in which $.a has any value or $.a is null."),
        ("[ERROR]", PatternKind.FIELDS, "Lines of exactly 1 field."),
        (
            "[..., status = 4* || status = 5*, bytes > 1000]",
            PatternKind.FIELDS,
            (
                'Lines of at least 2 fields in which (status starts with "4" or status starts with "5") and'
                " bytes is more than 1000."
            ),
        ),
        ("[]", PatternKind.FIELDS, "Every line, split into fields at its spaces."),
    ],
)
def test_words(text: str, kind: PatternKind, words: str) -> None:
    pattern = parse(text)
    assert pattern.kind is kind
    assert words in pattern.words()


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("ERROR -x", "ERROR, then ERRORS", ["ERROR", "ERROR"]),
        ('"aa" a', "baaad", ["aaa"]),
        ("ERROR", "fine", []),
        ("%[0-9]+%", "12 and 345", ["12", "345"]),
        ("%x*%", "abc", []),
        ('{ $.ms > 5 && $.path = "/a*" }', '{"path" : "/a\\"b", "ms": 12, "ms2": 12}', ['"/a\\"b"', "12"]),
        ("{ $.a[*] = x }", '{"a": ["y", "x"]}', ['"x"']),
        ("{ $.a NOT EXISTS }", "{}", []),
        ("[..., status = 2*, size]", COMBINED, ["200"]),
        ("[ip, ..., request = GET*, status, size]", COMBINED, ["GET /apache_pb.gif HTTP/1.0"]),
    ],
)
def test_spans_are_what_to_highlight(text: str, line: str, shown: list[str]) -> None:
    assert [line[start:end] for start, end in parse(text).spans(line)] == shown


@pytest.mark.parametrize(
    ("text", "line", "selector", "value"),
    [
        ("{ $.ms = * }", '{"ms": 12.5}', "$.ms", "12.5"),
        ("{ $.ms = * }", '{"ms": 12, "user": {"name": "x"}}', "$.user.name", "x"),
        ("{ $.ms = * }", '{"ms": 12}', "$.none", None),
        ("{ $.ms = * }", '{"ms": true}', "$.ms", None),
        ("{ $.ms = * }", "no JSON", "$.ms", None),
        ("{ $.ms = * }", '{"ms": 12}', "1", None),
        ("[..., size]", "a b 12", "$size", "12"),
        ("[..., size]", "a b 12", "$1", "a"),
        ("[a, size]", "a b 12", "$size", None),
        ("ERROR", '{"ms": 3}', "$.ms", "3"),
    ],
)
def test_values_for_metrics_and_dimensions(text: str, line: str, selector: str, value: str | None) -> None:
    assert parse(text).value(line, selector) == value


def test_fields_are_what_a_metric_can_take() -> None:
    assert parse("{ $.a = 1 && $.b[0] = 2 || $.a = 3 }").fields == ("$.a", "$.b[0]")
    assert parse("[ip, , size > 3, ...]").fields == ("$ip", "$size")
    assert parse("ERROR").fields == ()


def test_quotes_and_backslashes() -> None:
    assert parse(r'"say \"hi\" \\o"').matches(r'they say "hi" \o loudly')
    assert parse(r'{ $.a = "x\"y" }').matches(r'{"a": "x\"y"}')
    assert parse('{ $.a = "é@b" }').matches('{"a": "\\u00e9@b"}')
    assert not parse("{ $.a = b }").matches('{"b": "a"}')


def test_a_number_in_quotes_is_a_text() -> None:
    assert parse('{ $.code = "400" }').matches('{"code": "400"}')
    assert parse('{ $.code = "400" }').matches('{"code": 400}')
    assert not parse('{ $.code = "400" }').matches('{"code": 400.0}')
    assert parse("{ $.code = 400 }").matches('{"code": 400.0}')
    assert parse("{ $.code = 400 }").matches('{"code": "400"}')


@pytest.mark.parametrize("message", ["", "\0", "\ud800", '{"a": "\\ud800"}', "[" * 5_000, '{"a":' * 5_000, "{", "["])
@pytest.mark.parametrize("text", ["x -y", "%x.%", "{ $.a = x }", "{ $.*[*] != 1 }", "[a = 1, ...]", "[]"])
def test_broken_lines_are_lines(text: str, message: str) -> None:
    pattern = parse(text)
    pattern.matches(message)
    pattern.spans(message)
    pattern.extract(message)
    pattern.value(message, "$.a")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "{ $.userIdentity.type=IAMUser && $.name=wsi-project-user }",
            '{"userIdentity":{"type":"IAMUser"},"name":"wsi-project-user"}',
        ),
        ("{$.res.statusCode=2*}", '{"res": {"statusCode": 204}}'),
        ('{ $.message = "[ERROR]" && $.message != "*session*" }', '{"message": "[ERROR]"}'),
        ('{ $.level = "ERROR" && ($.logger NOT EXISTS || ($.logger != a && $.logger != b)) }', '{"level": "ERROR"}'),
        ("{$.preformatted.outstandingEvents >= 0}", '{"preformatted": {"outstandingEvents": 0}}'),
        ('{ ($.eventName = "TerminateInstances") }', '{"eventName": "TerminateInstances"}'),
        (
            "[version, account, eni, source, target, from, to=53||to=123||to=11211, protocol=17, packets>100, ...]",
            "2 123456789010 eni-1 10.0.0.1 10.0.0.2 20641 123 17 101 4249 1418530010 1418530070 ACCEPT OK",
        ),
        (
            '[version, account, eni, source, destination="169.254.169.254", ...]',
            "2 1 eni-1 10.0.0.1 169.254.169.254 80",
        ),
        ('[EventID="4657", ObjectName="*\\\\Run*"]', "4657 HKLM\\Software\\Run\\x"),
        ('"[ignition]"', "12:00 [ignition] started"),
    ],
)
def test_patterns_that_people_use(text: str, line: str) -> None:
    """From public templates: flow logs, audit trails, the command line."""
    assert parse(text).matches(line)


MEGABYTE = 1_000_000
HOSTILE = {
    "a regular expression that backtracks": ("%a*a*a*a*a*a*a*a*b%", "a" * MEGABYTE),
    "a regular expression from every place": ("%[a-z]+[0-9]+x%", "a" * MEGABYTE),
    "bounded repeats": ("%a{0,30}a{0,30}a{0,30}b%", "a" * MEGABYTE),
    "opening brackets": ("[..., a = 1]", "[ " * (MEGABYTE // 2)),
    "opening brackets before a closing one": ("[..., a = 1]", "[ " * (MEGABYTE // 2) + "]x"),
    "quotes": ("[..., a = 1]", '"a' * (MEGABYTE // 2)),
    "quotes apart": ("[..., a = 1]", '" ' * (MEGABYTE // 2)),
    "a term": ("a" * 500 + "b", "a" * MEGABYTE),
    "JSON of many values": ("{ $.a[*] = * }", '{"a": [' + ",".join(map(str, range(150_000))) + "]}"),
    "JSON of one key": ("{ $.*.a = 1 }", "{" + ",".join(f'"k{n}":{{"a":1}}' for n in range(60_000)) + "}"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.timeout(60)
def test_a_hostile_megabyte_comes_to_an_end(text: str, message: str) -> None:
    """What backtracks, or reads the rest of the line at every place, would need hours."""
    pattern = parse(text)
    pattern.matches(message)
    pattern.spans(message)
    pattern.extract(message)


@given(st.text(max_size=60) | st.text(alphabet='{}[]()$.*%"\\ab1=!<>&|?-, ', max_size=60))
def test_parsing_gives_a_pattern_or_an_error_with_a_place(text: str) -> None:
    read = _read(text)
    if isinstance(read, FilterPatternError):
        assert 0 <= read.position <= len(text)
        assert read.sentence
    else:
        assert parse(read.rendered()) == read
        assert read.words()


def _read(text: str) -> FilterPattern | FilterPatternError:
    try:
        return parse(text)
    except FilterPatternError as error:
        return error


_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
_texts = st.text(min_size=0, max_size=8).map(Text)
_numbers = st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{1,3})?(e-?[0-9])?", fullmatch=True).map(
    lambda text: Number(text, float(text) if set(text) & set(".e") else int(text))
)
_regexes = st.sampled_from([r"^a.*b$", r"[a-z]+\d{1,2}", r"\x28"]).map(lambda text: read_regex(text, at=0))
_equalities = st.builds(Comparison, st.sampled_from([Operator.EQUAL, Operator.UNEQUAL]), _texts | _numbers) | st.builds(
    Comparison, st.sampled_from(list(Operator)), _numbers
)
_selectors = st.lists(_names | st.integers(0, 99), min_size=1, max_size=3).map(
    lambda steps: Selector(
        "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps), tuple(steps)
    )
)
_conditions = st.builds(Condition, _selectors, _equalities | st.sampled_from(list(State)))


def _trees(leaves: st.SearchStrategy[typing.Any]) -> st.SearchStrategy[typing.Any]:
    """And within or within and: what the grammar cannot tell apart (an and right inside an and) does not come."""
    both = st.lists(leaves, min_size=2, max_size=3).map(lambda parts: All(tuple(parts)))
    either = st.lists(leaves | both, min_size=2, max_size=3).map(lambda parts: Any(tuple(parts)))
    nested = st.lists(leaves | either, min_size=2, max_size=3).map(lambda parts: All(tuple(parts)))
    return leaves | both | either | nested


@given(_trees(_conditions).map(JsonPattern))
def test_json_patterns_are_read_as_they_are_written(tree: JsonPattern) -> None:
    if len(str(tree)) <= 1_024:
        assert parse(str(tree)).tree == tree


@given(st.lists(st.builds(Term, st.text(min_size=1, max_size=8).filter(str.strip), st.sampled_from(list(Role)))))
def test_terms_are_read_as_they_are_written(terms: list[Term]) -> None:
    tree = Terms(tuple(terms))
    assert parse(str(tree)).tree == tree


_held = _names.flatmap(
    lambda name: st.builds(SpaceField, st.just(name), _trees(st.builds(FieldCondition, st.just(name), _equalities)))
)


@given(st.lists(_held | st.builds(SpaceField, _names), min_size=1, max_size=4), st.integers(0, 4), st.booleans())
def test_fields_are_read_as_they_are_written(fields: list[SpaceField], cut: int, open_: bool) -> None:  # noqa: FBT001
    tree = FieldsPattern(tuple(fields[:cut]), tuple(fields[cut:]), open=True) if open_ else FieldsPattern(tuple(fields))
    if len(str(tree)) <= 1_024:
        assert parse(str(tree)).tree == tree


@given(
    st.text(alphabet='ab "[]\\{}:,1', max_size=40), st.sampled_from(["a", "?a ?b", "%a+%", "[a, ...]", "{ $.a = * }"])
)
def test_spans_lie_within_the_line_and_in_order(message: str, text: str) -> None:
    spans = parse(text).spans(message)
    flat = [place for span in spans for place in span]
    assert flat == sorted(flat)
    assert all(0 <= start < end <= len(message) for start, end in spans)


def test_a_pattern_is_a_value() -> None:
    assert parse("{ $.a=1 }") == parse("{  $.a = 1 }")
    assert isinstance(hash(parse("ERROR")), int)
    assert isinstance(parse("x"), FilterPattern)


@given(st.text(alphabet='ab "[]\t\n\u00a0', max_size=30))
def test_a_line_has_the_same_fields_whichever_way_it_is_split(message: str) -> None:
    assert texts(message) == [text for text, _ in split(message)]


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("status=[45][0-9]{2}", "status="),
        ("colou?r", "colo"),
        ("ab+c", "ab"),
        ("ab{0,2}cd", "cd"),
        (r"10\.10\.0\.1", "10.10.0.1"),
        (r"\x28x\d", "(x"),
        ("gray|grey", ""),
        ("^[a|b]xyz$", "xyz"),
        (".*", ""),
        ("[]xyz]ab", "ab"),
        ("[^]xyz]ab", "ab"),
        (r"[\]xyz]ab", "ab"),
        ("a{2}bc", "bc"),
        ("xa{,2}", "x"),
    ],
)
def test_a_regular_expression_knows_a_text_that_it_needs(text: str, literal: str) -> None:
    assert read_regex(text, at=0).literal == literal


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "b",
                "[ab]",
                ".",
                "a?",
                "b*",
                "a+",
                "b{0,2}",
                "a{2}",
                "a{,1}",
                "[]b]",
                "[^]a]",
                r"\.",
                "^",
                "$",
                r"\x61",
            ]
        ),
        min_size=1,
    ),
    st.text(alphabet="ab.\n", max_size=12),
)
def test_no_line_is_passed_over_for_want_of_a_text(pieces: list[str], message: str) -> None:
    text = "".join(pieces)
    try:
        regex = read_regex(text, at=0)
    except FilterPatternError:
        return
    if regex.compiled.search(message) is not None:
        assert regex.literal in message
