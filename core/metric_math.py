"""CloudWatch metric math on series that are already here: nothing is bought twice.

The language: "Using math expressions with CloudWatch metrics",
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
Its values are in `core.math_values`, its functions in `core.math_functions`, SEARCH's terms in `core.search_terms`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from core.math_functions import FUNCTIONS
from core.math_values import Array, Item, MathError, Value, Word, as_array, combine, described
from core.series import MetricId, Series
from core.syntax import explain, grammar
from core.timespan import Timespan

__all__ = ["DataQuery", "Expression", "MathError", "Search", "evaluate", "parse_expression", "references"]

Expression = Tree[Token]
Search = Callable[[str, str, int], tuple[Series, ...]]
"""Takes SEARCH's text, statistic and period in seconds, and gives the series found; see `core.search_terms.select`."""

_WORDS: Final = {
    "NUMBER": "a number",
    "STRING": "a text in quotes",
    "ID": "a metric id such as m1",
    "WORD": "a word such as REPEAT",
    "FUNCTION": "a function such as SUM(",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "CIRCUMFLEX": "^",
    "PLUS_MINUS": "+ or -",
    "TIMES_DIVIDE": "* or /",
    "COMPARE": "a comparison such as >",
    "_AND": "AND",
    "_OR": "OR",
    "$END": "the end",
}
"""What a terminal of the grammar is called when it is missed."""
_LOGICAL: Final = {"both": "AND", "either": "OR"}


@dataclass(frozen=True, slots=True)
class DataQuery:
    """One entry of a GetMetricData request or of a metric-math alarm: a metric with statistic, or an expression."""

    id: str
    metric: MetricId | None = None
    statistic: str | None = None
    period: int | None = None
    """Seconds; of a metric always given, of an expression only where it needs its own (Metrics Insights, SEARCH)."""
    expression: str | None = None
    label: str | None = None
    return_data: bool = True
    unit: str | None = None
    account_id: str | None = None


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Expression:
    """Read an expression into its tree; raises MathError with the position and what was expected there.

    Trees are kept, because alarms and charts ask the same again every minute; don't change one.
    """
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        position, sentence = explain(error, text, _WORDS)
        raise MathError(sentence, position=position) from None
    for call in tree.find_data("call"):
        _check_call(call)
    return tree


def references(expression: Expression) -> dict[str, int]:
    """Give the ids of other queries that an expression uses, with the position of their first use."""
    tokens = [token for part in expression.find_data("series") for token in part.children if isinstance(token, Token)]
    found: dict[str, int] = {}
    for token in sorted(tokens, key=_position):
        found.setdefault(str(token), _position(token))
    return found


def evaluate(
    queries: Sequence[DataQuery],
    inputs: Mapping[str, Series],
    *,
    span: Timespan,
    search: Search | None = None,
    history: Mapping[str, Series] | None = None,
) -> dict[str, tuple[Series, ...]]:
    """Give the series of every query by id: one of a metric, any number of an expression.

    `inputs` are the series of the metrics in `queries`, over `span`; `search` answers SEARCH; `history` are longer
    series of the same ids, from which ANOMALY_DETECTION_BAND learns. Raises MathError with query and position.
    """
    request = _Request(queries, inputs, span, search, history or {})
    return {query.id: request.result(query) for query in queries}


@dataclass(slots=True)
class _Request:
    """One evaluation: the queries, and what is known of them so far."""

    queries: Sequence[DataQuery]
    inputs: Mapping[str, Series]
    span: Timespan
    answer_search: Search | None
    longer: Mapping[str, Series]
    values: dict[str, Value] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)

    @property
    def period(self) -> int:
        own = [query.period for query in self.queries if query.period is not None]
        return min(own or [series.period for series in self.inputs.values()], default=60)

    def metrics(self, part: str) -> tuple[Series, ...]:
        found = (query.id for query in self.queries if query.metric is not None and part in query.id)
        return tuple(self.inputs[name] for name in found if name in self.inputs)

    def history(self, series: Series) -> Series:
        for name, known in self.inputs.items():
            if known is series:
                return self.longer.get(name, series)
        return series

    def search(self, text: str, statistic: str, period: int) -> tuple[Series, ...]:
        if self.answer_search is None:
            raise MathError("SEARCH cannot be used here; name the metrics one by one")
        return self.answer_search(text, statistic, period)

    def result(self, query: DataQuery) -> tuple[Series, ...]:
        """The series of a query; a number is a result only for other expressions."""
        value = self.value(query.id, 0)
        if isinstance(value, float | int):
            if query.return_data:
                raise MathError("the expression gives a number, not a time series", query=query.id)
            return ()
        if isinstance(value, str):
            raise MathError(f"the expression gives {described(value)}, not a time series", query=query.id)
        if query.metric is not None or isinstance(value, tuple):
            return self._array(query, value)
        return (replace(value, label=query.label or query.id),)

    @staticmethod
    def _array(query: DataQuery, value: Value) -> tuple[Series, ...]:
        try:
            return as_array(value)
        except MathError as error:
            raise MathError(error.message, query=query.id) from None

    def value(self, name: str, position: int) -> Value:
        """The value of another query, evaluated when it is first asked for."""
        if name not in self.values:
            if name in self.under_way:
                raise MathError(f"{name} is used in its own expression: {' → '.join([*self.under_way, name])}")
            self.values[name] = self._fresh_value(name, position)
        return self.values[name]

    def _fresh_value(self, name: str, position: int) -> Value:
        if name in self.inputs:
            return self.inputs[name]
        query = next((query for query in self.queries if query.id == name), None)
        if query is None:
            known = ", ".join(query.id for query in self.queries)
            raise MathError(f"{name} is no id of this request; known are {known}", position=position)
        if query.expression is None:
            return Series.empty(query.period or 60)
        self.under_way.append(name)
        try:
            return self._expression(query.expression)
        except MathError as error:
            raise MathError(error.message, position=error.position, query=error.query or name) from None
        finally:
            self.under_way.pop()

    def _expression(self, text: str) -> Value:
        if text.lstrip().upper().startswith("SELECT"):
            raise MathError("Metrics Insights queries run on AWS's servers only")
        return self._of(parse_expression(text))

    def _of(self, tree: Expression) -> Value:
        """The value of a part of an expression."""
        kind, token = str(tree.data), tree.children[0] if tree.children else None
        match kind:
            case "number":
                return float(str(token))
            case "text":
                return str(token)[1:-1]
            case "word":
                return Word(str(token))
            case "series":
                return self.value(str(token), _start(tree))
            case "array":
                return _flattened(self._of(part) for part in _arguments(tree, 0))
            case "call":
                return self._call(tree)
            case "sign":
                return self._combined("*" if str(token) == "-" else "+", -1.0 if str(token) == "-" else 0.0, tree)
        return self._operation(kind, tree)

    def _combined(self, operator: str, left: Value, tree: Expression) -> Value:
        return combine(operator, left, self._of(_tree(tree.children[1])))

    def _operation(self, kind: str, tree: Expression) -> Value:
        """Operators between parts: a op b, or a AND b AND c."""
        parts = list(tree.children)
        try:
            if kind in _LOGICAL:
                value, *rest = (self._of(_tree(part)) for part in parts)
                for other in rest:
                    value = combine(_LOGICAL[kind], value, other)
                return value
            if kind == "power":
                return combine("^", self._of(_tree(parts[0])), self._of(_tree(parts[1])))
            return combine(str(parts[1]), self._of(_tree(parts[0])), self._of(_tree(parts[2])))
        except MathError as error:
            raise _placed(error, tree) from None

    def _call(self, tree: Expression) -> Value:
        function = FUNCTIONS[str(tree.children[0])]
        arguments = [self._of(part) for part in _arguments(tree, 1)]
        try:
            return function.apply(self, *arguments)
        except MathError as error:
            raise _placed(error, tree) from None


@cache
def _grammar() -> Lark:
    return grammar(Path(__file__).with_name("metric_math.lark"))


def _check_call(call: Expression) -> None:
    """A call names a known function and gives it as many arguments as it takes."""
    name = str(call.children[0])
    function = FUNCTIONS.get(name)
    if function is None:
        near = difflib.get_close_matches(name.upper(), FUNCTIONS, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(FUNCTIONS)}"
        raise MathError(f"{name} is no function{hint}", position=_start(call))
    count = len(_arguments(call, 1))
    if not function.least <= count <= function.most:
        raise MathError(f"{name} cannot take {count} arguments; write it as {function.form}", position=_start(call))


def _arguments(tree: Expression, place: int) -> list[Expression]:
    part = tree.children[place] if len(tree.children) > place else None
    return [_tree(child) for child in part.children] if isinstance(part, Tree) else []


def _flattened(values: Iterable[Value]) -> Array:
    """The items of an array in brackets; an array within is laid flat."""
    items: list[Item] = []
    for value in values:
        if isinstance(value, str):
            raise MathError(f"an array holds time series, not {described(value)}")
        items.extend(value if isinstance(value, tuple) else (value,))
    return tuple(items)


def _tree(child: Expression | Token | None) -> Expression:
    if not isinstance(child, Tree):
        raise TypeError(f"{child!r} stands where the grammar has a rule")
    return child


def _placed(error: MathError, tree: Expression) -> MathError:
    """The error with the position of the part it came from, unless it already has one."""
    if error.position or error.query:
        return error
    return MathError(error.message, position=_start(tree))


def _start(tree: Expression) -> int:
    return 0 if tree.meta.empty else int(tree.meta.start_pos)


def _position(token: Token) -> int:
    return token.start_pos or 0
