"""How a command reaches AWS, and how it speaks."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from cloud.clients import Clients
from cloud.database import NewerSchemaError
from cloud.faults import CloudError
from cloud.metering import Meter, feature
from cloud.settings import SettingsError, load
from collectors.sources import CloudSources
from collectors.store import Store
from core.reading import Scope

UNREAD = 2
"""Exit code of a command that could not read what it was asked about."""


class CommandError(Exception):
    """Why a command cannot go on; a sentence for people."""


@contextmanager
def sources(name: str, *, clock: Callable[[], datetime]) -> Iterator[CloudSources]:
    """Give the reads of the cloud that the settings name, through the store that the dashboard uses too."""
    try:
        settings = load()
    except SettingsError as error:
        raise CommandError(str(error)) from error
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        meter, store = Meter(settings.place, clock=clock, caps=settings.caps), Store(settings.place)
    except NewerSchemaError as error:
        raise CommandError(error.detail) from error
    clients = Clients(settings, meter)
    try:
        with feature(name):
            yield CloudSources(clients, store)
    finally:
        clients.close()
        store.close()


def scopes(found: CloudSources, *, account: str | None, region: str | None) -> tuple[Scope, ...]:
    """Give the watched places that were asked for; raises CommandError where there is none."""
    try:
        watched = found.scopes
    except CloudError as error:
        raise CommandError(
            error.sentence(Scope("the caller's account", "any region"), "sts:GetCallerIdentity")
        ) from error
    wanted = tuple(s for s in watched if account in {None, s.account} and region in {None, s.region})
    if not wanted:
        known = ", ".join(str(scope) for scope in watched)
        raise CommandError(f"{account or 'any account'}/{region or 'any region'} is not watched; watched are {known}")
    return wanted


def say(text: str, *, to_people: bool = False) -> None:
    """Print, but no control or direction characters: names are other people's text."""
    shown = re.sub(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]",
        lambda found: f"\\u{ord(found.group()):04x}",
        text,
    )
    print(shown, file=sys.stderr if to_people else sys.stdout)
