"""CloudWatch metric math on stored series: what a query is, and what a bad expression says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from core.series import MetricId
from core.syntax import explain, grammar

Expression = Tree[Token]

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


class MathError(ValueError):
    """An expression that cannot be read or evaluated."""

    def __init__(self, message: str, *, position: int = 0) -> None:
        super().__init__(f"at character {position + 1}: {message}")
        self.position = position
        """Characters before the place that is wrong."""
        self.message = message
        """What was found, and what was expected."""


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


def parse_expression(text: str) -> Expression:
    """Read an expression into its tree; raises MathError with the position and what was expected there."""
    try:
        return _grammar().parse(text)
    except UnexpectedInput as error:
        position, sentence = explain(error, text, _WORDS)
        raise MathError(sentence, position=position) from None


@cache
def _grammar() -> Lark:
    return grammar(Path(__file__).with_name("metric_math.lark"))
