"""Log lines."""

from __future__ import annotations

from datetime import UTC, datetime

from core.log_lines import LogLine


def test_a_line_knows_its_instant_to_the_millisecond() -> None:
    line = LogLine(1_785_500_000_123, "/app", "i-1", "started")
    assert line.at == datetime(2026, 7, 31, 12, 13, 20, 123_000, tzinfo=UTC)
    assert LogLine(-1, "g", "s", "before 1970").at == datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
