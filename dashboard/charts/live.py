"""Charts as the live wall's browser half holds them, and the numbered deltas that keep it current.

A message is `uint32 n`, `n` bytes of JSON, zeros up to a multiple of eight, then float64 numbers, all little-endian.
The JSON says which charts changed; per chart, `drop` points leave in front, `keep` points stay, `add` points follow,
whose times and rows stand in the numbers from `at` on. `static/charts/wire.js` applies them; `applied` here is the same
in Python, and the tests hold both to it. Nothing is sent for a chart that did not change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from core.series import Times, Values
from dashboard.charts.view import ChartView, Line

NOTHING_HERE: Final = float("inf")
"""Stands in a row where another line of the chart has a time that this line does not: the line runs through, without a
gap. NaN is a gap."""

_ALIGNMENT: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One chart as the browser holds it."""

    meta: Mapping[str, str]
    """Everything but the numbers: each field of `described` as JSON. Fifty viewers hold a thousand panels, and text,
    unlike nested lists and dicts, is nothing that the garbage collector walks."""
    times: Times
    """Every time at which a line of the chart has a point, ascending."""
    rows: tuple[Values, ...]
    """One row a line, one value a time; NaN is a gap, `NOTHING_HERE` no point."""

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Panel)
            and self.meta == other.meta
            and np.array_equal(self.times, other.times)
            and len(self.rows) == len(other.rows)
            and all(_same(mine, theirs).all() for mine, theirs in zip(self.rows, other.rows, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]


Picture = dict[str, Panel]
"""Panels by chart key, in the order in which they are drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """What one browser session has been sent."""

    name: str
    """Unique to the session and wall; a browser that holds another stream asks for everything."""
    number: int
    """Of the last message. Each number is used once, so that a message that got lost shows as a gap."""
    picture: Picture


class OutOfStepError(ValueError):
    """A delta does not fit what the client holds; it must ask for everything again."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the wall lays its charts out."""

    height: int = 200
    """Of each plot, in CSS pixels, axes included."""
    columns: int = 3
    """On a wide screen; a narrower one shows two, a phone one."""


def next_message(
    stream: Stream | None, charts: Sequence[ChartView], *, name: str, look: Look = Look()
) -> tuple[Stream, bytes]:
    """Give the stream after sending `charts`, and the message: everything for a new stream, else what changed.

    `name` names the stream that begins where `stream` is None.
    """
    new = picture(charts)
    if stream is None:
        return Stream(name, 0, new), _message({"stream": name, "number": 0, "whole": True}, {}, new, look)
    number = stream.number + 1
    head = {"stream": stream.name, "number": number, "whole": False}
    return Stream(stream.name, number, new), _message(head, stream.picture, new, look)


def picture(charts: Sequence[ChartView]) -> Picture:
    """Give the panels of `charts`; two charts under one key are refused."""
    panels = {chart.key: panel(chart) for chart in charts}
    if len(panels) != len(charts):
        keys = [chart.key for chart in charts]
        doubled = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"several charts have the key {', '.join(doubled)}; give each chart of a wall its own key")
    return panels


def panel(chart: ChartView) -> Panel:
    """Give `chart` on one time axis."""
    times = _all_times(chart.lines)
    return Panel(_encoded(described(chart)), times, tuple(_on(line, times) for line in chart.lines))


def _all_times(lines: Sequence[Line]) -> Times:
    if not lines:
        return np.empty(0, np.int64)
    first = lines[0].times
    if all(line.times is first or np.array_equal(line.times, first) for line in lines[1:]):
        return first
    return np.unique(np.concatenate([line.times for line in lines]))


def _on(line: Line, times: Times) -> Values:
    """Lay `line` on `times`; infinities cannot be drawn and become gaps."""
    values = line.values if not np.isinf(line.values).any() else np.where(np.isinf(line.values), np.nan, line.values)
    if line.times.size == times.size:
        return values
    row = np.full(times.size, NOTHING_HERE)
    row[np.searchsorted(times, line.times)] = values
    return row


def described(chart: ChartView) -> dict[str, Any]:
    """Give everything of `chart` but its numbers, ready for JSON."""
    return {
        "title": chart.title,
        "subtitle": chart.subtitle,
        "unit": chart.unit,
        "right_unit": chart.right_unit,
        "y_from_zero": chart.y_from_zero,
        "y_max": chart.y_max,
        "right_max": chart.right_max,
        "zone": chart.zone,
        "note": chart.note,
        "status": asdict(chart.status) if chart.status else None,
        "span": [chart.span.start.timestamp(), chart.span.end.timestamp()],
        "lines": [
            {"name": line.name, "kind": line.kind, "axis": line.axis, "dash": line.dash, "emphasis": line.emphasis,
             "tone": line.tone}
            for line in chart.lines
        ],
        "settled": [_epoch(line.settled_until) for line in chart.lines],
        "revised": [
            [{"at": each.at.timestamp(), "seen": each.seen, "text": each.text(chart.unit_of(line.axis), chart.zone)}
             for each in line.revised]
            for line in chart.lines
        ],
        "thresholds": [asdict(threshold) for threshold in chart.thresholds],
        "bands": [
            {"from": band.span.start.timestamp(), "to": band.span.end.timestamp(), "label": band.label,
             "tone": band.tone}
            for band in chart.bands
        ],
        "marks": [
            {"at": mark.at.timestamp(), "label": mark.label, "detail": mark.detail, "tone": mark.tone}
            for mark in chart.marks
        ],
    }  # fmt: skip


def _epoch(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _encoded(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: _json(value) for name, value in fields.items()}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _message(head: Mapping[str, Any], old: Picture, new: Picture, look: Look) -> bytes:
    changed: list[str] = []
    numbers: list[Values] = []
    size = 0
    for key, now in new.items():
        change, tails = _change(old.get(key), now)
        if change is not None:
            changed.append(
                f'{_json(key)}:{{"meta":{json_object(change.pop("meta"))},{_json({**change, "at": size})[1:]}'
            )
            numbers.extend(tails)
            size += sum(tail.size for tail in tails)
    fields = {**_encoded(head), "look": _json(asdict(look)), "order": _json(list(new))}
    return packed(json_object({**fields, "charts": f"{{{','.join(changed)}}}"}), numbers)


def packed(json_text: str, numbers: Sequence[Values]) -> bytes:
    """Put JSON and numbers into one message, which `opened` takes apart."""
    text = json_text.encode()
    padding = b"\0" * (-(4 + len(text)) % _ALIGNMENT)
    blob = np.concatenate(numbers).astype("<f8", copy=False).tobytes() if numbers else b""
    return len(text).to_bytes(4, "little") + text + padding + blob


def json_object(fields: Mapping[str, str]) -> str:
    """Give a JSON object of fields that are JSON already."""
    return "{" + ",".join(f"{_json(name)}:{value}" for name, value in fields.items()) + "}"


def _change(old: Panel | None, new: Panel) -> tuple[dict[str, Any] | None, list[Values]]:
    """Give what turns `old` into `new` and the numbers for it; None where nothing differs."""
    if old is None or len(old.rows) != len(new.rows):
        meta = dict(new.meta)
        drop, keep = (0 if old is None else old.times.size), 0
    else:
        meta = {field: value for field, value in new.meta.items() if old.meta[field] != value}
        drop, keep = _overlap(old, new)
        if not meta and drop == 0 and keep == old.times.size == new.times.size:
            return None, []
    add = int(new.times.size - keep)
    change = {"meta": meta, "drop": int(drop), "keep": int(keep), "add": add, "rows": len(new.rows)}
    return change, [new.times[keep:].astype(np.float64), *(row[keep:] for row in new.rows)] if add else []


def _overlap(old: Panel, new: Panel) -> tuple[int, int]:
    """Give how many points of `old` leave in front, and how many that follow them begin `new` unchanged."""
    if not new.times.size or not old.times.size:
        return old.times.size, 0
    drop = int(np.searchsorted(old.times, new.times[0]))
    shared = min(old.times.size - drop, new.times.size)
    keep = _agreement(old.times[drop : drop + shared] == new.times[:shared])
    for before, after in zip(old.rows, new.rows, strict=True):
        if before is after and drop == 0:
            continue
        keep = _agreement(_same(before[drop : drop + keep], after[:keep]))
    return (drop, keep) if keep else (old.times.size, 0)


def _agreement(same: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Give how many leading entries are true."""
    return int(same.size if same.all() else np.argmin(same))


def _same(one: Values, other: Values) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Compare entry by entry; a gap equals a gap."""
    if one.shape != other.shape:
        return np.zeros(1, np.bool_)
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


def applied(message: bytes, held: Stream | None) -> Stream:
    """Give what a client that holds `held` holds after `message`, as the browser half does it.

    A message that the client already has changes nothing. Raises OutOfStepError where a message between is missing.
    """
    head, numbers = opened(message)
    if head["whole"]:
        return Stream(head["stream"], head["number"], _applied_panels(head, numbers, {}))
    if held is None or held.name != head["stream"] or head["number"] > held.number + 1:
        has = "nothing" if held is None else f"{held.name} up to {held.number}"
        raise OutOfStepError(f"message {head['number']} of {head['stream']} came, but the client has {has}")
    if head["number"] <= held.number:
        return held
    return Stream(held.name, head["number"], _applied_panels(head, numbers, held.picture))


def opened(message: bytes) -> tuple[dict[str, Any], Values]:
    """Take a message apart into its JSON and its numbers."""
    length = int.from_bytes(message[:4], "little")
    start = 4 + length
    start += -start % _ALIGNMENT
    head: dict[str, Any] = json.loads(message[4 : 4 + length])
    return head, np.frombuffer(message, "<f8", offset=start)


def _applied_panels(head: Mapping[str, Any], numbers: Values, held: Picture) -> Picture:
    changed = head["charts"]
    return {
        key: _applied_panel(changed[key], numbers, held.get(key)) if key in changed else held[key]
        for key in head["order"]
    }


def _applied_panel(change: Mapping[str, Any], numbers: Values, held: Panel | None) -> Panel:
    drop, keep, add, count = change["drop"], change["keep"], change["add"], change["rows"]
    tails = numbers[change["at"] : change["at"] + add * (count + 1)].reshape(count + 1, add)
    meta = {**(held.meta if held else {}), **_encoded(change["meta"])}
    if held is None or keep == 0:
        return Panel(meta, tails[0].astype(np.int64), tuple(tails[1:]))
    times = np.concatenate([held.times[drop : drop + keep], tails[0].astype(np.int64)])
    rows = zip(held.rows, tails[1:], strict=True)
    return Panel(meta, times, tuple(np.concatenate([row[drop : drop + keep], tail]) for row, tail in rows))
