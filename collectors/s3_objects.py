"""Objects of S3 into files of ours: the price of requests before they are made, and each object whole or not at all."""

from __future__ import annotations

import secrets
from contextlib import closing
from pathlib import Path
from typing import Final

from cloud.clients import Clients
from cloud.faults import NotFree, ServiceFailure
from core.money import ZERO, Money
from core.reading import Scope

LIST: Final = "s3:ListObjectsV2"
"""What is listed with, a request for each 1,000 objects."""
GET: Final = "s3:GetObject"
"""What is fetched with, a request for each object."""
_CHUNK: Final = 1 << 20


def price(clients: Clients, operation: str, calls: int) -> Money:
    """Give what so many calls of `LIST` or `GET` cost."""
    service, _, name = operation.partition(":")
    found = clients.meter.prices.price(service, name)
    return (found.each if found else ZERO) * calls


def afford(clients: Clients, number: int) -> None:
    """Raise NotFree where the caps do not leave enough to fetch `number` objects."""
    cost, left = price(clients, GET, number), clients.meter.money_left()
    if cost.amount > left.amount.amount:
        raise NotFree(f"{number} {'object costs' if number == 1 else 'objects cost'} {cost}, and {left}")


def download(
    clients: Clients, scope: Scope, place: tuple[str, str], path: Path, *, size: int, etag: str | None = None
) -> None:
    """Fetch the object `place` (bucket, key) of `size` bytes into `path`: all of it, or nothing is left behind.

    With `etag` only that version. Raises what AWS and the disk do, and ServiceFailure for an answer that broke off.
    """
    bucket, key = place
    version = {"IfMatch": etag} if etag else {}
    answer = clients.client(scope, "s3").get_object(Bucket=bucket, Key=key, **version)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with closing(answer["Body"]) as body, fresh.open("wb") as stream:
            written = sum(stream.write(chunk) for chunk in body.iter_chunks(_CHUNK))
        if written != size:
            raise ServiceFailure(f"{key} broke off after {written:,} of {size:,} bytes")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
