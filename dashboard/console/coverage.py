"""`python -m alarms coverage`: which resources lack which recommended alarms, and what would fill the gaps."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from alarms.as_code.writing import as_requests
from alarms.coverage import Cell, Proposal, State
from alarms.wire import request_of
from dashboard.console.reading import UNREAD, CommandError, say, scopes, sources
from dashboard.views.coverage import Coverage, proposals, survey
from dashboard.wording import count


def run(options: argparse.Namespace, *, clock: Callable[[], datetime]) -> int:
    """Survey the watched places; give 0 where there is no gap, 1 where there is one, 2 where they could not be read."""
    found: list[tuple[Coverage, tuple[Proposal, ...]]] = []
    try:
        with sources("coverage", clock=clock) as reads:
            for place in scopes(reads, account=options.account, region=options.region):
                each = survey(reads, place, now=clock())
                keys = {cell.key for cell in each.gaps} if options.propose or options.requests else set()
                found.append((each, proposals(reads, each, keys, now=clock()) if keys else ()))
    except CommandError as error:
        say(f"error: {error}", to_people=True)
        return UNREAD
    if options.requests:
        say(as_requests(p.alarm for _, made in found for p in made if p.alarm is not None).rstrip())
    elif options.json:
        say(json.dumps([_document(each, made) for each, made in found], indent=2))
    else:
        for each, made in found:
            say("\n".join(_lines(each, made)))
    if any(each.faults for each, _ in found):
        return UNREAD
    return 1 if any(each.gaps for each, _ in found) else 0


def _lines(found: Coverage, made: tuple[Proposal, ...]) -> Iterator[str]:
    counts = found.counts
    yield (
        f"{found.scope}: {count(len(found.cells), 'recommended alarm')}, {counts[State.COVERED]} covered, "
        f"{counts[State.SILENT]} silent, {count(counts[State.GAP], 'gap')}"
    )
    by_cell = {proposal.cell.key: proposal for proposal in made}
    for cell in found.cells:
        if cell.state is State.COVERED:
            continue
        what = f"{cell.metric.namespace} {cell.metric.name} of {cell.resource}"
        yield f"  {cell.state}: {what}: {cell.recommendation.why}"
        yield f"    {cell.recommendation.condition}"
        if cell.state is State.SILENT:
            yield f"    watched by {', '.join(cover.alarm for cover in cell.covers)}, which call nobody"
        if cell.key in by_cell:
            yield from (f"    {line}" for line in _proposal_lines(by_cell[cell.key]))
    yield from (f"could not be read: {fault.message}" for fault in found.faults)


def _proposal_lines(proposal: Proposal) -> Iterator[str]:
    yield proposal.threshold_from
    if proposal.price is not None:
        yield f"{proposal.would_have} {proposal.price.sentence}"


def _document(found: Coverage, made: tuple[Proposal, ...]) -> dict[str, Any]:
    by_cell = {proposal.cell.key: proposal for proposal in made}
    return {
        "account": found.scope.account,
        "region": found.scope.region,
        "cells": [_cell(cell, by_cell.get(cell.key)) for cell in found.cells],
        "faults": [fault.message for fault in found.faults],
    }


def _cell(cell: Cell, proposal: Proposal | None) -> dict[str, Any]:
    each = cell.recommendation
    document: dict[str, Any] = {
        "state": str(cell.state),
        "namespace": cell.metric.namespace,
        "metric": cell.metric.name,
        "dimensions": cell.metric.dimension_map,
        "recommended": each.condition,
        "by": "AWS" if each.by_aws else "Watchkeeper",
        "covered_by": [cover.alarm for cover in cell.covers],
    }
    if proposal is None:
        return document
    price = proposal.price
    return document | {
        "threshold_from": proposal.threshold_from,
        "would_have": proposal.would_have,
        "price": None if price is None or price.month is None else str(price.month.amount),
        "request": None if proposal.alarm is None else request_of(proposal.alarm),
    }
