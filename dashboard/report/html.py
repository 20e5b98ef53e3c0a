"""The monthly report as one HTML file: foreign text escaped, nothing asked for from outside."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from dashboard.views.monthly import MonthlyReport


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("month.html")


def html(report: MonthlyReport) -> bytes:
    """Give the report as a page that can be mailed: no script, no image, no address in it."""
    return _template().render(report=report).encode()
