"""`python -m collectors push` and `spool`: custom metrics by hand, and what waits."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args

from cloud.clients import Clients
from cloud.faults import EXPECTED
from cloud.metering import Meter, feature
from cloud.settings import Settings
from collectors import custom_files
from collectors.admission import OnMany
from collectors.cardinality import masked, suspicions
from collectors.custom import Metrics
from collectors.custom_delivery import Clock, Outcome
from collectors.custom_files import MOST_PROBLEMS, NotReadableError, Put
from collectors.custom_flushing import FEATURE, Deliverer
from collectors.custom_prices import AccountMetrics
from collectors.custom_rules import Definition, MetricRefusedError
from collectors.sources import CloudSources
from collectors.spool.folder import HOME, Spool, Status, spool_of, spools_in
from collectors.spool.pauses import Pause
from collectors.store import Store
from core.reading import Scope
from core.timespan import from_epoch

Say = Callable[[str], None]
NAMESPACE: Final = "Custom"


def add_commands(commands: Any) -> None:
    """Say what may be asked of both commands."""
    push = commands.add_parser("push", help="push a value, or a file of values, as custom metrics")
    push.add_argument("name", nargs="?", help="the metric's name")
    push.add_argument("value", nargs="?", help="its value")
    push.add_argument("--csv", type=Path, help="a file with the columns name and value; others are dimensions")
    push.add_argument("--namespace", default=NAMESPACE, help=f"by default {NAMESPACE}")
    push.add_argument("--unit", help="such as Seconds, Count or Bytes")
    push.add_argument("--dimension", action="append", default=[], metavar="KEY=VALUE", help="may be given again")
    push.add_argument("--at", help="when it was, such as 2026-11-27T10:00:00Z; by default now")
    push.add_argument("--count", default="1", help="how often the value was seen")
    push.add_argument("--resolution", type=int, default=60, choices=(1, 60), help="1 makes it high-resolution")
    push.add_argument(
        "--on-many", choices=get_args(OnMany), default="refuse", help="a dimension whose value looks like one of many"
    )
    push.add_argument("--region", help="by default the first that settings or credentials name")
    spool = commands.add_parser("spool", help="what waits to be delivered, and what became of the rest")
    spool.add_argument("--deliver", action="store_true", help="deliver it now")
    for option, does in (("--pause", "send nothing of a metric any more"), ("--resume", "send it again")):
        spool.add_argument(option, nargs=2, metavar=("NAMESPACE", "NAME"), help=f"{does}, whatever its dimensions")


def push(options: argparse.Namespace, settings: Settings, *, clock: Clock, say: Say, complain: Say) -> int:
    """Say what the values cost, then push them; all or, where one is wrong, none. Gives the exit code."""
    try:
        puts, problems = _given(options)
        metrics = Metrics(
            options.namespace,
            region=options.region,
            on_many=options.on_many,
            settings=settings,
            clock=clock,
            background=False,
        )
    except (ValueError, OSError) as error:
        complain(str(error))
        return 2
    with metrics:
        plan = custom_files.plan(metrics, puts, problems, account=partial(_account, settings, options.region, clock))
        if plan.problems:
            for problem in plan.problems[:MOST_PROBLEMS]:
                complain(problem)
            if (more := len(plan.problems) - MOST_PROBLEMS) > 0:
                complain(f"and {more} more")
            complain("Nothing was pushed.")
            return 2
        say(f"{len(plan.puts)} value{'s' * (len(plan.puts) != 1)}: {plan.price}.")
        try:
            custom_files.apply(metrics, plan)
        except MetricRefusedError as error:
            complain(str(error))
            return 1
        return _delivered(metrics.flush(), say, complain)


def spool(options: argparse.Namespace, settings: Settings, *, clock: Clock, say: Say, complain: Say) -> int:
    """Say what waits in every spool of the data folder, after delivering it where asked. Gives the exit code."""
    folder = spools_in(settings)
    regions = sorted(path.name for path in folder.glob("*") if path.is_dir())
    if not regions:
        say(f"There is no spool in {folder}; `python -m collectors push` makes one, and so does an application.")
        return 0
    worst = 0
    for name in regions:
        region = None if name == HOME else name
        found = spool_of(settings, region=region)
        if options.pause or options.resume:
            found.pauses.change(add=_named(options.pause), remove=_named(options.resume))
        if options.deliver:
            deliverer = Deliverer(found, settings, region=region, clock=clock)
            worst = max(worst, _delivered(deliverer.deliver(), say, complain))
            deliverer.close()
        now = clock()
        for line in lines(found, found.status(now_ms=now), now_ms=now):
            say(line)
    return worst


def _named(pair: list[str] | None) -> tuple[Pause, ...]:
    return (Pause(pair[0], pair[1]),) if pair else ()


def _given(options: argparse.Namespace) -> tuple[tuple[Put, ...], tuple[str, ...]]:
    """Give the values of the command line or of its file; raises ValueError or OSError."""
    if options.csv is not None:
        if options.name is not None:
            raise NotReadableError("give a name and a value, or --csv; not both")
        return custom_files.read_csv(options.csv.read_text(encoding="utf-8-sig"))
    if options.value is None:
        raise NotReadableError("give a name and a value, such as: push PageLoadTime 1.23 --unit Seconds; or --csv FILE")
    dimensions = {}
    for pair in options.dimension:
        key, separator, value = pair.partition("=")
        if not separator:
            raise NotReadableError(f"dimension {key!r} has no value; write it like Page=/")
        dimensions[key] = value
    return (
        Put(
            options.name,
            custom_files.number(options.value, "value"),
            options.unit,
            dimensions,
            custom_files.instant(options.at) if options.at else None,
            custom_files.number(options.count, "count"),
            options.resolution,
        ),
    ), ()


def _account(settings: Settings, region: str | None, clock: Clock) -> AccountMetrics | None:
    """Read which custom metrics the account has; None where these credentials may not, or nobody answers."""
    now = from_epoch(clock() // 1000)
    meter = Meter(settings.place, clock=lambda: now, caps=settings.caps)
    sources = CloudSources(Clients(settings, meter), Store(settings.place))
    try:
        with feature(FEATURE):
            scopes = sources.scopes
            here = Scope(scopes[0].account, region or scopes[0].region)
            regions = dict.fromkeys((here, *(scope for scope in scopes if scope.account == here.account)))
            return AccountMetrics.of({scope: sources.known_metrics(scope, now=now) for scope in regions}, here)
    except EXPECTED:
        return None
    finally:
        sources.clients.close()
        sources.store.close()


def _delivered(outcome: Outcome, say: Say, complain: Say) -> int:
    if outcome.is_elsewhere:
        say("Another process delivers this spool; it takes these along.")
        return 0
    if outcome.failed is None:
        say("Delivered.")
        return 0
    complain(f"Not delivered yet, it waits in the spool: {outcome.failed.detail or outcome.failed.kind}")
    return 1


def lines(spool: Spool, status: Status, *, now_ms: int) -> list[str]:
    """Give a spool in lines for people."""
    counts = status.counts
    refused = ", ".join(f"{reason} {times:,}" for reason, times in sorted(status.refused.items()))
    told = [
        ("waiting", f"{status.waiting:,} datapoints, {status.size:,} bytes{_age(status, now_ms)}"),
        ("trouble", status.trouble or "none"),
        ("delivered", f"{counts.delivered:,} in {counts.requests:,} calls"),
        ("repeated", f"{counts.repeated:,} because an answer was lost; AWS may count them twice"),
        ("dropped", f"{counts.dropped:,} older than the two weeks that AWS takes"),
        ("rejected", f"{counts.rejected:,} that AWS does not accept"),
        ("paused", f"{counts.paused:,} not sent: {', '.join(sorted(map(str, status.paused))) or 'nothing is paused'}"),
        ("damaged", f"{counts.damaged:,} that could not be read"),
        ("refused", refused or "none"),
        ("metrics", f"{status.price.known} of {status.price.quota} this month, {status.cost} a month at most"),
    ]
    return [
        f"{spool.path}",
        *(f"  {name:<10} {text}" for name, text in told),
        *(f"    {shown(metric)}" for metric in status.metrics),
    ]


def shown(metric: Definition) -> str:
    """Name a metric with its dimensions; a value that may be personal is masked."""
    hidden = {each.dimension for each in suspicions(metric.dimensions)}
    where = ", ".join(f"{name}={masked(value) if name in hidden else value}" for name, value in metric.dimensions)
    return f"{metric.namespace} {metric.name}" + (f" {{{where}}}" if where else "")


def _age(status: Status, now_ms: int) -> str:
    if status.oldest_ms is None:
        return ""
    at = datetime.fromtimestamp(status.oldest_ms / 1000, UTC)
    age = timedelta(seconds=max(0, now_ms - status.oldest_ms) // 1000)
    return f", the oldest of {at:%Y-%m-%d %H:%M:%S} UTC ({age} ago)"
