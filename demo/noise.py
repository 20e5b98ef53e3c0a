"""Randomness by counter: the noise at an instant follows from seed, subject and instant alone.

A stream of random numbers would depend on who asked before; this does not, so history and live numbers are computed
by the same code, in any order, and two runs with one seed agree.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from core.series import Times, Values

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)
"""SplitMix64. https://prng.di.unimi.it/splitmix64.c"""


def key(*words: object) -> int:
    """Give the 64-bit key of a subject, such as `key(seed, "cpu", instance)`."""
    return int.from_bytes(blake2b("\x1f".join(map(str, words)).encode(), digest_size=8).digest(), "big")


def bits(subject: int, counters: Times) -> npt.NDArray[np.uint64]:
    """Give 64 random bits for each of `counters`, any shape."""
    return _mixed(np.asarray(counters).astype(np.uint64), subject)


def uniform(subject: int, times: Times) -> Values:
    """Give one number in (0, 1) for each of `times`, any shape."""
    return ((bits(subject, times) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(subject: int, times: Times) -> Values:
    """Give one standard-normal number for each of `times` (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log(uniform(subject, times)))
    return radius * np.cos(2.0 * np.pi * uniform(subject ^ 0x5DEECE66D, times))


def drift(subject: int, times: Times, *, every: int) -> Values:
    """Give standard-normal numbers that change smoothly, with a new aim every `every` seconds."""
    place = np.asarray(times, np.int64)
    knot = place // every
    share = (place - knot * every) / every
    ease = share * share * (3.0 - 2.0 * share)
    return normal(subject, knot) * (1.0 - ease) + normal(subject, knot + 1) * ease


def _mixed(counters: npt.NDArray[np.uint64], subject: int) -> npt.NDArray[np.uint64]:
    state = counters * _STEP + np.uint64(subject)
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))
