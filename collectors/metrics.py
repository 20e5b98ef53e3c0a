"""Makes the calls of a plan and stitches their parts: pages merged, every failure a fault with an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np

from cloud.clients import Clients
from cloud.faults import EXPECTED, NotFree, fault_of
from collectors import arrays, catalog
from collectors.decoding import Answer
from collectors.planning import Allowance, Call, DataCall, Plan, SeriesKey, StatisticsCall, key_of, plan
from collectors.query import MetricQuery
from core.reading import Fault, FaultKind, Reading, Scope
from core.series import MetricId, Series, Times, Values

THREADS: Final = 8
"""Calls in flight at once. They hide latency only: decoding holds one core, and 400 TPS are far away."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one call brought of one series, ascending in time."""

    times: Times
    values: Values
    unit: str | None = None
    complete: bool = True
    """False where AWS said that this is only a part of what it has."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call brought, and what it did not."""

    call: Call
    parts: Mapping[SeriesKey, Part] = field(default_factory=dict)
    """A series that is absent failed; one that AWS had no datapoints of is there, and empty."""
    faults: tuple[Fault, ...] = ()


def fetch(planned: Plan, clients: Clients, *, now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
    """Make the calls of a plan and give a series for each query that was answered at least in part."""
    outcomes = execute(planned.calls, clients)
    parts: dict[SeriesKey, list[Part]] = defaultdict(list)
    for outcome in outcomes:
        for key, part in outcome.parts.items():
            parts[key].append(part)
    found = {query: parts.get(key_of(query)) for query in planned.queries}
    value = {query: stitched(brought, query) for query, brought in found.items() if brought}
    return Reading(value, now, faults_of(outcomes, planned))


def allowance(clients: Clients, scopes: Iterable[Scope]) -> Allowance:
    """Give what may be used now: the free requests that our own ledger has left, and the cap's rest."""
    meter = clients.meter
    free = {scope.account: meter.free_requests_left(scope.account) for scope in set(scopes)}
    left = meter.money_left()
    return Allowance(free, left.amount, str(left))


def read(queries: Sequence[MetricQuery], clients: Clients, *, now: datetime) -> Reading[Mapping[MetricQuery, Series]]:
    """Plan and fetch in one step, without history: every call is made anew."""
    planned = plan(queries, allowance=allowance(clients, (q.scope for q in queries)), prices=clients.meter.prices)
    return fetch(planned, clients, now=now)


def execute(calls: Sequence[Call], clients: Clients) -> list[Outcome]:
    """Make the calls, several at once, and give their outcomes in order."""
    if len(calls) <= 1:
        return [_outcome(call, clients) for call in calls]
    with ThreadPoolExecutor(min(THREADS, len(calls)), thread_name_prefix="metrics") as pool:
        # Each thread books its calls to the feature that asked, so it needs the caller's context.
        return list(
            pool.map(lambda pair: pair[0].run(_outcome, pair[1], clients), [(copy_context(), c) for c in calls])
        )


def faults_of(outcomes: Iterable[Outcome], planned: Plan) -> tuple[Fault, ...]:
    """Give each distinct fault once, those of queries that no call was planned for included."""
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    refused = NotFree(planned.refusal)
    faults += [refused.to_fault(query.scope, "cloudwatch:GetMetricData") for query in planned.unaffordable]
    return tuple(dict.fromkeys(faults))


def stitched(parts: Sequence[Part], query: MetricQuery) -> Series:
    """Join parts of one series: ascending, each time once. They lie within the whole periods of the query's span."""
    times, values = _joined([(part.times, part.values) for part in parts])
    unit = next((part.unit for part in parts if part.unit), None) or catalog.unit_of(query.metric, query.statistic)
    return Series(times, values, query.period, unit, query.statistic)


def _joined(columns: Sequence[tuple[Times, Values]]) -> tuple[Times, Values]:
    """Join columns of one series, ascending, each time once."""
    times, values = columns[0] if len(columns) == 1 else (np.concatenate(both) for both in zip(*columns, strict=True))
    if times.size > 1 and not (times[1:] > times[:-1]).all():
        times, places = np.unique(times, return_index=True)
        values = values[places]
    return times, values


# -- one call -------------------------------------------------------------------------------------------------------


def _outcome(call: Call, clients: Clients) -> Outcome:
    try:
        if isinstance(call, StatisticsCall):
            return _statistics(call, clients)
        return _data(call, clients)
    except EXPECTED as error:
        return Outcome(call, faults=(fault_of(error, call.scope, call.operation),))


def _statistics(call: StatisticsCall, clients: Clients) -> Outcome:
    client = clients.reader(call.scope)
    response, answer = arrays.call(
        client, "GetMetricStatistics", _statistics_request(call), transport=clients.transport
    )
    times, columns, unit = _taken(answer) if answer else _parsed(response["Datapoints"], call)
    empty = np.full(times.size, np.nan)
    parts = {}
    for key in call.keys:
        values = columns.get(key.statistic, empty)
        real = ~np.isnan(values)
        parts[key] = Part(times[real], values[real], unit)
    return Outcome(call, parts)


def _statistics_request(call: StatisticsCall) -> dict[str, Any]:
    return {
        "Namespace": call.metric.namespace,
        "MetricName": call.metric.name,
        "Dimensions": _dimensions(call.metric),
        "StartTime": call.span.start,
        "EndTime": call.span.end,
        "Period": call.period,
        "ExtendedStatistics" if call.extended else "Statistics": list(call.statistics),
    }


def _taken(answer: Answer) -> tuple[Times, dict[str, Values], str | None]:
    times, columns = answer.columns[0]
    return times, columns, answer.units[0] if answer.units else None


def _parsed(
    datapoints: Sequence[Mapping[str, Any]], call: StatisticsCall
) -> tuple[Times, dict[str, Values], str | None]:
    """Read datapoints that botocore parsed: the answer had a shape that our decoder does not know."""
    ordered = sorted(datapoints, key=lambda point: point["Timestamp"])
    times = np.array([int(point["Timestamp"].timestamp()) for point in ordered], dtype=np.int64)
    held = [{**point, **point.get("ExtendedStatistics", {})} for point in ordered]
    columns = {
        name: np.array([point.get(name, np.nan) for point in held], dtype=np.float64) for name in call.statistics
    }
    return times, columns, next((point["Unit"] for point in ordered if "Unit" in point), None)


@dataclass(slots=True)
class _Pages:
    """Parts and statuses of one GetMetricData call, page by page, by id."""

    parts: dict[str, list[tuple[Times, Values]]] = field(default_factory=lambda: defaultdict(list))
    status: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _data(call: DataCall, clients: Clients) -> Outcome:
    client = clients.reader(call.scope)
    pages = _Pages()
    request = _data_request(call)
    while True:
        response, answer = arrays.call(client, "GetMetricData", request, transport=clients.transport)
        _collect(pages, response, answer)
        token = response.get("NextToken")
        if not token or token == request.get("NextToken"):
            break
        request["NextToken"] = token
    return _merged(call, pages)


def _data_request(call: DataCall) -> dict[str, Any]:
    return {
        "MetricDataQueries": [
            {
                "Id": f"q{place}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": _dimensions(metric),
                    },
                    "Period": call.period,
                    "Stat": statistic,
                },
            }
            for place, (metric, statistic) in enumerate(call.items)
        ],
        "StartTime": call.span.start,
        "EndTime": call.span.end,
        "ScanBy": "TimestampAscending",
    }


def _collect(pages: _Pages, response: Mapping[str, Any], answer: Answer | None) -> None:
    results = response.get("MetricDataResults", ())
    columns = [(times, named[""]) for times, named in answer.columns] if answer else [_columns(r) for r in results]
    for result, column in zip(results, columns, strict=True):
        pages.parts[result["Id"]].append(column)
        pages.status[result["Id"]] = result.get("StatusCode", "Complete")
        pages.notes += [note.get("Value", "") for note in result.get("Messages", ())]
    pages.notes += [note.get("Value", "") for note in response.get("Messages", ())]


def _columns(result: Mapping[str, Any]) -> tuple[Times, Values]:
    times = np.array([int(instant.timestamp()) for instant in result.get("Timestamps", ())], dtype=np.int64)
    return times, np.array(result.get("Values", ()), dtype=np.float64)


def _merged(call: DataCall, pages: _Pages) -> Outcome:
    """Give the parts by series. The last status counts: `PartialData` on an earlier page is no fault."""
    parts: dict[SeriesKey, Part] = {}
    faults = [_note(call, note) for note in pages.notes if note]
    for place, key in enumerate(call.keys):
        name = f"q{place}"
        status = pages.status.get(name, "InternalError")
        if status != "Complete":
            faults.append(_fault(call, key.metric, status))
        if status in {"Complete", "PartialData"} and name in pages.parts:
            parts[key] = Part(*_joined(pages.parts[name]), complete=status == "Complete")
    return Outcome(call, parts, tuple(dict.fromkeys(faults)))


_STATUS: Final = {
    "PartialData": (FaultKind.PARTIAL_DATA, "AWS gave only a part of {metric} in {scope}; the next refresh asks again"),
    "Forbidden": (FaultKind.ACCESS_DENIED, "The role in use may not read {metric} in {scope}"),
    "InternalError": (FaultKind.SERVICE_FAILURE, "AWS could not read {metric} in {scope}; the next refresh asks again"),
}


def _fault(call: DataCall, metric: MetricId, status: str) -> Fault:
    kind, sentence = _STATUS.get(status, _STATUS["InternalError"])
    message = sentence.format(metric=metric, scope=call.scope)
    return Fault(call.scope, call.operation, kind, message, retryable=kind is not FaultKind.ACCESS_DENIED)


def _note(call: DataCall, note: str) -> Fault:
    return Fault(call.scope, call.operation, FaultKind.PARTIAL_DATA, f"AWS says of this answer: {note}")


def _dimensions(metric: MetricId) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]
