"""What a read returns: a value with the places where it is incomplete, or `Unknown`; a verdict with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One account in one region: where a thing is, and the key under which anything about it is kept."""

    account: str
    """Twelve digits."""
    region: str

    def __str__(self) -> str:
        return f"{self.account}/{self.region}"


class FaultKind(StrEnum):
    """Why a read is incomplete, in the words of `cloud.faults`."""

    ACCESS_DENIED = "access denied"
    THROTTLED = "throttled"
    EXPIRED_LOGIN = "expired login"
    UNREACHABLE = "unreachable"
    INVALID_REQUEST = "invalid request"
    PARTIAL_DATA = "partial data"
    SERVICE_FAILURE = "service failure"
    NOT_FREE = "not free"
    STORE_DOWN = "store down"


@dataclass(frozen=True, slots=True)
class Fault:
    """One part of a read that did not arrive."""

    where: Scope
    what: str
    """The operation or thing that is missing, in AWS's words, such as `cloudwatch:GetMetricStatistics`."""
    kind: FaultKind
    message: str
    """One sentence for people; may hold text that AWS or a user supplied, so never rendered as Markdown."""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Reading(Generic[T_co]):
    """A value, when it was read, and the faults that make it incomplete."""

    value: T_co
    at: datetime
    """When the newest part of the value was read."""
    faults: tuple[Fault, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.faults

    def map(self, change: Callable[[T_co], U]) -> Reading[U]:
        return Reading(change(self.value), self.at, self.faults)


def joined_faults(readings: Iterable[Reading[object]]) -> tuple[Fault, ...]:
    """Give each distinct fault of `readings` once, in their order."""
    return tuple(dict.fromkeys(fault for reading in readings for fault in reading.faults))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Stands where a value was not read: neither empty nor absent."""

    why: str
    """A sentence for people; may hold text that AWS supplied."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with its reason, a sentence fit for the disabled button."""

    allowed: bool
    reason: str
