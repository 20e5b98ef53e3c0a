"""Lets a metric in: AWS's rules, the look for many values, the price and the quota; and knows it from then on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TypedDict

from cloud.caps import month_of
from collectors import custom_rules as rules
from collectors.cardinality import HighCardinalityError, suspicions
from collectors.custom_rules import Definition, MetricRefusedError
from collectors.spool.folder import Spool

MOST_KNOWN: Final = 20_000
"""Metrics that a process knows by heart; beyond it looks them up again."""

log = logging.getLogger("watchkeeper.custom")
Key = tuple[object, ...]
OnQuota = Literal["refuse", "fold"]
OnMany = Literal["refuse", "warn", "allow"]
OnRefused = Literal["raise", "log"]


class Strictness(TypedDict, total=False):
    """What becomes of a metric that had better not be."""

    on_quota: OnQuota
    """Above the quota: refused, or folded into the one without the dimension that has the most values."""
    on_many: OnMany
    """With a dimension whose value looks like one of many: refused, warned of, or let through."""
    on_refused: OnRefused
    """What is not accepted raises, or is logged once for each reason; it is counted in both cases."""


class Admission:
    """The door of one namespace; threads share it."""

    def __init__(
        self,
        namespace: str,
        spool: Spool,
        *,
        always: Mapping[str, str],
        on_quota: OnQuota = "refuse",
        on_many: OnMany = "refuse",
        on_refused: OnRefused = "raise",
    ) -> None:
        rules.check_namespace(namespace)
        self.namespace = namespace
        self._spool = spool
        self._always = dict(always)
        self._fold, self._on_many, self._on_refused = on_quota == "fold", on_many, on_refused
        self._known: dict[Key, Definition] = {}
        self._month_ends = 0
        self._said: set[str] = set()

    def metric(
        self,
        name: str,
        unit: str | None,
        dimensions: Mapping[str, str] | None,
        resolution: int,
        *,
        percentiles: bool,
        now: int,
    ) -> Definition:
        """Give a metric, which is registered where it is new this month. Raises `MetricRefusedError`."""
        if now >= self._month_ends or len(self._known) > MOST_KNOWN:
            self._known = {}
            self._month_ends = int(month_of(datetime.fromtimestamp(now / 1000, UTC)).end.timestamp() * 1000)
        given = tuple(dimensions.items()) if dimensions else ()
        key = (name, unit, resolution, percentiles, given)
        try:
            return self._known[key]
        except KeyError:
            wanted = self.defined(name, unit, dimensions, resolution, percentiles=percentiles)
            return self._known.setdefault(key, self._admitted(wanted, now))
        except TypeError:  # what cannot be hashed is no text: refused with a reason
            return self.defined(name, unit, dimensions, resolution, percentiles=percentiles)

    def defined(
        self,
        name: str,
        unit: str | None,
        dimensions: Mapping[str, str] | None,
        resolution: int = 60,
        *,
        percentiles: bool = True,
    ) -> Definition:
        """Give a metric without registering it. Raises `MetricRefusedError`."""
        wanted = {**self._always, **(dimensions or {})}
        found = rules.define(
            self.namespace, name, dimensions=wanted, unit=unit, resolution=resolution, percentiles=percentiles
        )
        many = suspicions(found.dimensions) if self._on_many != "allow" else ()
        if many and self._on_many == "refuse":
            raise HighCardinalityError(f'{found}: {many[0]}; or say on_many="warn"')
        for each in many:
            log.warning("%s: %s", found, each)
        return found

    def refused(self, error: MetricRefusedError) -> bool:
        """Count what is not accepted; raises it, or gives False."""
        self._spool.refuse(error.reason)
        if self._on_refused == "raise":
            raise error
        if error.reason not in self._said:
            self._said.add(error.reason)
            log.warning("A metric was not accepted, and the next for this reason are only counted: %s", error)
        return False

    def _admitted(self, wanted: Definition, now: int) -> Definition:
        found, price = self._spool.admit(wanted, now_ms=now, fold=self._fold)
        if price.adding:
            known = price.known + price.adding
            log.info("%s is new: %s; %d of the quota's %d this month", found, price, known, price.quota)
        if found.billed_as != wanted.billed_as:
            log.warning("%s is above the quota of %d metrics and is folded into %s", wanted, price.quota, found)
        return found
