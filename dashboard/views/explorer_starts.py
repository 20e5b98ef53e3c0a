"""What to begin with in the explorer: the charts of the account's own fleet, as series to put on the chart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from collectors.inventory import Inventory
from core.series import MetricId
from dashboard.state import MOST_CHOICES, MetricChoice
from dashboard.views import fleet
from dashboard.views.panels import Panel

MOST: Final = 8
"""Charts to begin with; more are not a start but a list."""


@dataclass(frozen=True, slots=True)
class Start:
    """One chart to begin with."""

    label: str
    """What it shows; foreign text."""
    choices: tuple[MetricChoice, ...]
    """Its series, in the order of the legend."""


def offered(inventory: Inventory, known: Sequence[MetricId]) -> tuple[Start, ...]:
    """Give the charts of the first fleet whose metrics report; without a fleet those of tables and functions."""
    fleets = fleet.discover(inventory)
    found = fleet.panels(fleets[0], known) if fleets else (*fleet.table_panels(known), *fleet.function_panels(known))
    reporting = frozenset(known)
    starts = (_start(panel, reporting) for panel in found)
    return tuple(start for start in starts if start.choices)[:MOST]


def _start(panel: Panel, reporting: Collection[MetricId]) -> Start:
    label = f"{panel.title} · {panel.subtitle}" if panel.subtitle else panel.title
    choices = dict.fromkeys(MetricChoice(line.metric, line.statistic) for line in panel.lines)
    return Start(label, tuple(choice for choice in choices if choice.metric in reporting)[:MOST_CHOICES])
