"""An export in S3: new objects are fetched once into a folder of ours, and read there.

Listing and each object cost a request, so all of it is priced before it is made and goes by the cap: at the default cap
of zero nothing is fetched, and that is said with the price. What leaves AWS's network may cost more than requests: the
first 100 GB a month of an account are free, and within the bucket's region all is.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from cloud.clients import Clients
from cloud.faults import EXPECTED, CloudError, NotFree, ServiceFailure, translate
from collectors import s3_objects
from collectors.exports.files import MANIFEST, MOST_FILES, ExportError, ExportFile, Flaw, Found, kind_of
from collectors.s3_objects import GET, LIST
from core.money import Money
from core.reading import Scope

EVERY: Final = timedelta(hours=6)
"""AWS delivers an export anew up to four times a day.
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html"""
AFTER_FAILURE: Final = timedelta(hours=1)
FEW: Final = 20
"""Objects that an export is taken to have before it was looked at: data and manifest of each of its months."""
OBJECTS_A_PAGE: Final = 1_000
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""
ENOUGH: Final = "WATCHKEEPER_MONTHLY_CAP_USD allows more, and 0.01 is enough for most exports"
NOTE: Final = "objects.json"
_ADDRESS: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where in S3."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, slots=True)
class Held:
    """One object that was fetched."""

    etag: str
    size: int
    file: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was fetched, and when."""

    looked_at: datetime | None = None
    problem: str = ""
    """Why the last look broke off; empty where it did not."""
    held: Mapping[str, Held] | None = None
    missing: Money | None = None
    """What the cap would have had to leave, where it was the cap that broke it off."""


def read_address(location: str) -> Address | None:
    """Read `s3://bucket/prefix`; None for a path of this machine. Raises ExportError for half an address."""
    if not location.startswith("s3:"):
        return None
    match = _ADDRESS.fullmatch(location)
    if match is None:
        raise ExportError(f"{location!r} is no place in S3; write s3://bucket/prefix")
    return Address(match["bucket"], (match["prefix"] or "").strip("/"))


class Bucket:
    """An export's place in S3 and the folder where its objects are kept."""

    def __init__(self, clients: Clients, address: Address, folder: Path) -> None:
        self._clients = clients
        self._address = address
        self._folder = folder

    def found(self) -> Found:
        """Give what was fetched, without asking S3; the flaws say why it may be old or incomplete."""
        shelf = self.shelf()
        flaws = (Flaw(str(self._address), shelf.problem),) if shelf.problem else ()
        files, manifests = [], []
        for key, held in sorted((shelf.held or {}).items()):
            name, kind = self._name(key), kind_of(key)
            if kind is not None:
                files.append(ExportFile(name, self._folder / held.file, kind, held.etag))
            else:
                manifests.append((name, self._folder / held.file))
        return Found(tuple(files), flaws, tuple(manifests))

    def is_due(self, *, now: datetime) -> bool:
        """Say whether S3 may have something new."""
        shelf = self.shelf()
        if shelf.missing is not None and shelf.missing.amount <= self._clients.meter.money_left().amount.amount:
            return True  # the cap was raised, or opened anew
        return shelf.looked_at is None or now - shelf.looked_at >= (AFTER_FAILURE if shelf.problem else EVERY)

    def price_ahead(self, *, now: datetime) -> Money:
        """Give what looks will cost until the tighter cap opens anew, if each finds as many objects as there are."""
        looks = (self._clients.meter.money_left().limit.span.end - now) // EVERY + 1
        objects = max(FEW, len(self.shelf().held or {}))
        pages = -(-objects // OBJECTS_A_PAGE)
        return (s3_objects.price(self._clients, LIST, pages) + s3_objects.price(self._clients, GET, objects)) * looks

    def fetch(self, *, now: datetime) -> None:
        """Fetch what is new; what fails is noted, and what was fetched stays."""
        self._folder.mkdir(parents=True, exist_ok=True)
        held = dict(self.shelf().held or {})
        problem, doing = "", LIST
        missing, needed = None, s3_objects.price(self._clients, LIST, 1)
        try:
            listed = dict(self._listed())
            doing = GET
            held = {key: each for key, each in held.items() if key in listed}
            wanted = {key: size for key, (etag, size) in listed.items() if key not in held or held[key].etag != etag}
            needed = s3_objects.price(self._clients, GET, len(wanted))
            self._afford(wanted)
            for key, size in wanted.items():
                held[key] = self._object(key, listed[key][0], size)
                self._write(Shelf(self.shelf().looked_at, "", held))
        except (*EXPECTED, OSError) as error:
            problem = _sentence(error, self._scope, doing)
            missing = needed if isinstance(error, NotFree) else None
        self._write(Shelf(now, problem, held, missing))
        self._sweep(held)

    @property
    def _scope(self) -> Scope:
        return self._clients.scopes()[0]

    def _listed(self) -> Iterator[tuple[str, tuple[str, int]]]:
        """Give key, ETag and size of every object that matters."""
        pages = self._clients.client(self._scope, "s3").get_paginator("list_objects_v2")
        number = 0
        prefix = f"{self._address.prefix}/" if self._address.prefix else ""
        for page in pages.paginate(Bucket=self._address.bucket, Prefix=prefix):
            for each in page.get("Contents", ()):
                key = str(each["Key"])
                number += 1
                if number > MOST_FILES:
                    raise ServiceFailure(f"there are more than {MOST_FILES:,} objects; name a longer prefix")
                if (kind_of(key) or key.endswith(MANIFEST)) and key.isprintable():
                    yield key, (str(each["ETag"]).strip('"'), int(each["Size"]))

    def _afford(self, wanted: Mapping[str, int]) -> None:
        """Raise NotFree where the cap does not allow every object, and OSError where the disk has no room."""
        s3_objects.afford(self._clients, len(wanted))
        room, size = shutil.disk_usage(self._folder).free, sum(wanted.values())
        if 2 * size > room:
            raise OSError(
                f"the export's {size / 1e9:.1f} GB and its cube need more than the {room / 1e9:.1f} GB of disk"
            )

    def _object(self, key: str, etag: str, size: int) -> Held:
        name = hashlib.sha256(f"{key}|{etag}".encode()).hexdigest()[:32] + f".{kind_of(key) or 'json'}"
        place = (self._address.bucket, key)
        s3_objects.download(self._clients, self._scope, place, self._folder / name, size=size, etag=etag)
        return Held(etag, size, name)

    def _name(self, key: str) -> str:
        return key.removeprefix(self._address.prefix).lstrip("/")

    def shelf(self) -> Shelf:
        """Say what was fetched, and when."""
        try:
            document: dict[str, Any] = json.loads((self._folder / NOTE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Shelf()
        except (OSError, ValueError) as error:
            raise ExportError(f"what was fetched cannot be read: {error}; delete {self._folder}") from error
        at = document["looked_at"]
        held = {key: Held(**each) for key, each in document["held"].items()}
        missing = Money(Decimal(document["missing"])) if document.get("missing") else None
        return Shelf(datetime.fromisoformat(at) if at else None, document["problem"], held, missing)

    def _write(self, shelf: Shelf) -> None:
        document = {
            "looked_at": shelf.looked_at.isoformat() if shelf.looked_at else None,
            "problem": shelf.problem,
            "missing": str(shelf.missing.amount) if shelf.missing else None,
            "held": {key: asdict(each) for key, each in (shelf.held or {}).items()},
        }
        fresh = self._folder / f"{NOTE}.new"
        fresh.write_text(json.dumps(document), encoding="utf-8")
        fresh.replace(self._folder / NOTE)

    def _sweep(self, held: Mapping[str, Held]) -> None:
        named = {each.file for each in held.values()} | {NOTE}
        for path in self._folder.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)


def _sentence(error: Exception, scope: Scope, doing: str) -> str:
    if isinstance(error, OSError) and not isinstance(error, (*EXPECTED,)):
        return f"was not fetched: {error.strerror or error}"
    found: CloudError = translate(error)
    more = f"; {ENOUGH}" if isinstance(found, NotFree) else ""
    return found.sentence(scope, doing) + more
