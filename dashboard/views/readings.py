"""What the wall was read from, as one value that every viewer shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from collectors.alarm_states import AlarmState, AlarmTransition
from collectors.inventory import Inventory
from collectors.pace import Pace
from collectors.scaling import Activity
from collectors.targets import TargetGroupHealth
from core.reading import Fault, Reading, Scope
from dashboard.views.fleet import Fleet
from dashboard.views.panels import Grid, Panel, Readings, Revisions


@dataclass(frozen=True, slots=True)
class WallReadings:
    """Everything that the wall shows, as read in the background; one read serves every viewer."""

    scope: Scope
    """The account and region."""
    at: datetime
    """When the read was made."""
    on: Grid
    """The span and period of every chart."""
    inventory: Reading[Inventory]
    """What there is."""
    fleets: tuple[Fleet, ...]
    """Every fleet of the account and region, the largest first."""
    fleet: Fleet | None
    """The one on screen."""
    panels: tuple[Panel, ...]
    """The fleet's charts before anything was read."""
    metrics: Reading[Readings]
    """The series of every panel."""
    targets: Reading[tuple[TargetGroupHealth, ...]]
    """Target health of every target group."""
    activities: Reading[tuple[Activity, ...]]
    """Scaling activities of every group, newest first."""
    alarms: Reading[tuple[AlarmState, ...]]
    """Every alarm with its state."""
    transitions: Reading[tuple[AlarmTransition, ...]]
    """Changes of alarm states, newest first."""
    pace: Pace
    """How long the newest datapoints wait to be read again."""
    revisions: Revisions = field(default_factory=dict)
    """Datapoints that were another value when they were read first: an alarm may have seen that one."""
    known_faults: tuple[Fault, ...] = ()
    """Why the list of known metrics is incomplete."""
