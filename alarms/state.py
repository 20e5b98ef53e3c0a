"""The states of an alarm."""

from __future__ import annotations

from enum import StrEnum


class StateValue(StrEnum):
    """AWS's three states."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
