"""Which spans of a search are known whole, where a search broke off, and when the unsettled end was read last."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloud.database import Connection
from collectors.logs import spans, store
from collectors.logs.pages import Walk
from collectors.logs.question import LogQuestion

TOKEN_LIVES: Final = 23 * 3_600_000
"""Milliseconds that a token is trusted: AWS forgets it after 24 hours. Source: botocore's model of FilterLogEvents."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """The unsettled end of a search, as it was read last."""

    span: spans.Span
    asked_at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of a question."""

    group: int | None = None
    """The group's number in the store; None where nothing is kept of it."""
    known: tuple[spans.Span, ...] = ()
    """Settled spans, joined, oldest first: of this search and of those that bring all that it does."""
    fresh: Fresh | None = None
    walks: tuple[Walk, ...] = ()
    """Where searches broke off."""


def load(connection: Connection, question: LogQuestion, *, now: int) -> Coverage:
    """Give what is known of a question."""
    group = store.group_id(connection, question)
    if group is None:
        return Coverage()
    searches = _answering(connection, group, question)
    known: list[spans.Span] = []
    fresh: list[Fresh] = []
    for search in searches:
        rows = connection.execute("SELECT low, high FROM known WHERE search=?", (search,))
        known += [(int(low), int(high)) for low, high in rows]
        row = connection.execute("SELECT low, high, asked_at FROM fresh WHERE search=?", (search,)).fetchone()
        fresh += [Fresh((int(row[0]), int(row[1])), int(row[2]))] if row else []
    newest = max(fresh, key=lambda each: each.asked_at, default=None)
    return Coverage(group, tuple(spans.joined(known)), newest, _walks(connection, group, question, now))


def _answering(connection: Connection, group: int, question: LogQuestion) -> list[int]:
    """Give the searches that bring all lines of the question: itself, without pattern, of more streams."""
    rows = connection.execute(
        "SELECT id, pattern, streams FROM searches WHERE log_group=? AND pattern IN (?, ?)",
        (group, json.dumps(""), json.dumps(question.pattern)),
    )
    wanted = set(question.streams)
    found = []
    for search, _, streams in rows:
        given = set(json.loads(streams))
        if not given or (wanted and wanted <= given):
            found.append(int(search))
    return found


def _walks(connection: Connection, group: int, question: LogQuestion, now: int) -> tuple[Walk, ...]:
    rows = connection.execute(
        "SELECT walks.low, walks.high, walks.token, walks.backward FROM walks JOIN searches ON searches.id = search"
        " WHERE log_group=? AND digest=? AND made > ?",
        (group, store.digest(question), now - TOKEN_LIVES),
    )
    return tuple(Walk(int(low), int(high), str(token), bool(backward)) for low, high, token, backward in rows)


def made_search(connection: Connection, group: int, question: LogQuestion) -> int:
    """Give the number of a search, made where there is none."""
    key = group, store.digest(question)
    connection.execute(
        "INSERT INTO searches (log_group, digest, pattern, streams) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        (*key, json.dumps(question.pattern), json.dumps(sorted(question.streams))),
    )
    (found,) = connection.execute("SELECT id FROM searches WHERE log_group=? AND digest=?", key).fetchone()
    return int(found)


def note(connection: Connection, search: int, read: Sequence[spans.Span]) -> None:
    """Note settled spans as known."""
    rows = connection.execute("SELECT low, high FROM known WHERE search=?", (search,)).fetchall()
    before = [(int(low), int(high)) for low, high in rows]
    after = spans.joined([*before, *read])
    if after != sorted(before):
        _replace(connection, search, after)


def _replace(connection: Connection, search: int, known: Sequence[spans.Span]) -> None:
    connection.execute("DELETE FROM known WHERE search=?", (search,))
    connection.executemany("INSERT INTO known VALUES (?,?,?)", [(search, *span) for span in known])


def note_fresh(connection: Connection, search: int, fresh: Fresh) -> None:
    """Note that the unsettled end was read; a page of it joins the page before."""
    row = connection.execute("SELECT low, high, asked_at FROM fresh WHERE search=?", (search,)).fetchone()
    before = Fresh((int(row[0]), int(row[1])), int(row[2])) if row else None
    if before is not None and _goes_on(before, fresh):
        low, high = zip(before.span, fresh.span, strict=True)
        fresh = Fresh((min(low), max(high)), before.asked_at)
    connection.execute(
        "INSERT INTO fresh VALUES (?,?,?,?) ON CONFLICT (search) DO UPDATE SET"
        " low=excluded.low, high=excluded.high, asked_at=excluded.asked_at",
        (search, *fresh.span, fresh.asked_at),
    )


def _goes_on(before: Fresh, fresh: Fresh) -> bool:
    """Whether a page is the next one of the same reading of the end, not a later reading of it."""
    touches = fresh.span[1] == before.span[0] or fresh.span[0] == before.span[1]
    overlaps = fresh.span[0] <= before.span[1] and before.span[0] <= fresh.span[1]
    return touches or (overlaps and fresh.asked_at == before.asked_at)


def note_walk(
    connection: Connection, search: int, before: Walk, after: Walk | None, *, now: int, settling: int
) -> None:
    """Note where a search stands now, in place of where it stood.

    One that broke off in the unsettled end is of use for as long only as that is not read again: `settling`.
    """
    connection.execute(
        "DELETE FROM walks WHERE search=? AND (made <= ? OR (low=? AND high=?) OR (high > made - ? AND made < ?))",
        (search, now - TOKEN_LIVES, *before.left, settling, now - settling),
    )
    if after is not None:
        connection.execute(
            "INSERT INTO walks VALUES (?,?,?,?,?,?) ON CONFLICT (search, low, high) DO UPDATE SET"
            " backward=excluded.backward, token=excluded.token, made=excluded.made",
            (search, *after.left, int(after.backward), after.token, now),
        )


def forget_idle(connection: Connection, *, idle: int) -> None:
    """Forget ends and places that nobody has read since an instant, and searches of which nothing is left."""
    connection.execute("DELETE FROM fresh WHERE asked_at < ?", (idle,))
    connection.execute("DELETE FROM walks WHERE made < ?", (idle,))
    connection.execute(
        "DELETE FROM searches WHERE id NOT IN (SELECT search FROM known)"
        " AND id NOT IN (SELECT search FROM fresh) AND id NOT IN (SELECT search FROM walks)"
    )


def forget(connection: Connection, group: int, hours: Sequence[int]) -> None:
    """Forget that lines of these hours are known."""
    gone = spans.joined((hour * store.HOUR, (hour + 1) * store.HOUR) for hour in hours)
    for (search,) in connection.execute("SELECT id FROM searches WHERE log_group=?", (group,)).fetchall():
        rows = connection.execute("SELECT low, high FROM known WHERE search=?", (search,)).fetchall()
        left = [part for low, high in rows for part in spans.missing((int(low), int(high)), gone)]
        if len(left) != len(rows) or sorted(left) != sorted((int(low), int(high)) for low, high in rows):
            _replace(connection, search, left)
