"""What is wrong with a filter pattern, and where."""

from __future__ import annotations


class FilterPatternError(ValueError):
    """A text is no filter pattern: `position` counts characters from 0, `sentence` says what to do."""

    def __init__(self, position: int, sentence: str) -> None:
        super().__init__(f"At character {position + 1}: {sentence}")
        self.position = position
        self.sentence = sentence
