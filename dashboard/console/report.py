"""`python -m budgets report`: a month as HTML and PDF, the same that the Spend page gives."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, datetime

from cloud.faults import EXPECTED, translate
from collectors.exports.files import ExportError
from dashboard.console.reading import UNREAD, CommandError, say, scopes, sources
from dashboard.feed import ForeseenError
from dashboard.report.html import html
from dashboard.report.making import gather
from dashboard.report.pdf import pdf


def run(options: argparse.Namespace, *, clock: Callable[[], datetime]) -> int:
    """Write the report's files; give 0, or 2 where the month could not be read or a file not be written."""
    now = clock()
    month = options.month or f"{now:%Y-%m}"
    try:
        date.fromisoformat(f"{month}-01")
        with sources("report", clock=clock) as found:
            (place, *_) = scopes(found, account=options.account, region=None)
            if found.export is not None:
                found.export.fetch_when_due(now=now)
            name = found.clients.account_name(place.account)
            report = gather(found, place, month, export=found.export, name=name, now=now)
    except ValueError:
        say(f"error: {month!r} is no month; write it as 2026-10", to_people=True)
        return UNREAD
    except (CommandError, ForeseenError, ExportError) as error:
        say(f"error: {error}", to_people=True)
        return UNREAD
    except EXPECTED as error:
        say(f"error: {translate(error)}", to_people=True)
        return UNREAD
    files = [(options.html, html(report)), (options.pdf, pdf(report, now=now))]
    try:
        for path, body in files:
            if path is not None:
                path.write_bytes(body)
                say(f"wrote {path}")
    except OSError as error:
        say(f"error: {error.filename} cannot be written: {error.strerror}", to_people=True)
        return UNREAD
    if options.html is None and options.pdf is None:
        say(report.sentence)
    return 0
