"""A query's text → its commands, or where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from core.syntax import grammar
from demo.insights.commands import Column, Command, Dedup, Display, Fields, Filter, Limit, Parse, Sort, Stats
from demo.insights.errors import QueryError
from demo.insights.expressions import Evaluate, Scope, compiled, name_of, place_of, regex, token_of, tree_of, unquoted

MOST_ROWS: Final = 100_000
"""The greatest limit. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html"""
PLAIN: Final = ("@timestamp", "@message")
"""What is shown where a query does not say."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that can be run."""

    text: str
    commands: tuple[Command, ...]
    shown: tuple[str, ...]
    """The columns of the result, in order."""
    counted: bool
    """Whether rows are groups of lines, not lines."""


def parse(text: str, *, now_ms: int) -> Query:
    """Read a query; raises QueryError."""
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        raise _unexpected(error, text) from error
    reader = _Reader(text, now_ms)
    try:
        commands = tuple(reader.command(node) for node in tree.children if isinstance(node, Tree))
    except QueryError as error:
        raise QueryError(f"{error.sentence} {_where(text, error.start)}", error.start, error.end) from error
    return Query(text, commands, reader.columns(), reader.known is not None)


@cache
def _grammar() -> Lark:
    return grammar(Path(__file__).with_name("query.lark"))


def _unexpected(error: UnexpectedInput, text: str) -> QueryError:
    """Say it as AWS does: the symbol, its line and its position in the line."""
    place = int(getattr(error, "pos_in_stream", None) or 0)
    token = getattr(error, "token", None)
    ended = place >= len(text) or (isinstance(token, Token) and token.type == "$END")
    place = len(text) if ended else place
    symbol = "<EOF>" if ended else str(token or re.match(r"\w+|.", text[place:], re.DOTALL)[0])  # type: ignore[index]
    return QueryError(
        f"unexpected symbol found {symbol} {_where(text, place)}", place, place + (0 if ended else len(symbol))
    )


def _where(text: str, place: int) -> str:
    line = text.count("\n", 0, place) + 1
    return f"at line {line} and position {place - (text.rfind(chr(10), 0, place) + 1)}"


class _Reader:
    """Reads one command after the other, and keeps what is known behind each."""

    def __init__(self, text: str, now_ms: int) -> None:
        self._text = text
        self._now_ms = now_ms
        self._shown: list[str] = []
        self._only: list[str] | None = None
        self.known: set[str] | None = None
        """What there is after `stats`; None before it."""
        self._deduplicated = False

    def command(self, node: Tree[Token]) -> Command:
        if self._deduplicated and node.data != "limit":
            word = self._text[place_of(node)[0] :].split(maxsplit=1)[0] if place_of(node)[1] else str(node.data)
            raise self._wrong(f"unexpected symbol found {word}", node)
        if self.known is not None and node.data != "stats":
            self._check_known(node)
        made: Command = getattr(self, f"_{node.data}")(node)
        return made

    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._only or self._shown or PLAIN))

    # --- commands ---------------------------------------------------------------------------------------------------

    def _fields(self, node: Tree[Token]) -> Command:
        columns = self._items(node.children[0], self._scope())
        self._shown += [name for name, _ in columns]
        return Fields(columns)

    def _display(self, node: Tree[Token]) -> Command:
        columns = self._items(node.children[0], self._scope())
        self._only = [name for name, _ in columns]
        return Display(columns)

    def _filter(self, node: Tree[Token]) -> Command:
        return Filter(compiled(node.children[0], self._scope()))

    def _stats(self, node: Tree[Token]) -> Command:
        scope = Scope(self._text, self._now_ms, aggregations=[])
        if self.known is not None:
            self._check_known(node)
        columns = self._items(node.children[0], scope)
        given: Tree[Token] | Token | None = node.children[1]
        by = () if given is None else self._items(given, self._scope())
        if not scope.aggregations:
            raise self._wrong("stats must have at least one aggregation function", node)
        self._shown = [name for name, _ in (*by, *columns)]
        self._only = None
        self.known = set(self._shown)
        return Stats(tuple(scope.aggregations), columns, by)

    def _sort(self, node: Tree[Token]) -> Command:
        keys = []
        for key in node.children:
            if not isinstance(key, Tree):
                continue
            expression, direction = key.children
            keys.append((self._column(expression), str(direction or "asc").lower() == "desc"))
        return Sort(tuple(keys))

    def _limit(self, node: Tree[Token]) -> Command:
        written = str(node.children[0])
        if not written.isdigit() or not 1 <= int(written) <= MOST_ROWS:
            raise self._wrong(f"limit must be a whole number from 1 to {MOST_ROWS}, not {written}", node)
        return Limit(int(written))

    def _parse_glob(self, node: Tree[Token]) -> Command:
        field, given, *names = node.children
        pattern = token_of(given)
        parts = unquoted(pattern).split("*")
        found = tuple(name_of(name) for name in names if isinstance(name, Tree))
        if len(parts) - 1 != len(found):
            raise self._wrong(
                f"The number of wildcards ({len(parts) - 1}) must match the number of fields ({len(found)})", node
            )
        # Each star takes as little as it can; the last one of a pattern that ends with it takes the rest.
        body = "(.*?)".join(re.escape(part) for part in parts)
        written = "(?s)" + (body.removesuffix("(.*?)") + "(.*)$" if body.endswith("(.*?)") else body)
        name = name_of(field) if isinstance(field, Tree) else "@message"
        return self._parsed(name, found, regex(pattern, written=written))

    def _parse_regex(self, node: Tree[Token]) -> Command:
        parsed, given, *names = node.children
        expression = regex(token_of(given))
        inside = [name for name, _ in sorted(expression.groupindex.items(), key=lambda item: item[1])]
        found = tuple(name_of(name) for name in names if isinstance(name, Tree)) or tuple(map(str, inside))
        if len(found) != expression.groups or not found:
            raise self._wrong(
                f"The number of capturing groups ({expression.groups}) must match the number of fields ({len(found)})",
                node,
            )
        _, _, field = str(parsed).partition(" ")
        return self._parsed(field.strip().strip("`") or "@message", found, expression)

    def _dedup(self, node: Tree[Token]) -> Command:
        self._deduplicated = True
        return Dedup(tuple(self._column(name) for name in node.children if isinstance(name, Tree)))

    # --- parts ------------------------------------------------------------------------------------------------------

    def _parsed(self, field: str, names: tuple[str, ...], expression: Any) -> Command:
        if self.known is not None:
            self.known |= set(names)
        return Parse(lambda record: record.get(field), names, expression.search)

    def _items(self, node: Tree[Token] | Token, scope: Scope) -> tuple[Column, ...]:
        columns = []
        for item in tree_of(node).children:
            expression, alias = tree_of(item).children
            name = name_of(alias) if isinstance(alias, Tree) else scope.source(expression)
            columns.append((name, compiled(expression, scope)))
            if self.known is not None:
                self.known.add(name)
        return tuple(columns)

    def _column(self, node: Tree[Token] | Token) -> Evaluate:
        """Read a key, which may be the text of a column that there is."""
        name = self._scope().source(node)
        if self.known is not None and name in self.known:
            return lambda record: record.get(name)
        return compiled(node, self._scope())

    def _scope(self) -> Scope:
        return Scope(self._text, self._now_ms)

    def _check_known(self, node: Tree[Token]) -> None:
        """After `stats` there is nothing but its columns."""
        scope = self._scope()
        if node.data in {"sort", "display"} and all(scope.source(key) in (self.known or ()) for key in _keys(node)):
            return
        unknown = [name for name in _names(node) if name not in (self.known or ())]
        if unknown:
            raise self._wrong(f"Unknown symbols found in or after stats: {', '.join(unknown)}", node)

    def _wrong(self, sentence: str, node: Tree[Token]) -> QueryError:
        start, end = place_of(node)
        return QueryError(sentence, start, end)


def _names(node: Tree[Token]) -> Sequence[str]:
    """Give the fields that a command reads, without the names that it gives."""
    given = {id(item.children[1]) for item in node.find_data("item") if len(item.children) > 1}
    if node.data in {"parse_glob", "parse_regex"}:
        first = node.children[0]
        return [name_of(first)] if isinstance(first, Tree) else str(first).split()[1:]
    return [name_of(name) for name in node.find_data("name") if id(name) not in given]


def _keys(node: Tree[Token]) -> list[Tree[Token] | Token]:
    found = [*node.find_data("key"), *node.find_data("item")]
    return [key.children[0] for key in found]
