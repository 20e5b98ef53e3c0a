"""How long what was read is kept: AWS forgets minutes after 15 days, we when the setting `history_days` says so."""

from __future__ import annotations

from datetime import datetime

from cloud.database import Connection
from collectors import chunks, spend_lines
from core.timespan import RETENTION


def reach(period: int, *, now: datetime) -> int:
    """Give the first slot (period counted from 1970) that AWS still keeps whole at this period."""
    limit = max(limit for limit, finest in RETENTION if finest <= period)
    return -int(-(now - limit).timestamp() // period)


def forget(connection: Connection, before: datetime) -> None:
    """Drop datapoints, costs and transitions from before an instant; what a thing is in since then stays known."""
    chunks.forget(connection, before)
    spend_lines.forget(connection, before)
    connection.execute(
        "DELETE FROM transitions WHERE at < ? AND EXISTS (SELECT 1 FROM transitions AS newer WHERE"
        " newer.kind = transitions.kind AND newer.account = transitions.account AND newer.region = transitions.region"
        " AND newer.thing = transitions.thing AND newer.at > transitions.at AND newer.at <= ?)",
        (int(before.timestamp()), int(before.timestamp())),
    )
