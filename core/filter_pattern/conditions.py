"""Conditions joined by && and ||, whatever they are about: shared by JSON and space-delimited patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from core.filter_pattern.errors import FilterPatternError
from core.filter_pattern.regex import Regex, read_regex
from core.filter_pattern.values import Comparison, Number, Operator, Text, Wanted, number_in, unquoted
from core.syntax import explain, grammar

C = TypeVar("C")
Q = TypeVar("Q")
"""What a condition is asked about: a document, a field."""

MAX_REGEXES: Final = 2
"""Regular expressions in one JSON or space-delimited pattern; the page of the syntax, under Quotas."""
_WORDS: Final[Mapping[str, str]] = {
    "SELECTOR": "a property such as $.status",
    "NAME": "a field's name",
    "EQUALS": "= or !=",
    "ORDER": "a comparison such as >",
    "QUOTED": 'a text in "quotes"',
    "REGEX": "a regular expression between percent signs",
    "BARE": "a word or a number",
    "_OR": "||",
    "_AND": "&&",
    "_IS": "IS",
    "_NOT": "NOT",
    "_EXISTS": "EXISTS",
    "NULL": "NULL",
    "TRUE": "TRUE",
    "FALSE": "FALSE",
    "LBRACE": "{",
    "RBRACE": "}",
    "LSQB": "[",
    "RSQB": "]",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "__ANON_0": "...",
    "$END": "the end",
}


@dataclass(frozen=True, slots=True)
class All(Generic[C]):
    """Parts that must all hold."""

    parts: tuple[Joined[C], ...]


@dataclass(frozen=True, slots=True)
class Any(Generic[C]):
    """Parts of which one must hold."""

    parts: tuple[Joined[C], ...]


Joined: TypeAlias = "All[C] | Any[C] | C"


def predicate(node: Joined[C], of: Callable[[C], Callable[[Q], bool]]) -> Callable[[Q], bool]:
    """Give the question whether the whole holds; `of` gives the one of a condition. Built once, asked of every line."""
    if not isinstance(node, All | Any):
        return of(node)
    parts = tuple(predicate(part, of) for part in node.parts)
    if isinstance(node, All):

        def every(asked: Q) -> bool:
            for part in parts:  # noqa: SIM110 - `all` with a generator takes twice the time
                if not part(asked):
                    return False
            return True

        return every

    def some(asked: Q) -> bool:
        for part in parts:  # noqa: SIM110 - the same
            if part(asked):
                return True
        return False

    return some


def conditions(node: Joined[C]) -> Iterator[C]:
    """Give every condition, from left to right."""
    if isinstance(node, All | Any):
        for part in node.parts:
            yield from conditions(part)
    else:
        yield node


def written(node: Joined[C]) -> str:
    """Write it as the grammar reads it: && binds closer than ||."""
    return _joined(node, str, (" && ", " || "), inside=False)


def in_words(node: Joined[C], say: Callable[[C], str]) -> str:
    """Say it in words, with parentheses where a group stands inside another."""
    return _joined(node, say, (" and ", " or "), inside=False)


def _joined(node: Joined[C], say: Callable[[C], str], joints: tuple[str, str], *, inside: bool) -> str:
    if not isinstance(node, All | Any):
        return say(node)
    joint = joints[0] if isinstance(node, All) else joints[1]
    text = joint.join(_joined(part, say, joints, inside=True) for part in node.parts)
    return f"({text})" if inside else text


def parse_tree(text: str, name: str) -> Tree[Token]:
    """Parse with the grammar of that name beside this file; raises FilterPatternError."""
    try:
        return _grammar(name).parse(text)
    except UnexpectedInput as error:
        position, sentence = explain(error, text, _WORDS)
        raise FilterPatternError(position, sentence + _hint(text, position)) from None


@lru_cache(maxsize=2)
def _grammar(name: str) -> Lark:
    return grammar(Path(__file__).with_name(f"{name}.lark"))


def _hint(text: str, position: int) -> str:
    """Say what to do about the mistakes that are made most."""
    before, rest = text[:position].rstrip(), text[position:]
    if rest.startswith('"'):
        return '; a double quote inside a text is written \\", and every quote is closed'
    if rest.startswith("%"):
        return "; a regular expression ends with a percent sign"
    if rest.startswith("=") and before.endswith("="):
        return "; equality is one ="
    if rest[:1] in {"|", "&"}:
        return "; and is written &&, or is written ||"
    if rest.startswith("IN"):
        return "; several values are joined by ||, as in $.status = 500 || $.status = 503"
    if before.endswith(("=", "*")) or text[position - 1 : position].isalnum():
        return '; a text with other characters than letters, digits and _ . - + : / * stands in "quotes"'
    return ""


def joined_of(tree: Tree[Token], leaf: Callable[[Tree[Token]], C]) -> Joined[C]:
    """Give the tree of conditions that a parsed `either`, `both` or single condition means."""
    if tree.data not in {"either", "both"}:
        return leaf(tree)
    parts = tuple(joined_of(child, leaf) for child in tree.children if isinstance(child, Tree))
    return All(parts) if tree.data == "both" else Any(parts)


def comparison_of(sign: Token, value: Token) -> Comparison:
    """Give the comparison of an operator and a value; raises FilterPatternError where they do not go together."""
    kind, wanted = Operator(str(sign)), _wanted(value)
    if sign.type == "ORDER" and not isinstance(wanted, Number):
        raise FilterPatternError(
            _place(value), f"{kind} compares numbers, and {str(value)!r} is none; = and != take texts"
        )
    return Comparison(kind, wanted)


def _wanted(value: Token) -> Wanted:
    text = str(value)
    if value.type == "QUOTED":
        return Text(unquoted(text))
    if value.type == "REGEX":
        return read_regex(text[1:-1], at=_place(value) + 1)
    number = number_in(text)
    return Text(text) if number is None else Number(text, number)


def _place(token: Token) -> int:
    return token.start_pos or 0


def check_regexes(comparisons: Iterator[Comparison], *, end: int) -> None:
    """Raise FilterPatternError when there are more regular expressions than CloudWatch takes."""
    count = sum(isinstance(comparison.wanted, Regex) for comparison in comparisons)
    if count > MAX_REGEXES:
        raise FilterPatternError(
            end, f"{count} regular expressions stand here, and CloudWatch takes at most {MAX_REGEXES} in one pattern"
        )
