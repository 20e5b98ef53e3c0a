"""A draft of an alarm: every field as it was typed, right or wrong, and its way into a link and back.

A draft is what a form holds, not what an alarm is: a threshold may be `7o`. `dashboard.views.alarm_form` makes request
parameters of it, and says what is wrong beside which field. What a link holds is not trusted.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, TypeVar

LONGEST_IN_LINK: Final = 1_500
"""Characters of a draft that a link carries by itself; a longer one is kept here, under its own name. Ours: proxies and
chat programs cut links from about 2,000 characters on."""
LONGEST_DOCUMENT: Final = 100_000
"""Characters of a draft; the largest request that PutMetricAlarm and PutCompositeAlarm take is far below."""
MOST_ENTRIES: Final = 100
"""Entries of one list: AWS allows 5 actions a state, 50 tags and 20 metrics, and a draft may hold too many."""
KEPT_SIGN: Final = "k"
CARRIED_SIGN: Final = "c"
"""First character of a token: whether the rest is the draft, or the name under which it is kept."""


class Kind(StrEnum):
    """What the form asks for."""

    METRIC = "metric"
    MATH = "math"
    BAND = "band"
    COMPOSITE = "composite"
    REQUEST = "request"
    """The request itself, as JSON: for alarms that have no fields here, such as PromQL and log alarms."""


class DraftError(ValueError):
    """A link whose draft cannot be read; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class QueryDraft:
    """One line of a metric-math alarm: a metric, or an expression where `expression` is not None.

    `id`, `label` and `account_id` are MetricDataQuery's; `namespace`, `metric`, `statistic`, `unit` its MetricStat's.
    """

    id: str = ""
    namespace: str = ""
    metric: str = ""
    dimensions: str = ""
    """One `Name=Value` a line."""
    statistic: str = "Average"
    period: str = "60"
    """Seconds; of an expression empty, but where it needs its own."""
    unit: str = ""
    expression: str | None = None
    label: str = ""
    watched: bool = False
    """Its values are compared with the threshold, or are the band (`ReturnData`)."""
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class MarkedIncident:
    """A span in which the alarm should page, marked on the chart: `start` and `end` as instants stand in links."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The form. Numbers are as typed; an empty text was not given.

    `kind` decides which of the fields are asked for; the others keep what they hold. AWS's members under house names:
    `name`, `description`, `namespace`, `metric`, `statistic`, `period` (seconds), `unit`, `comparison`, `threshold`,
    `n` (evaluation periods), `missing` (TreatMissingData), `low_samples`, `timezone`, `rule`, `actions_enabled`,
    `ok_actions`, `alarm_actions`, `insufficient_actions`, `tags`; of a composite `suppressor`, and in seconds
    `suppressor_wait` and `suppressor_extension`; of a band `band_comparison`; of metric math `queries`. `incidents` are
    marked on the chart. `topic_protocol`, `policy_name`, `policy_kind`, `policy_target` and `policy_metric` are AWS's.
    """

    kind: Kind = Kind.METRIC
    name: str = ""
    description: str | None = None
    namespace: str = ""
    metric: str = ""
    dimensions: str = ""
    """One `Name=Value` a line."""
    statistic: str = "Average"
    period: str = "60"
    unit: str = ""
    comparison: str = "GreaterThanThreshold"
    threshold: str = ""
    width: str = "2"
    """Standard deviations between what is usual and the edge of the band."""
    band_comparison: str = "LessThanLowerOrGreaterThanUpperThreshold"
    m: str = ""
    """Datapoints that must breach; empty: all of the evaluated ones."""
    n: str = "1"
    missing: str = ""
    low_samples: str = ""
    window: str = ""
    """`sliding`, `clock` or not given, which slides."""
    timezone: str = ""
    warm_up: str = ""
    """Minutes."""
    warm_up_whole: str = ""
    """`yes`, `no` or not given: whether the whole warm-up is waited for, even where data come earlier."""
    queries: tuple[QueryDraft, ...] = ()
    threshold_id: str = ""
    """Of metric math against a band: the id of the band."""
    rule: str = ""
    suppressor: str = ""
    suppressor_wait: str = ""
    suppressor_extension: str = ""
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_actions: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    document: str = ""
    """The request as JSON, where that is the form."""
    rest: str = ""
    """Members of the request that have no field here, as JSON: kept, never dropped."""
    live: str = ""
    """The request of the alarm that is edited, as it was when this draft began, as JSON; empty for a new one."""
    incidents: tuple[MarkedIncident, ...] = ()
    topic_name: str = ""
    """Of a topic that is about to be made; it and what follows are no part of the alarm."""
    topic_protocol: str = "email"
    topic_endpoint: str = ""
    """Who is to be told: an address, a URL or an ARN."""
    policy_group: str = ""
    """Of a scaling policy that is about to be made."""
    policy_name: str = ""
    policy_kind: str = "StepScaling"
    policy_unit: str = "ChangeInCapacity"
    """AWS's adjustment type."""
    policy_change: str = "1"
    """How many instances a simple policy adds, or takes away below 0."""
    policy_steps: str = "0 to 10: +1\n10 and more: +2"
    """One step a line, counted from the threshold."""
    policy_target: str = "50"
    policy_metric: str = "ASGAverageCPUUtilization"
    days: str = ""
    """Days that are replayed; empty for two weeks."""


T = TypeVar("T")
_NOTHING: Final = Draft()


def document(draft: Draft) -> str:
    """Write a draft as JSON; what is as in an empty form is left out."""
    return json.dumps(_changed(draft, _NOTHING), ensure_ascii=False, separators=(",", ":"))


def _changed(value: Any, default: Any) -> dict[str, Any]:
    found = {each.name: getattr(value, each.name) for each in fields(value)}
    changed = {name: held for name, held in found.items() if held != getattr(default, name)}
    return {name: _plain(held) for name, held in changed.items()}


def _plain(held: Any) -> Any:
    if isinstance(held, QueryDraft):
        return _changed(held, QueryDraft())
    if isinstance(held, MarkedIncident):
        return [held.start, held.end]
    return [_plain(each) for each in held] if isinstance(held, tuple) else held


def read_document(text: str) -> Draft:
    """Read what `document` wrote; raises DraftError for what no form could have written."""
    if len(text) > LONGEST_DOCUMENT:
        raise DraftError(f"the draft has {len(text):,} characters; {LONGEST_DOCUMENT:,} are read at most")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DraftError("the draft is no JSON; open a new form, or the link as it was sent") from None
    return _read(Draft, found)


def _read(kind: type[T], found: object) -> T:
    if not isinstance(found, Mapping):
        raise DraftError("the draft is no JSON object; open a new form, or the link as it was sent")
    readers = {each.name: _READERS.get(each.name, _reader_of(each)) for each in fields(kind)}  # type: ignore[arg-type]
    unknown = [str(name)[:40] for name in found if name not in readers]
    if unknown:
        raise DraftError(f"the draft has a field {unknown[0]!r} that this form does not have")
    return kind(**{name: readers[name](held) for name, held in found.items()})


def _reader_of(field: dataclasses.Field[Any]) -> Any:
    return _flag if isinstance(field.default, bool) else _text


def _text(held: object) -> str:
    if not isinstance(held, str):
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a text")
    return held.encode("utf-8", "replace").decode()  # no browser types a lone surrogate, and none can be shown


def _flag(held: object) -> bool:
    if not isinstance(held, bool):
        raise DraftError(f"{str(held)[:40]!r} stands where the form has a yes or no")
    return held


def _many(held: object) -> list[Any]:
    if not isinstance(held, list) or len(held) > MOST_ENTRIES:
        raise DraftError(f"a list of the form is no list of at most {MOST_ENTRIES} entries")
    return held


def _pair(held: object) -> tuple[str, str]:
    pair = _many(held)
    if len(pair) != 2:
        raise DraftError("a tag of the form is a key and a value")
    return _text(pair[0]), _text(pair[1])


def _kind(held: object) -> Kind:
    if held not in list(Kind):
        raise DraftError(f"{str(held)[:40]!r} is no kind of alarm; known are {', '.join(Kind)}")
    return Kind(str(held))


def _texts(held: object) -> tuple[str, ...]:
    return tuple(_text(each) for each in _many(held))


_READERS: Final[Mapping[str, Any]] = {
    "kind": _kind,
    "expression": lambda held: None if held is None else _text(held),
    "description": lambda held: None if held is None else _text(held),
    "queries": lambda held: tuple(_read(QueryDraft, each) for each in _many(held)),
    "incidents": lambda held: tuple(MarkedIncident(*_pair(each)) for each in _many(held)),
    "tags": lambda held: tuple(_pair(each) for each in _many(held)),
    "ok_actions": _texts,
    "alarm_actions": _texts,
    "insufficient_actions": _texts,
}


def carried(text: str) -> str | None:
    """Give the token that carries a draft's document in the link itself, or None where it would be too long."""
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 9)).decode().rstrip("=")
    return CARRIED_SIGN + packed if len(packed) < LONGEST_IN_LINK else None


def unpacked(token: str) -> str:
    """Give the document that a token carries; raises DraftError. No token swells beyond the longest draft."""
    try:
        data = base64.urlsafe_b64decode(token[1:] + "=" * (-len(token[1:]) % 4))
        inflater = zlib.decompressobj()
        text = inflater.decompress(data, LONGEST_DOCUMENT * 4).decode("utf-8", "surrogatepass")
    except (binascii.Error, zlib.error, ValueError) as error:
        raise DraftError("the link's draft cannot be read; it may have been cut short, ask for it again") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise DraftError("the link's draft is cut short or too long; ask for the link again")
    return text
