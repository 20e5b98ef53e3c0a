"""Metrics that nobody wants to pay for now: what is put of them is accepted, and never sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from collectors.custom_rules import Definition
from collectors.spool.locks import locked
from core.series import MetricId

FILE: Final = "paused"


@dataclass(frozen=True, slots=True)
class Pause:
    """One metric, or every metric of a name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] | None = None
    """(name, value), sorted; None for all there are."""

    def covers(self, metric: Definition | MetricId) -> bool:
        """Say whether a metric is meant, whatever its unit and resolution."""
        named = (metric.namespace, metric.name) == (self.namespace, self.name)
        return named and self.dimensions in {None, metric.dimensions}

    def __str__(self) -> str:
        """Name what is paused, without the dimensions' values, which may be personal."""
        what = f"{self.namespace} {self.name}"
        by = ", ".join(name for name, _ in self.dimensions or ())
        return f"all of {what}" if self.dimensions is None else f"{what} by {by}" if by else what


class Pauses:
    """The file `paused` of a spool. Raises `OSError` where it cannot be used."""

    def __init__(self, folder: Path, *, patience: float) -> None:
        self._path = folder / FILE
        self._patience = patience

    def read(self) -> frozenset[Pause]:
        """Give all; a file that is no list of ours pauses nothing."""
        try:
            found = orjson.loads(self._path.read_bytes())
            return frozenset(_pause(each) for each in found)
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return frozenset()

    def change(self, *, add: Collection[Pause] = (), remove: Collection[Pause] = ()) -> frozenset[Pause]:
        """Pause some and let others go on; give all. Processes that deliver see it at their next round."""
        with locked(self._path.with_suffix(".lock"), patience=self._patience):
            found = (self.read() | frozenset(add)) - frozenset(remove)
            written = [[each.namespace, each.name, each.dimensions] for each in sorted(found, key=_in_order)]
            new = self._path.with_suffix(".new")
            new.write_bytes(orjson.dumps(written))
            new.chmod(0o600)
            new.replace(self._path)
        return found


def _in_order(pause: Pause) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return pause.namespace, pause.name, pause.dimensions or ()


def _pause(found: Any) -> Pause:
    namespace, name, dimensions = found
    pairs = None if dimensions is None else tuple((str(key), str(value)) for key, value in dimensions)
    return Pause(str(namespace), str(name), pairs)
