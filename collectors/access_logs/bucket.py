"""Access logs in S3: what a span needs is listed and fetched once into a folder of ours, when a person asks.

Listing and each object cost a request, so a look is priced before it is made and goes by the cap: at the default cap of
zero nothing is fetched, and that is said with the price. An object is never written again, so what is here stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud.clients import Clients
from cloud.faults import EXPECTED, ServiceFailure, translate
from collectors import s3_objects
from collectors.access_logs.places import MOST_DAYS, end_of, folders, is_about
from collectors.exports.bucket import Address
from collectors.s3_objects import GET, LIST
from core.money import Money
from core.reading import Scope, Verdict
from core.timespan import Timespan

MOST_OBJECTS: Final = 1_000
"""Objects of one look; a load balancer writes twelve an hour for each of its nodes."""
MOST_BYTES: Final = 2 << 30
"""Bytes that are kept; beyond, the oldest are deleted."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a look costs at most, and whether it may be made."""

    most: Money
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look brought."""

    objects: int
    size: int
    problem: str = ""
    """Why it broke off; empty where it did not. May hold foreign text."""


class Bucket:
    """Access logs' place in S3 and the folder where its objects are kept."""

    def __init__(self, clients: Clients, address: Address, folder: Path) -> None:
        self._clients = clients
        self._address = address
        self._folder = folder

    def held(self, scope: Scope) -> tuple[Path, ...]:
        """Give what was fetched of an account and region."""
        home = self._home(scope)
        return tuple(sorted(home.glob("*.log.gz"))) if home.is_dir() else ()

    def offer(self, scope: Scope, span: Timespan) -> Offer:
        """Say what fetching a span costs at most."""
        days = sum(1 for _ in folders(self._address.prefix, scope, span))
        most = s3_objects.price(self._clients, LIST, days) + s3_objects.price(self._clients, GET, MOST_OBJECTS)
        left = self._clients.meter.money_left()
        if days > MOST_DAYS + 1:
            return Offer(most, Verdict(allowed=False, reason=f"Choose a span of {MOST_DAYS} days at most."))
        least = s3_objects.price(self._clients, LIST, days)
        if least.amount > left.amount.amount:
            return Offer(most, Verdict(allowed=False, reason=f"Listing alone costs {least}, and {left}."))
        return Offer(most, Verdict(allowed=True, reason=f"{left}."))

    def fetch(self, scope: Scope, span: Timespan) -> Fetched:
        """Fetch what is not here yet; what fails is said, and what was fetched stays."""
        number = size = 0
        doing = LIST
        try:
            wanted = dict(self._listed(scope, span))
            doing = GET
            s3_objects.afford(self._clients, len(wanted))
            for key, length in wanted.items():
                self._object(scope, key, length)
                number, size = number + 1, size + length
        except EXPECTED as error:
            return Fetched(number, size, translate(error).sentence(scope, doing))
        except OSError as error:
            return Fetched(number, size, f"Was not fetched: {error.strerror or error}.")
        self._sweep(scope)
        return Fetched(number, size)

    def _listed(self, scope: Scope, span: Timespan) -> Iterator[tuple[str, int]]:
        """Give key and size of every object that the span needs and that is not here."""
        pages = self._clients.client(scope, "s3").get_paginator("list_objects_v2")
        home, number = self._home(scope), 0
        for folder in folders(self._address.prefix, scope, span):
            for page in pages.paginate(Bucket=self._address.bucket, Prefix=folder):
                for each in page.get("Contents", ()):
                    name = str(each["Key"]).rpartition("/")[2]
                    if end_of(name) is None or not is_about(name, span) or (home / name).exists():
                        continue
                    number += 1
                    if number > MOST_OBJECTS:
                        raise ServiceFailure(f"the span has more than {MOST_OBJECTS:,} objects; choose a shorter one")
                    yield str(each["Key"]), int(each["Size"])

    def _object(self, scope: Scope, key: str, size: int) -> None:
        home = self._home(scope)
        home.mkdir(parents=True, exist_ok=True)
        path = home / key.rpartition("/")[2]
        s3_objects.download(self._clients, scope, (self._address.bucket, key), path, size=size)

    def _sweep(self, scope: Scope) -> None:
        """Delete the oldest beyond what is kept."""
        sizes: Mapping[Path, int] = {path: path.stat().st_size for path in self.held(scope)}
        left = MOST_BYTES
        for path in sorted(sizes, key=lambda each: str(end_of(each.name)), reverse=True):
            left -= sizes[path]
            if left < 0:
                path.unlink(missing_ok=True)

    def _home(self, scope: Scope) -> Path:
        return self._folder / scope.account / scope.region
