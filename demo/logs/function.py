"""The thumbnail function's log, in the lines that Lambda writes around each invocation.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from core.timespan import from_epoch
from demo.logs.block import Row
from demo.logs.moments import SLOT, SLOTS, Moments
from demo.logs.visits import A_SLOT
from demo.noise import bits, key, normal, uniform

MIDDLE: Final = 240.0
"""Milliseconds of the middle invocation; `demo.emission` spreads its samples around it."""
SPREAD: Final = 0.45
RUNAWAY: Final = 9.0
"""How much longer a whole photo takes."""
LONGEST: Final = 30_000
"""Milliseconds: the function's timeout."""
CONTAINER_HOURS: Final = 4
"""A container is replaced about so often; it has a stream of its own."""
EACH: Final = 8
"""Numbers that the lines of one invocation may have."""
MEMORY: Final = 1024
CRASH: Final = (
    "[ERROR] ClientError: An error occurred (SlowDown) when calling the PutObject operation: Please reduce your "
    "request rate.\nTraceback (most recent call last):\n"
    '  File "/var/task/thumbnails.py", line 41, in handler\n'
    "    s3.put_object(Bucket=bucket, Key=target, Body=small)"
)


def lines(now: Moments, *, function: str) -> Iterator[Row]:
    """Give the lines of every invocation that starts in the minute; the last may be of the next minute."""
    slot = np.repeat(np.arange(SLOTS), now.calls)
    place = np.arange(slot.size) - np.repeat(np.cumsum(now.calls) - now.calls, now.calls)
    number = (now.minute // SLOT + slot) * A_SLOT + place * EACH
    source = now.now.source
    began = (now.minute + SLOT * slot) * 1000 + (uniform(source.key("call"), number) * SLOT * 1000).astype(np.int64)
    spread = np.exp(SPREAD * normal(source.key("call", "ms"), number))
    took = np.minimum(MIDDLE * spread * (1.0 + RUNAWAY * now.surge[slot]), LONGEST)
    at_once = np.maximum(1, np.ceil(now.calls * SLOTS * 0.27 / 60.0)).astype(np.int64)[slot]
    columns = (number, began, took, place, now.crashed[slot], at_once, bits(source.key("call", "id"), number), slot)
    for first, ms, duration, order, crashed, width, chosen, at in zip(*(c.tolist() for c in columns), strict=True):
        stream = stream_of(source.key("container"), ms, order % width)
        deep = 1 + (chosen % 6 if chosen % 1000 < now.surge[at] * 1000 else 0)
        for offset, (when, text) in enumerate(_invocation(ms, duration, chosen, crashed=order < crashed, deep=deep)):
            yield when, first + offset, stream, text
        if chosen % 97 == 0:
            yield (
                ms,
                first + 6,
                stream,
                f"INIT_START Runtime Version: python:3.13.v74\tRuntime Version ARN: {_runtime(function)}\n",
            )


def stream_of(container: int, ms: int, order: int) -> str:
    """Give the stream of one container: its day, its version, its id."""
    block = ms // (CONTAINER_HOURS * 3_600_000)
    high, low = bits(container ^ order, np.array([block, block + (1 << 40)])).tolist()
    day = from_epoch(block * CONTAINER_HOURS * 3600)
    return f"{day:%Y/%m/%d}/[$LATEST]{high:016x}{low:016x}"


def _invocation(ms: int, duration: float, chosen: int, *, crashed: bool, deep: int) -> Iterator[tuple[int, str]]:
    request = _uuid(chosen)
    photo = f"{1000 + chosen % 9000}.jpg"
    yield ms, f"START RequestId: {request} Version: $LATEST\n"
    middle, end = ms + int(duration * 0.8), ms + int(duration)
    stamp = f"{from_epoch(middle // 1000):%Y-%m-%dT%H:%M:%S}.{middle % 1000:03d}Z"
    if crashed:
        yield middle, f"{CRASH}\n"
    elif deep > 1:
        trigger = "thumbnails/" * (deep - 1)
        yield middle, f"[WARNING]\t{stamp}\t{request}\tTriggered by my own thumbnail {trigger}{photo}\n"
        yield middle, f"[INFO]\t{stamp}\t{request}\tThumbnail written: {'thumbnails/' * deep}{photo}\n"
    else:
        yield middle, f"[INFO]\t{stamp}\t{request}\tThumbnail written: thumbnails/{photo}\n"
    yield end, f"END RequestId: {request}\n"
    used = 88 + chosen % 40 + (300 if deep > 1 else 0)
    report = (
        f"REPORT RequestId: {request}\tDuration: {duration:.2f} ms\tBilled Duration: {int(duration) + 1} ms\t"
        f"Memory Size: {MEMORY} MB\tMax Memory Used: {used} MB\t\n"
    )
    yield end, report


def _uuid(chosen: int) -> str:
    digits = f"{chosen:016x}{key('uuid', chosen):016x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _runtime(function: str) -> str:
    return f"arn:aws:lambda:us-east-1::runtime:{key(function):016x}{key(function, 2):016x}"
