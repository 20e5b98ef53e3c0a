"""`python -m cloud run` starts everything, `settings` prints what is in force, `price` says what a dashboard costs."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from cloud import running
from cloud.caps import Caps
from cloud.clients import Clients
from cloud.estimate import Api, Wall, as_json, as_text, estimate
from cloud.faults import CloudError
from cloud.metering import Meter
from cloud.settings import Settings, SettingsError, load, sources, unsaid_demo
from core.money import Money


def clock() -> datetime:
    return datetime.now(UTC)


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m cloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("run", help="start everything")
    commands.add_parser("settings", help="print the settings in force and where each comes from")
    add_price(commands.add_parser("price", help="say what a dashboard costs a month, before it is built"))
    options = parser.parse_args(arguments)
    try:
        settings = load()
    except SettingsError as error:
        print("Watchkeeper cannot use these settings:", file=sys.stderr)
        for line in error.lines:
            print(f"  {line}", file=sys.stderr)
        return 2
    if options.command == "price":
        month = settings.caps.month if options.cap is None else options.cap
        return price(options, Caps(month, settings.caps.day if options.daily_cap is None else options.daily_cap))
    return run(settings) if options.command == "run" else show(settings)


def run(settings: Settings) -> int:
    found = running.problems(settings)
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        return 1
    try:
        say(f"Watchkeeper starts, watching {watched(settings)} …")
        if unsaid_demo(settings, os.environ):
            say("To watch AWS with a profile of ~/.aws or an instance's role: WATCHKEEPER_CLOUD=aws make run")
    except CloudError as error:
        print(f"AWS does not let us in: {error.detail or error.kind}.", file=sys.stderr)
        print("Check the credentials in the environment (AWS_PROFILE, SSO login, role) and try again;", file=sys.stderr)
        print("or watch the demo cloud, which needs none: WATCHKEEPER_CLOUD=demo make run", file=sys.stderr)
        return 1
    return running.run(settings, os.environ, say=say, clock=clock)


def watched(settings: Settings) -> str:
    """Say what will be watched; on AWS ask who we are, before anything starts."""
    if settings.is_demo:
        return "the embedded demo cloud"
    clients = Clients(settings, Meter(settings.place, clock=clock))
    try:
        identity = clients.identity()
        places = ", ".join(f"{clients.account_name(scope.account)} in {scope.region}" for scope in clients.scopes())
    finally:
        clients.close()
    return f"AWS account {places} as {identity.arn}"


def show(settings: Settings) -> int:
    rows = sources(settings, os.environ)
    width = max(len(name) for name, _, _ in rows)
    for name, value, source in rows:
        say(f"{name:<{width}}  {value}  ({source})")
    return 0


def add_price(parser: argparse.ArgumentParser) -> None:
    """Say what may be asked of `price`."""
    parser.add_argument("--charts", type=int, required=True, help="charts on the dashboard")
    parser.add_argument("--series", type=int, default=1, help="metrics on a chart")
    parser.add_argument("--interval", type=int, default=60, help="seconds between two reads while somebody looks")
    parser.add_argument("--viewers", type=int, default=1, help="people who look at once")
    parser.add_argument("--hours", type=float, default=24.0, help="hours a day in which somebody looks")
    parser.add_argument("--period", type=int, default=60, help="seconds a datapoint covers")
    parser.add_argument("--statistics", default="Average", help="of every metric, such as p99,Average")
    parser.add_argument("--api", type=Api, choices=tuple(Api), default=Api.AUTO, help="which of AWS's reads answers")
    parser.add_argument("--used", type=int, default=0, help="requests of the free million that others use")
    parser.add_argument("--cap", type=dollars, help="most that our calls may cost a month; by default the setting's")
    parser.add_argument("--daily-cap", type=dollars, help="most that they may cost a day; by default the setting's")
    parser.add_argument("--json", action="store_true", help="for programs; money is text, exact")


def dollars(text: str) -> Money:
    """Read an amount such as 2.50."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not (amount.is_finite() and amount >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted; give dollars such as 0 or 2.50")
    return Money(amount)


def price(options: argparse.Namespace, caps: Caps) -> int:
    """Print what a dashboard costs a month."""
    statistics = tuple(name.strip() for name in options.statistics.split(",") if name.strip())
    try:
        wall = Wall(
            options.charts,
            options.series,
            options.interval,
            options.viewers,
            options.hours,
            options.period,
            statistics,
        )
        found = estimate(wall, api=options.api, used=options.used, caps=caps)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    say(as_json(found) if options.json else as_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
