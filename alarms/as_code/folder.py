"""A folder of alarms beside what is live: what is new, what differs and in which field, what nobody wrote down.

AWS fills in what a definition leaves out, and keeps no order where none matters. Two alarms that AWS treats alike are
alike here, so that a difference is always one that somebody made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from access.changes import FieldChange, canonical
from alarms.as_code import Loaded, SourceError, load
from alarms.definition import Alarm, to_request
from alarms.kinds import Comparison, MetricAlarm, MissingData
from alarms.publishing import AWS_TAGS

SUFFIXES: Final = (".json", ".yaml", ".yml", ".template", ".tf")
"""Names of files that may hold alarms."""
MAX_FILES: Final = 2_000
_SKIPPED: Final = frozenset({".git", ".terraform", "node_modules", ".venv"})
_NO_ALARMS: Final = "no alarms are read from this"


@dataclass(frozen=True, slots=True)
class Folder:
    """The alarms that a folder's files describe."""

    alarms: Mapping[str, Loaded]
    """By name; each has a definition."""
    problems: tuple[str, ...]
    """A sentence for each alarm that is refused or stands twice, and each file that cannot be read."""


def read_folder(folder: Path, *, parameters: Mapping[str, str] | None = None) -> Folder:
    """Read every alarm below `folder`; a file without alarms says nothing. Raises SourceError where there is none."""
    if not folder.is_dir():
        raise SourceError(f"{folder} is no folder; give one with files of alarms")
    alarms: dict[str, Loaded] = {}
    problems: list[str] = []
    for path in _files(folder):
        try:
            loaded = load(path, parameters=parameters)
        except SourceError as error:
            if not error.reason.startswith(_NO_ALARMS):
                problems.append(f"{path}, line {error.line}: {error.reason}")
            continue
        for one in loaded:
            problem = _placed(one, alarms)
            problems += [problem] if problem else []
    return Folder(alarms, tuple(problems))


def _files(folder: Path) -> list[Path]:
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.name.endswith(SUFFIXES) and path.is_file() and not _SKIPPED & set(path.relative_to(folder).parts)
    ]
    if len(found) > MAX_FILES:
        raise SourceError(f"{folder} holds {len(found):,} files that may hold alarms; {MAX_FILES:,} are read at most")
    return found


def _placed(one: Loaded, alarms: dict[str, Loaded]) -> str:
    """Put an alarm among the others, or say why not."""
    where = f"{one.file}, line {one.line}: {one.name}"
    if one.left_out:
        return ""
    if one.definition is None:
        return f"{where}: {one.refusal}"
    if one.name in alarms:
        first = alarms[one.name]
        return f"{where} stands in {first.file}, line {first.line} already; one account has each name once"
    alarms[one.name] = one
    return ""


class Standing(StrEnum):
    """How an alarm of the folder and the live one of its name stand to each other."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    UNMANAGED = "only live"


@dataclass(frozen=True, slots=True)
class Difference:
    """One alarm, as written and as it is live."""

    name: str
    standing: Standing
    written: Alarm | None
    live: Alarm | None
    fields: tuple[FieldChange, ...] = ()
    """From live to written; of a new or an unmanaged alarm, none."""


def compare(written: Iterable[Alarm], live: Iterable[Alarm]) -> tuple[Difference, ...]:
    """Give every alarm that is written or live, in the order of names."""
    ours, theirs = {alarm.name: alarm for alarm in written}, {alarm.name: alarm for alarm in live}
    return tuple(_difference(name, ours.get(name), theirs.get(name)) for name in sorted(ours.keys() | theirs.keys()))


def _difference(name: str, written: Alarm | None, live: Alarm | None) -> Difference:
    if live is None or written is None:
        return Difference(name, Standing.NEW if live is None else Standing.UNMANAGED, written, live)
    fields = field_changes(live, written)
    return Difference(name, Standing.CHANGED if fields else Standing.SAME, written, live, fields)


def field_changes(before: Alarm, after: Alarm) -> tuple[FieldChange, ...]:
    """Name each field in which two alarms differ for AWS, by its path: `Metrics[m1].MetricStat.Stat`."""
    old, new = dict(_paths(meaning(before))), dict(_paths(meaning(after)))
    return tuple(
        FieldChange(path, old.get(path), new.get(path), after.name)
        for path in dict.fromkeys([*new, *old])
        if canonical(old.get(path)) != canonical(new.get(path))
    )


def meaning(alarm: Alarm) -> Mapping[str, Any]:
    """Give an alarm's request with AWS's defaults written out, and in one order where order means nothing."""
    request = {name: value for name, value in to_request(alarm).items() if value != ""}
    for name in _SETS:
        if name in request:
            request[name] = sorted(set(request[name]))
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
    request["Tags"] = {key: value for key, value in tags.items() if not key.startswith(AWS_TAGS)}
    return request | (_metric_meaning(alarm, request) if isinstance(alarm, MetricAlarm) else {})


_SETS: Final = ("OKActions", "AlarmActions", "InsufficientDataActions")


def _metric_meaning(alarm: MetricAlarm, request: Mapping[str, Any]) -> dict[str, Any]:
    """What an alarm on metrics has in effect: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/\
API_PutMetricAlarm.html"""
    found: dict[str, Any] = {
        "TreatMissingData": str(alarm.treat_missing_data or MissingData.MISSING),
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "Dimensions": {pair["Name"]: pair["Value"] for pair in request.get("Dimensions", ())},
        "Metrics": {query["Id"]: _query_meaning(query) for query in request.get("Metrics", ())},
        "EvaluationWindow": request["EvaluationWindow"] if not alarm.sliding else None,
    }
    if alarm.low_samples == "evaluate":
        found["EvaluateLowSampleCountPercentile"] = None
    if alarm.warm_up is not None and not alarm.warm_up.only_after:
        found["WarmUpConfiguration"] = {"WarmUpPeriodDurationInMinutes": alarm.warm_up.minutes}
    if alarm.comparison is not None and Comparison(alarm.comparison).takes_band:
        found["Threshold"] = None  # of a band's alarm AWS keeps a 0 that nobody gave
    return found


def _query_meaning(query: Mapping[str, Any]) -> Mapping[str, Any]:
    stat = query.get("MetricStat")
    if stat is None:
        return query
    metric = stat["Metric"]
    dimensions = {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions", ())}
    return {**query, "MetricStat": {**stat, "Metric": {**metric, "Dimensions": dimensions}}}


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf of a request with its path; a list of plain values is one leaf."""
    if isinstance(value, Mapping) and (value or path):
        for name, member in value.items():
            yield from _paths(member, _below(path, name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield path, list(value)
    elif value is not None:
        yield path, value


def _below(path: str, name: str) -> str:
    if not path:
        return name
    return f"{path}[{name}]" if path in _BY_KEY else f"{path}.{name}"


_BY_KEY: Final = frozenset({"Metrics", "Tags", "Dimensions"})
