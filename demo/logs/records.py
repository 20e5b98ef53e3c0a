"""Two quiet groups: the audit trail, which is hardly ever read, and an import job that was switched off long ago."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import numpy as np

from core.timespan import from_epoch
from demo.logs.block import Row
from demo.logs.moments import SLOT
from demo.logs.visits import A_SLOT
from demo.noise import bits
from demo.signals import MINUTE

ACTIONS: Final = ("employee.update", "photo.upload", "employee.create", "role.grant", "export.download")
ACTORS: Final = ("hr-sync", "j.doe", "m.garcia", "l.wei", "a.haddad")
AUDIT_STREAM: Final = "audit-trail"
IMPORT_STREAMS: Final = ("import-0", "import-1", "import-2", "import-3")
IMPORTED: Final = 600
"""Lines a minute that the import wrote."""
IMPORT_BYTES: Final = 132
"""Of one of its lines on average, with what CloudWatch Logs adds."""


def audit_count(minute: int, subject: int) -> int:
    return 1 + int(bits(subject, np.array([minute]))[0]) % 4


def audit(minute: int, subject: int) -> Iterator[Row]:
    """Give the audit trail of a minute: a few changes, in JSON."""
    for place in range(audit_count(minute, subject)):
        chosen = int(bits(subject ^ 1, np.array([minute * 8 + place]))[0])
        ms = minute * 1000 + chosen % (MINUTE * 1000)
        document = {
            "eventTime": f"{from_epoch(ms // 1000):%Y-%m-%dT%H:%M:%SZ}",
            "action": ACTIONS[chosen // 64 % len(ACTIONS)],
            "actor": {"name": ACTORS[chosen // 1024 % len(ACTORS)], "mfa": chosen % 3 > 0},
            "employee": 1000 + chosen // 4096 % 9000,
            "sourceIp": f"10.8.{chosen % 16}.{chosen // 32 % 250}",
        }
        yield ms, _number(minute, place), AUDIT_STREAM, json.dumps(document, separators=(",", ":"))


def imported(minute: int, subject: int) -> Iterator[Row]:
    """Give what the import wrote in a minute: plain lines at a steady pace."""
    chosen = bits(subject, minute * 1024 + np.arange(IMPORTED)).tolist()
    for place, luck in enumerate(chosen):
        ms = minute * 1000 + place * (MINUTE * 1000 // IMPORTED)
        level = "WARN" if luck % 211 == 0 else "INFO"
        done = "skipped: no change" if luck % 3 else f"updated in {luck % 90} ms"
        stamp = f"{from_epoch(ms // 1000):%Y-%m-%d %H:%M:%S},{ms % 1000:03d}"
        text = f"{stamp} {level} legacy_import batch={minute // 60} employee={1000 + luck // 64 % 9000} {done}"
        yield ms, _number(minute, place), IMPORT_STREAMS[place % len(IMPORT_STREAMS)], text


def _number(minute: int, place: int) -> int:
    return minute // SLOT * A_SLOT + place
