"""What AWS takes as a custom metric and as a datapoint of one, checked where it is put, before anything is kept.

Lengths, units and the number of dimensions are botocore's model's; what it does not say has a name and a source here.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import botocore.session
import orjson

from core.reading import Unknown
from core.series import MetricId

PUT_METRIC_DATA: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html"
METRIC_DATUM: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"
DIMENSION: Final = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html"

LARGEST: Final = 2.0**360
"""Largest value, either sign. Source: PUT_METRIC_DATA."""
OLDEST_MS: Final = 14 * 86_400_000
"""Milliseconds before now that a datapoint may be of: two weeks. Source: PUT_METRIC_DATA."""
AHEAD_MS: Final = 2 * 3_600_000
"""Milliseconds after now: two hours. Source: PUT_METRIC_DATA."""
RESOLUTIONS: Final = (1, 60)
"""Seconds in which a metric is stored. Source: METRIC_DATUM."""
RESERVED: Final = "AWS/"
"""Begins the namespaces of AWS's own services. Source: PUT_METRIC_DATA."""


class MetricRefusedError(ValueError):
    """What was put is not kept. The message says what was given, what is accepted, and what to do."""

    reason = "invalid"
    """Under which the refusal is counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What botocore's model of PutMetricData says."""

    units: frozenset[str]
    namespace: int
    name: int
    dimensions: int
    dimension_name: int
    dimension_value: int


@functools.cache
def limits() -> Limits:
    """Read the model, once a process."""
    model = botocore.session.get_session().get_service_model("cloudwatch")
    most = {
        name: int(model.shape_for(name).metadata["max"])
        for name in ("Namespace", "MetricName", "Dimensions", "DimensionName", "DimensionValue")
    }
    unit: Any = model.shape_for("StandardUnit")
    return Limits(frozenset(unit.enum), *most.values())


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric, and how its datapoints are sent."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()
    """(name, value), sorted."""
    unit: str | None = None
    resolution: int = 60
    """Seconds."""
    percentiles: bool = True
    """False: datapoints are sent as statistic sets, which is less and loses percentiles."""
    id: int = field(init=False, default=0)
    """64 bits that follow from all of the above."""

    def __post_init__(self) -> None:
        document = [self.namespace, self.name, self.dimensions, self.unit, self.resolution, self.percentiles]
        digest = hashlib.blake2b(orjson.dumps(document), digest_size=8).digest()
        object.__setattr__(self, "id", int.from_bytes(digest, "little"))

    @property
    def billed_as(self) -> MetricId:
        """What AWS bills once, whatever unit and resolution it is put with."""
        return MetricId(self.namespace, self.name, self.dimensions)

    def __str__(self) -> str:
        """Name the metric without its dimensions' values, which may be personal."""
        return f"{self.namespace} {self.name}" + (
            f" by {', '.join(n for n, _ in self.dimensions)}" * bool(self.dimensions)
        )


def define(
    namespace: str,
    name: str,
    *,
    dimensions: Mapping[str, str] | None = None,
    unit: str | None = None,
    resolution: int = 60,
    percentiles: bool = True,
) -> Definition:
    """Give the definition of a metric that AWS takes; raises `MetricRefusedError`."""
    check_namespace(namespace)
    _check_text("the metric's name", name, limits().name)
    if unit is not None and unit not in limits().units:
        raise MetricRefusedError(f"{unit!r} is no unit of CloudWatch; give one of {', '.join(sorted(limits().units))}")
    if resolution not in RESOLUTIONS or isinstance(resolution, bool):
        raise MetricRefusedError(
            f"resolution {resolution!r} is not accepted; give 60, or 1 for a high-resolution metric"
        )
    return Definition(namespace, name, _checked_dimensions(name, dimensions or {}), unit, resolution, percentiles)


def check_namespace(namespace: str) -> None:
    """Raise `MetricRefusedError` where AWS does not take the namespace."""
    _check_text("the namespace", namespace, limits().namespace)
    if namespace.startswith(RESERVED):
        raise MetricRefusedError(f"namespace {namespace!r} is reserved for AWS's own services; begin it otherwise")
    if namespace.startswith(":"):
        raise MetricRefusedError(f"namespace {namespace!r} begins with a colon, which AWS refuses; leave it out")


def _checked_dimensions(name: str, given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    most = limits()
    if len(given) > most.dimensions:
        raise MetricRefusedError(
            f"{name!r} has {len(given)} dimensions and AWS takes {most.dimensions}; leave out those nobody filters by"
        )
    for key, value in given.items():
        _check_text("a dimension's name", key, most.dimension_name)
        _check_text(f"the value of dimension {key!r}", value, most.dimension_value, show=False)
        if key.startswith(":"):
            raise MetricRefusedError(f"dimension {key!r} begins with a colon, which AWS refuses; leave it out")
    return tuple(sorted(given.items()))


def _check_text(what: str, text: object, longest: int, *, show: bool = True) -> None:
    """Hold a text against what AWS takes: ASCII without control characters, and not only spaces. Source: DIMENSION.

    A dimension's value is not shown: it may be personal.
    """
    shown = f" {text!r}"[:80] if show else ""
    if not isinstance(text, str):
        raise MetricRefusedError(f"{what} is a {type(text).__name__}; give text, such as str(value)")
    if not text.strip():
        raise MetricRefusedError(f"{what}{shown} is empty; AWS wants at least one character that is not a space")
    if len(text) > longest:
        raise MetricRefusedError(f"{what}{shown} has {len(text)} characters and AWS takes {longest}; shorten it")
    if not (text.isascii() and text.isprintable()):
        wrong = next(letter for letter in text if not (letter.isascii() and letter.isprintable()))
        raise MetricRefusedError(
            f"{what}{shown} holds {wrong!r}; AWS takes ASCII without control characters, so replace it"
        )


def number(name: str, value: object, *, what: str = "value") -> float:
    """Give a value as a float that AWS takes; raises `MetricRefusedError`."""
    if type(value) is float and -LARGEST <= value <= LARGEST:  # most are; NaN is not between anything
        return value
    if isinstance(value, str | bytes | bool) or not hasattr(value, "__float__"):
        raise MetricRefusedError(f"{what} {value!r} of {name!r} is a {type(value).__name__}; give a number")
    try:
        found = float(value)
    except (OverflowError, TypeError, ValueError):
        raise MetricRefusedError(f"{what} of {name!r} is no number that fits; give one from −2^360 to 2^360") from None
    if not math.isfinite(found):
        raise MetricRefusedError(
            f"{what} {found} of {name!r} is not accepted: AWS takes no NaN and no infinity; leave the datapoint out,"
            " because missing is not zero"
        )
    if abs(found) > LARGEST:
        raise MetricRefusedError(f"{what} {found:g} of {name!r} is beyond AWS's ±2^360; put it in a larger unit")
    return found


def check_count(name: str, count: object) -> float:
    """Give how often a value was seen; raises `MetricRefusedError`."""
    found = number(name, count, what="count")
    if found <= 0:
        raise MetricRefusedError(f"count {found:g} of {name!r} is not accepted; give how often the value was seen")
    return found


def check_set(name: str, values: Sequence[Any]) -> tuple[float, float, float, float]:
    """Give (sample count, sum, minimum, maximum) that can be true together; raises `MetricRefusedError`."""
    labels = ("sample_count", "total", "minimum", "maximum")
    n, total, least, most = (number(name, value, what=label) for label, value in zip(labels, values, strict=True))
    check_count(name, n)
    slack = 1e-9 * max(abs(total), n * abs(least), n * abs(most))
    if least > most or not n * least - slack <= total <= n * most + slack:
        raise MetricRefusedError(
            f"the statistic set of {name!r} cannot be: {n:g} values from {least:g} to {most:g} do not"
            f" sum up to {total:g}"
        )
    return n, total, least, most


def instant(name: str, at: datetime, *, now_ms: int) -> int:
    """Give a datapoint's time in epoch milliseconds where AWS takes it at `now_ms`; raises `MetricRefusedError`."""
    if at.tzinfo is None:
        raise MetricRefusedError(
            f"the time {at.isoformat()} of {name!r} has no zone; give an aware one, such as in UTC"
        )
    ms = int(at.timestamp() * 1000)
    if isinstance(why := in_time(ms, now_ms=now_ms), Unknown):
        raise MetricRefusedError(f"the time {at.isoformat()} of {name!r} {why.why}")
    return ms


def in_time(ms: int, *, now_ms: int) -> Unknown | None:
    """Say why AWS would not take a datapoint of `ms` at `now_ms`; None where it would."""
    if ms < now_ms - OLDEST_MS:
        return Unknown("is more than two weeks ago; AWS takes nothing older, so leave it out")
    if ms > now_ms + AHEAD_MS:
        return Unknown("is more than two hours ahead; AWS takes nothing later, so check the clock it comes from")
    return None
