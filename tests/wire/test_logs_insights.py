"""Logs Insights and saved queries, as people use them, on the demo cloud: priced, run, settled, kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from access.audit import Audit
from access.changes import carry_out
from access.identity import Actor, Role
from cloud.caps import Caps
from cloud.clients import Clients
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.logs import queries
from collectors.logs.insights import INCOMING, InsightsQuery
from collectors.logs.queries import SavedQuery
from collectors.logs.runs import Run, RunState
from collectors.sources import CloudSources
from collectors.store import Store
from core.money import Money
from core.reading import Scope
from core.timespan import Timespan
from tests.wire.clouds import AT, Cloud

pytestmark = pytest.mark.wire

HERE = Scope("111111111111", "us-east-1")
WEB, AUDIT = "/directory/web", "/directory/audit"
HOUR = Timespan(AT - timedelta(hours=1), AT)
ANN = Actor("ann", Role.ENGINEER)


def sources_of(cloud: Cloud, data_dir: Path) -> CloudSources:
    settings = Settings(cloud="demo", demo_port=int(cloud.url.rsplit(":", 1)[1]), data_dir=data_dir)
    meter = Meter(settings.data_dir, clock=lambda: AT, caps=Caps(Money(Decimal(5))))
    return CloudSources(Clients(settings, meter), Store(settings.data_dir))


@pytest.fixture
def sources(cloud: Cloud, tmp_path: Path) -> Iterator[CloudSources]:
    sources = sources_of(cloud, tmp_path)
    yield sources
    sources.clients.close()


@pytest.fixture
def fresh(fresh_cloud: Cloud, tmp_path: Path) -> Iterator[CloudSources]:
    sources = sources_of(fresh_cloud, tmp_path)
    yield sources
    sources.clients.close()


def run(sources: CloudSources, text: str, *groups: str) -> Run:
    """Run a query to its end, as a page does."""
    query = InsightsQuery(HERE, groups or (WEB,), HOUR, text)
    asked = sources.insights.ask(sources.insights.quote(query, now=AT).value, by="ann", now=AT).value
    assert asked is not None
    for second in range(1, 200):
        sources.insights.move_on(HERE, now=AT + timedelta(seconds=second))
        found = next(each for each in sources.insights.runs(HERE, now=AT).value if each.id == asked.id)
        if not found.is_open:
            return found
    raise AssertionError("it never ends")


def test_a_query_is_priced_run_and_settled_by_what_it_scanned(sources: CloudSources) -> None:
    quoted = sources.insights.quote(InsightsQuery(HERE, (WEB,), HOUR, ""), now=AT).value
    assert quoted.parts[0].basis == INCOMING
    done = run(sources, "fields @timestamp, level | filter level = 'INFO' | limit 20")
    assert done.state is RunState.COMPLETE, done.problem
    assert done.scanned is not None
    assert 0.8 * quoted.expected < done.scanned < quoted.most
    rows = sources.insights.rows(HERE, done.id, now=AT).value
    assert rows.fields == ("@timestamp", "level")
    assert len(rows.rows) == done.rows == 20
    spent = sources.clients.meter.spent_this_month() - quoted.each * done.scanned
    assert abs(spent.amount) < Decimal("0.00000001"), "the ledger rounds up to its own least part"


def test_counts_over_time_equal_the_lines_themselves(cloud: Cloud, sources: CloudSources) -> None:
    done = run(sources, "filter level = 'WARN' | stats count(*) as warnings by bin(5m)")
    rows = sources.insights.rows(HERE, done.id, now=AT).value
    counted = sum(float(row[rows.fields.index("warnings")] or 0) for row in rows.rows)
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=WEB, startTime=int(HOUR.start.timestamp() * 1000), endTime=int(HOUR.end.timestamp() * 1000) - 1,
        filterPattern='{ $.level = "WARN" }',
    )  # fmt: skip
    assert counted == sum(len(page["events"]) for page in pages)


def test_a_mistake_has_its_place_and_costs_nothing(sources: CloudSources) -> None:
    done = run(sources, "fields @timestamp | sorrt @timestamp")
    assert done.state is RunState.FAILED
    assert done.place is not None
    assert done.query.text[done.place[0] : done.place[1]].startswith("sorrt")
    assert sources.clients.meter.spent_this_month() == Money(Decimal(0))


def test_a_group_that_is_only_queried_is_queried(sources: CloudSources) -> None:
    done = run(sources, "fields @message | limit 3", AUDIT)
    assert done.state is RunState.COMPLETE, done.problem


def test_fields_are_those_of_the_lines(sources: CloudSources) -> None:
    names = {field.name for field in sources.insights.fields(HERE, WEB, now=AT).value}
    assert {"@timestamp", "@message", "level"} <= names


def test_a_query_is_saved_changed_and_taken_back(fresh: CloudSources, tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit")
    new = SavedQuery("", "web/errors", "filter level = 'ERROR'", (WEB,))

    seconds = count(1)

    def names() -> list[tuple[str, str]]:
        at = AT + timedelta(seconds=next(seconds))
        fresh.changed(HERE, at=at)
        found = fresh.insights.saved(HERE, now=at + timedelta(milliseconds=1))
        assert found.complete
        return [(query.name, query.text) for query in found.value]

    made = carry_out(queries.save(new, live=None, scope=HERE), ANN, fresh.clients, audit, now=AT)
    assert made.done, made.sentence
    assert names() == [("web/errors", "filter level = 'ERROR'")]
    (live,) = fresh.insights.saved(HERE, now=AT + timedelta(seconds=1)).value
    other = replace(new, text="fields @message")
    changed = carry_out(queries.save(other, live=live, scope=HERE), ANN, fresh.clients, audit, now=AT)
    assert changed.done, changed.sentence
    assert names() == [("web/errors", "fields @message")]
    assert changed.undo is not None
    assert carry_out(changed.undo, ANN, fresh.clients, audit, now=AT).done
    assert names() == [("web/errors", "filter level = 'ERROR'")]
    assert made.undo is not None
    assert carry_out(made.undo, ANN, fresh.clients, audit, now=AT).done
    assert names() == []
