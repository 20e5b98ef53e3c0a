"""Which files of an export count: AWS may deliver a billing period again beside its older version. Pure.

A manifest names the files of the newest delivery; without one the newest delivery folder of a period holds.
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

from collectors.exports.columns import Schema
from collectors.exports.files import ExportFile, Flaw, Found

LONGEST: Final = 16_000_000
"""Bytes of a manifest that are looked at."""
_DELIVERY: Final = re.compile(r"(?P<period>(?:.*/)?BILLING_PERIOD=\d{4}-\d{2})/(?P<run>\d{4}-?\d{2}[^/]*)/[^/]+$")


@dataclass(frozen=True, slots=True)
class _Manifest:
    name: str
    folder: str
    """The folder that it speaks for."""
    keys: tuple[str, ...]


def newest(found: Found) -> Found:
    """Keep of the files those of the newest delivery of each billing period, as their manifests say."""
    bodies: dict[str, bytes] = {}
    for name, path in found.manifests:
        with path.open("rb") as stream:
            bodies[name] = stream.read(LONGEST)
    return current(found, bodies)


def current(found: Found, manifests: Mapping[str, bytes]) -> Found:
    """Give what `newest` gives, of manifests already read."""
    flaws = list(found.flaws)
    spoken = [each for each in (_read(name, body, flaws) for name, body in sorted(manifests.items())) if each]
    governing: dict[str, set[str]] = {}
    for manifest in sorted(spoken, key=lambda each: each.folder.count("/")):
        if not any(_below(manifest.folder, folder) for folder in governing if folder != manifest.folder):
            governing.setdefault(manifest.folder, set()).update(manifest.keys)
    files = list(found.files)
    for folder, keys in governing.items():
        inside = [file for file in files if _below(file.name, folder)]
        named = [file for file in inside if _named(file.name, folder, keys)]
        if named:
            files = [file for file in files if file not in inside or file in named]
        elif inside:
            flaws.append(Flaw(folder, "has a manifest that names none of its files; all of them were read"))
    return replace(found, files=tuple(_newest(files)), flaws=tuple(flaws))


def _read(name: str, body: bytes, flaws: list[Flaw]) -> _Manifest | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        flaws.append(Flaw(name, "is no JSON, so older deliveries of its billing period cannot be told apart"))
        return None
    listed = document.get("reportKeys") or document.get("dataFiles") if isinstance(document, dict) else None
    keys = tuple(key for key in listed if isinstance(key, str)) if isinstance(listed, list) else ()
    folder, _, _ = name.rpartition("/")
    parts = ["data" if part == "metadata" else part for part in folder.split("/")]
    return _Manifest(name, "/".join(parts), keys) if keys else None


def _below(name: str, folder: str) -> bool:
    return not folder or name.startswith(f"{folder}/")


def _named(name: str, folder: str, keys: set[str]) -> bool:
    last = folder.rpartition("/")[2]
    tail = f"{last}/{name[len(folder) + 1 :]}" if folder else name
    return any(key == tail or key.endswith(f"/{tail}") for key in keys)


def _newest(files: Sequence[ExportFile]) -> Iterator[ExportFile]:
    runs: dict[str, str] = {}
    for file in files:
        if match := _DELIVERY.match(file.name):
            runs[match["period"]] = max(runs.get(match["period"], ""), match["run"])
    for file in files:
        match = _DELIVERY.match(file.name)
        if match is None or runs[match["period"]] == match["run"]:
            yield file


class Covering(Protocol):
    """What is known of a file that was read through."""

    @property
    def schema(self) -> str: ...
    @property
    def months(self) -> tuple[str, ...]: ...


Known = TypeVar("Known", bound=Covering)


def without_doubles(known: Mapping[str, Known]) -> tuple[Mapping[str, Known], tuple[Flaw, ...]]:
    """Leave out legacy CUR of months that FOCUS covers: both tell the same charges, which would count twice."""
    covered = {month for each in known.values() if each.schema == Schema.FOCUS for month in each.months}
    doubled = {name: each for name, each in known.items() if each.schema == Schema.CUR and covered & set(each.months)}
    flaws = tuple(
        Flaw(
            name,
            f"was left out: FOCUS files cover {', '.join(sorted(covered & set(each.months)))} too, and both together "
            "would count the same charges twice",
        )
        for name, each in doubled.items()
    )
    return {name: each for name, each in known.items() if name not in doubled}, flaws
