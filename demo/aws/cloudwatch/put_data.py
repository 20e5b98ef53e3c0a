"""PutMetricData: a user's own metrics, with the limits and refusals that AWS has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from moto.core.responses import ActionResult

from core.series import MetricId
from demo import observed
from demo.aws.cloudwatch.base import CloudWatchBase, invalid, invalid_together, malformed, metric_id, missing
from demo.aws.encoding import Prepared
from demo.aws.errors import AwsError
from demo.metric_store import MetricStore

MAX_METRICS: Final = 1000
MAX_VALUES: Final = 150
MAX_BYTES: Final = 1_048_576
MAX_VALUE: Final = 2.0**360
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html and API_MetricDatum.html"""
OLDEST, NEWEST = timedelta(days=14), timedelta(hours=2)
MAX_DIMENSIONS: Final = 30
MAX_ENTITIES: Final = 2
"""EntityMetricData objects of a request. The same page."""
ENTITY_KEYS: Final = frozenset({"Type", "ResourceType", "Identifier", "Name", "Environment"})
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Entity.html"""
ENTITY_KEY_SIZES: Final = (2, 4)
SET_MEMBERS: Final = ("SampleCount", "Sum", "Minimum", "Maximum")


@dataclass(frozen=True, slots=True)
class Place:
    """A datum of the request, for its refusals."""

    datum: Mapping[str, Any]
    path: str

    def of(self, member: str) -> str:
        return f"{self.path}.{member}"


class PutMetricData(CloudWatchBase):
    def put_metric_data(self) -> ActionResult:
        self._check_size()
        namespace = str(self.params["Namespace"])
        if namespace.startswith("AWS/"):
            invalid(f"The value {namespace} for parameter Namespace is invalid.")
        _check_ascii("Namespace", namespace)
        if self.params.get("StrictEntityValidation"):
            _check_entities(self.params.get("EntityMetricData") or [])
        places = _places(self.params)
        now = self.now
        for place in places:
            _check(place, now)
        for place in places:
            metric = metric_id({**place.datum, "Namespace": namespace})
            observed.note(self._ground, self.scope, metric, at=now)
            _put(self.store, metric, place.datum, now)
        return Prepared({})

    def _check_size(self) -> None:
        size = len(self.normalized_request.data)
        if size > MAX_BYTES:
            message = f"Request size {size} exceeded {MAX_BYTES} bytes."
            raise AwsError("RequestEntityTooLarge", message, status=413)


def _places(params: Mapping[str, Any]) -> Sequence[Place]:
    """Give every datum with its path.

    Those that belong to an entity are metrics like the others; no operation of CloudWatch's reads an entity back.
    """
    plain, entities = params.get("MetricData") or [], params.get("EntityMetricData") or []
    if len(entities) > MAX_ENTITIES:
        malformed(f"The collection EntityMetricData must not have a size greater than {MAX_ENTITIES}.")
    places = [Place(datum, f"MetricData.member.{n}") for n, datum in enumerate(plain, 1)]
    for e, entity in enumerate(entities, 1):
        path = f"EntityMetricData.member.{e}.MetricData.member"
        places += [Place(datum, f"{path}.{n}") for n, datum in enumerate(entity.get("MetricData") or [], 1)]
    if len(places) > MAX_METRICS:
        malformed(f"The collection MetricData must not have a size greater than {MAX_METRICS}.")
    if not places:
        missing("The parameter MetricData is required.")
    return places


def _check_entities(given: Sequence[Mapping[str, Any]]) -> None:
    """Refuse the whole request for an entity that is none; without StrictEntityValidation its metrics are kept."""
    least, most = ENTITY_KEY_SIZES
    for e, each in enumerate(given, 1):
        keys = (each.get("Entity") or {}).get("KeyAttributes") or {}
        if not least <= len(keys) <= most or "Type" not in keys or not ENTITY_KEYS.issuperset(keys):
            invalid(f"The value for parameter EntityMetricData.member.{e}.Entity.KeyAttributes is invalid.")


def _check_ascii(path: str, text: str) -> None:
    if not (text.isascii() and text.isprintable() and text.strip()):
        invalid(f"The value {text} for parameter {path} contains non-ASCII or control characters, or is blank.")


def _check_names(place: Place) -> None:
    _check_ascii(place.of("MetricName"), str(place.datum["MetricName"]))
    for n, pair in enumerate(place.datum.get("Dimensions") or [], 1):
        path = place.of(f"Dimensions.member.{n}")
        _check_ascii(f"{path}.Name", pair["Name"])
        _check_ascii(f"{path}.Value", pair["Value"])
        if pair["Name"].startswith(":"):
            invalid(f"The value {pair['Name']} for parameter {path}.Name is invalid; it must not start with a colon.")


def _check(place: Place, now: datetime) -> None:
    datum = place.datum
    if len(datum.get("Dimensions") or []) > MAX_DIMENSIONS:
        invalid(f"The collection {place.of('Dimensions')} must not have a size greater than {MAX_DIMENSIONS}.")
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
    if not given:
        missing(
            f"At least one of the parameters {place.of('Value')}, {place.of('Values')} "
            f"or {place.of('StatisticValues')} must be specified."
        )
    if len(given) > 1:
        first, second = place.of(given[0]), place.of(given[1])
        invalid_together(f"The parameters {first} and {second} are mutually exclusive and you have specified both.")
    _check_names(place)
    _check_values(place)
    _check_time(place, now)
    if datum.get("StorageResolution", 60) not in {1, 60}:
        value = datum["StorageResolution"]
        invalid(f"The value {value} for parameter {place.of('StorageResolution')} is invalid; it must be 1 or 60.")


def _check_values(place: Place) -> None:
    datum = place.datum
    values, counts = datum.get("Values"), datum.get("Counts")
    if values is not None and len(values) > MAX_VALUES:
        invalid(f"The collection {place.of('Values')} must not have a size greater than {MAX_VALUES}.")
    if values is not None and not values:
        missing(f"The collection {place.of('Values')} must not be empty.")
    if counts is not None and len(counts) != len(values or []):
        invalid_together(f"The parameters {place.of('Values')} and {place.of('Counts')} must be of the same size.")
    numbers = [("Value", datum.get("Value"))]
    numbers += [(f"Values.member.{n}", value) for n, value in enumerate(values or [], 1)]
    numbers += [(f"Counts.member.{n}", count) for n, count in enumerate(counts or [], 1)]
    numbers += [(f"StatisticValues.{name}", (datum.get("StatisticValues") or {}).get(name)) for name in SET_MEMBERS]
    for name, number in numbers:
        if number is not None and (not math.isfinite(number) or abs(number) > MAX_VALUE):
            invalid(f"The value {_aws_number(number)} for parameter {place.of(name)} is invalid.")
    if any(count < 0 for count in counts or []):
        invalid(f"The collection {place.of('Counts')} must not hold negative numbers.")


def _check_time(place: Place, now: datetime) -> None:
    at = place.datum.get("Timestamp")
    if at is None:
        return
    if at < now - OLDEST:
        invalid(f"The parameter {place.of('Timestamp')} must specify a time no more than two weeks in the past.")
    if at > now + NEWEST:
        invalid(f"The parameter {place.of('Timestamp')} must specify a time no more than two hours in the future.")


def _put(store: MetricStore, metric: MetricId, datum: Mapping[str, Any], now: datetime) -> None:
    times = np.array([int((datum.get("Timestamp") or now).timestamp())])
    unit, resolution = datum.get("Unit"), int(datum.get("StorageResolution", 60))
    sets = datum.get("StatisticValues")
    if sets is not None:
        n, total, least, most = (np.array([float(sets[name])]) for name in SET_MEMBERS)
        store.put_sets(
            metric, times, sample_count=n, sums=total, minimum=least, maximum=most, unit=unit, resolution=resolution
        )
        return
    values = np.array([datum["Values"] if datum.get("Values") else [datum.get("Value", 0.0)]], dtype=np.float64)
    counts = np.array([datum["Counts"]], dtype=np.float64) if datum.get("Counts") else None
    store.put(metric, times, values, counts, unit=unit, resolution=resolution)


def _aws_number(number: float) -> str:
    """Write a number as AWS's Java does."""
    if math.isnan(number):
        return "NaN"
    return f"{'-' if number < 0 else ''}Infinity" if math.isinf(number) else str(number)
