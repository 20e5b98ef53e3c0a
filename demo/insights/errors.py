"""What is wrong with a query, and where."""

from __future__ import annotations


class QueryError(ValueError):
    """A query that cannot be run; `start` and `end` are where in its text, end exclusive."""

    def __init__(self, sentence: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.start = start
        self.end = max(end, start)
