"""What CloudWatch's operations share: their ground, their refusals, their pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from core.series import MetricId
from demo.alarm_book import AlarmBook
from demo.aws.errors import AwsError
from demo.aws.wire import AwsService
from demo.ground import Ground
from demo.metric_store import MetricStore

T = TypeVar("T")


class CloudWatchBase(AwsService):
    """A CloudWatch request on its ground."""

    SERVICE = "cloudwatch"

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self._ground = ground

    @property
    def now(self) -> datetime:
        return self._ground.clock.now()

    @property
    def store(self) -> MetricStore:
        return self._ground.stores.of(self.scope)

    @property
    def book(self) -> AlarmBook:
        return self._ground.books.of(self.scope)


def metric_id(given: Mapping[str, Any]) -> MetricId:
    """Read Namespace, MetricName and Dimensions."""
    dimensions = tuple((pair["Name"], pair["Value"]) for pair in given.get("Dimensions") or ())
    return MetricId(given["Namespace"], given["MetricName"], dimensions)


def dimension_list(metric: MetricId) -> list[dict[str, str]]:
    """Give dimensions as AWS does."""
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]


def invalid(message: str) -> NoReturn:
    raise AwsError("InvalidParameterValue", message)


def invalid_together(message: str) -> NoReturn:
    raise AwsError("InvalidParameterCombination", message)


def malformed(message: str) -> NoReturn:
    raise AwsError("ValidationError", message)


def missing(message: str) -> NoReturn:
    raise AwsError("MissingParameter", message)


def not_found(message: str) -> NoReturn:
    raise AwsError("ResourceNotFound", message, status=404)


def page(items: Sequence[T], token: str | None, size: int) -> tuple[Sequence[T], str | None]:
    """Give one page of `items` and the token of the next, or None after the last."""
    start = int(read_token(token).get("start", 0)) if token else 0
    end = start + size
    return items[start:end], write_token({"start": end}) if end < len(items) else None


def write_token(document: Mapping[str, Any]) -> str:
    """Give `document` as a token that tells a client nothing."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode()


def read_token(token: str) -> dict[str, Any]:
    """Read a token back; refuse one that this demo cloud did not write."""
    try:
        document = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error) as error:
        raise AwsError("InvalidNextToken", f"{token} is not a valid next token.") from error
    if not isinstance(document, dict):
        raise AwsError("InvalidNextToken", f"{token} is not a valid next token.")
    return document
