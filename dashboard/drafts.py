"""Drafts that are too long for a link, kept with the shared data under a name that follows from what they hold.

A draft is never changed, only followed by the next one: the Back button, a second tab and a colleague with an older
link each find what they saw. Drafts are foreign text; nothing here reads them.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cloud.database import Database, Place
from cloud.faults import CloudError
from dashboard.views.draft_text import CARRIED_SIGN, KEPT_SIGN, DraftError, carried, unpacked

KEPT_FOR: Final = timedelta(days=30)
MOST_DRAFTS: Final = 5_000
"""Kept at most, the newest; in practice a few megabytes."""
_NAME_LENGTH: Final = 32
_MIGRATIONS: Final = ("CREATE TABLE drafts (name TEXT PRIMARY KEY, document TEXT NOT NULL, at REAL NOT NULL)",)


class Drafts:
    """The drafts of everybody who shares the data. Safe to share between threads and processes."""

    def __init__(self, place: Place | Path | None = None) -> None:
        """Keep them where all shared data lives; without a place a long draft lives in its viewer's session only."""
        self._base = None if place is None else Database(place, "drafts", _MIGRATIONS)

    def token(self, document: str, *, now: datetime) -> str:
        """Give the token that a link names a draft by; empty where it is too long for a link and cannot be kept."""
        short = carried(document)
        if short is not None or self._base is None:
            return short or ""
        # A lone surrogate is no text to a database, and no browser types one; JSON escapes control characters.
        clean = document.encode("utf-8", "replace").decode()
        name = KEPT_SIGN + hashlib.sha256(clean.encode()).hexdigest()[:_NAME_LENGTH]
        try:
            self._keep(self._base, name, clean, now)
        except CloudError:
            return ""
        return name

    def document(self, token: str) -> str:
        """Give the draft of a link; raises DraftError where there is none."""
        if token[:1] == CARRIED_SIGN:
            return unpacked(token)
        row = None
        if self._base is not None:
            try:
                with self._base.reading() as connection:
                    row = connection.execute("SELECT document FROM drafts WHERE name = ?", (token,)).fetchone()
            except CloudError as error:
                raise DraftError(f"the link's draft is kept where nobody answers now ({error}); try again") from error
        if row is None:
            raise DraftError(f"the link's draft is not kept here; drafts are kept for {KEPT_FOR.days} days")
        return str(row[0])

    def close(self) -> None:
        if self._base is not None:
            self._base.close()

    @staticmethod
    def _keep(base: Database, name: str, document: str, now: datetime) -> None:
        with base.writing() as connection:
            connection.execute("DELETE FROM drafts WHERE name = ? OR at < ?", (name, (now - KEPT_FOR).timestamp()))
            connection.execute("INSERT INTO drafts VALUES (?, ?, ?)", (name, document, now.timestamp()))
            connection.execute(
                "DELETE FROM drafts WHERE name NOT IN (SELECT name FROM drafts ORDER BY at DESC LIMIT ?)",
                (MOST_DRAFTS,),
            )
