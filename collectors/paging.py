"""Every page of an answer, and a fault where the pages break off: what was read until then is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloud.clients import Clients
from cloud.faults import EXPECTED, fault_of
from cloud.permissions import IAM_PREFIX
from core.reading import Fault, Scope


def pages(
    clients: Clients, scope: Scope, service: str, operation: str, faults: list[Fault], **params: Any
) -> Iterator[dict[str, Any]]:
    """Give each page of `operation` (in AWS's spelling); a failure ends them and is added to `faults`."""
    try:
        client = clients.client(scope, service)
        method = _snake(operation)
        if client.can_paginate(method):
            yield from client.get_paginator(method).paginate(**params)
        else:
            yield getattr(client, method)(**params)
    except EXPECTED as error:
        faults.append(fault_of(error, scope, f"{IAM_PREFIX.get(service, service)}:{operation}"))


def _snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
