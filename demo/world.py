"""The employee directory as data: two accounts, what runs in them, and the names that a hostile user would give.

`demo.building` makes it in moto; `demo.watch` are its alarms. Nothing here is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from alarms.scaling import Adjustment, Policy, PolicyKind, Step
from core.reading import Scope

HOSTILE: Final = "<img src=x onerror=alert(1)>![x](https://attacker.test/p.png)"
"""HTML and Markdown where people expect a name; AWS takes it in tags and descriptions."""
HOSTILE_MARKS: Final = ":red[ops] $\\alpha$ **bold** [pay](https://attacker.test/)"
"""Streamlit's colour and maths marks, and a link."""
HOSTILE_BIDI: Final = "p99 \u202egnikcehc\u202c :material/delete: `x` <b>slow</b>"
"""A right-to-left override, which draws the text backwards, in an alarm's name."""
HOSTILE_PAGE: Final = "/<script>alert(1)</script>"

GUARDED: Final = ("watchkeeper-guard", "allow")
"""The tag that lets the product's spending guard touch a group."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One availability zone with its public subnet."""

    name: str
    cidr: str


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """A target group: how it checks, and how long targets drain."""

    name: str
    path: str = "/health"
    interval: int = 5
    healthy: int = 3
    unhealthy: int = 2
    drain: int = 25


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """An Auto Scaling group, its launch template and its policies."""

    name: str
    minimum: int
    maximum: int
    desired: int
    policies: tuple[Policy, ...]
    instance_type: str = "t2.micro"
    cooldown: int = 60
    grace: int = 30
    warm_up: int = 60
    tags: tuple[tuple[str, str], ...] = ()
    """Given to every instance too."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page whose load time browsers report."""

    path: str
    weight: float
    """How slow it is, as a multiple of the home page."""


class LogKind(StrEnum):
    """What writes a log group, and so what its lines look like."""

    APPLICATION = "application"
    ACCESS = "access"
    FUNCTION = "function"
    AUDIT = "audit"
    IMPORT = "import"
    """A job that ran for years and was switched off."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class LogPlan:
    """A log group, who writes it, and how long its lines are kept."""

    name: str
    kind: LogKind
    retention: int | None = None
    """Days; None keeps for ever."""
    log_class: str = "STANDARD"
    began: int = 0
    """Days before the site's own past."""
    ended: int | None = None
    """Days before the site's own past, where nothing is written any more."""


@dataclass(frozen=True, slots=True)
class Site:
    """The directory in one account and region."""

    name: str
    scope: Scope
    cidr: str
    zones: tuple[Zone, ...]
    group: GroupPlan
    targets: TargetPlan
    share: float
    """Of the main site's demand."""
    table: str = "Employees"
    read_capacity: int = 60
    """Units a second that the table is provisioned with."""
    write_capacity: int = 10
    function: str = "employee-photo-thumbnails"
    bucket: str = ""
    access_bucket: str = ""
    """Where the load balancer puts its access logs."""
    topic: str = "directory-alerts"
    email: str = "ops@directory.test"
    log_groups: tuple[LogPlan, ...] = ()
    pages: tuple[Page, ...] = ()
    load_balancer: str = "directory-web"
    tags: dict[str, str] = field(default_factory=dict, hash=False)


STEP_OUT: Final = Policy(
    name="directory-scale-out",
    arn="",
    group="directory-web",
    kind=PolicyKind.STEP,
    steps=(Step(1, 0.0, 20.0), Step(2, 20.0)),
    warm_up=60,
)
"""One instance more above 70 % CPU, two more from 90 %."""

SIMPLE_IN: Final = Policy(
    name="directory-scale-in",
    arn="",
    group="directory-web",
    kind=PolicyKind.SIMPLE,
    adjustment_type=Adjustment.CHANGE,
    adjustment=-1,
    cooldown=60,
)

TRACK_CPU: Final = Policy(
    name="directory-track-cpu",
    arn="",
    group="directory-dr-web",
    kind=PolicyKind.TARGET_TRACKING,
    target=50.0,
    warm_up=60,
)

PROD: Final = Site(
    name="directory-prod",
    scope=Scope("111111111111", "us-east-1"),
    cidr="10.20.0.0/16",
    zones=(Zone("us-east-1a", "10.20.1.0/24"), Zone("us-east-1b", "10.20.2.0/24")),
    group=GroupPlan(
        name="directory-web",
        minimum=2,
        maximum=6,
        desired=2,
        policies=(STEP_OUT, SIMPLE_IN),
        tags=(("Name", "directory-web"), ("Service", "employee-directory"), ("Team", HOSTILE_MARKS), GUARDED),
    ),
    targets=TargetPlan("directory-web"),
    share=1.0,
    bucket="employee-directory-photos-111111111111",
    access_bucket="employee-directory-access-logs-111111111111",
    log_groups=(
        LogPlan("/directory/web", LogKind.APPLICATION, 30),
        LogPlan("/directory/access", LogKind.ACCESS),
        LogPlan("/aws/lambda/employee-photo-thumbnails", LogKind.FUNCTION),
        LogPlan("/directory/audit", LogKind.AUDIT, 365, log_class="INFREQUENT_ACCESS"),
        LogPlan("/directory/legacy-import", LogKind.IMPORT, began=1300, ended=400),
        LogPlan("/directory/staging", LogKind.NOTHING, 3),
    ),
    pages=(
        Page("/", 1.0),
        Page("/search", 1.25),
        Page("/employee", 1.1),
        Page("/photo", 1.6),
        Page(HOSTILE_PAGE, 1.0),
    ),
    tags={"Service": "employee-directory", "Environment": "production", "CostCenter": "4711"},
)

DR: Final = Site(
    name="directory-dr",
    scope=Scope("222222222222", "eu-west-1"),
    cidr="10.30.0.0/16",
    zones=(Zone("eu-west-1a", "10.30.1.0/24"), Zone("eu-west-1b", "10.30.2.0/24")),
    group=GroupPlan(
        name="directory-dr-web",
        minimum=1,
        maximum=4,
        desired=1,
        policies=(TRACK_CPU,),
        tags=(("Name", "directory-dr-web"), ("Service", "employee-directory"), GUARDED),
    ),
    targets=TargetPlan("directory-dr-web"),
    share=0.4,
    table="EmployeesReplica",
    read_capacity=25,
    write_capacity=10,
    function="employee-photo-thumbnails-dr",
    bucket="employee-directory-photos-222222222222",
    access_bucket="employee-directory-access-logs-222222222222",
    topic="directory-dr-alerts",
    log_groups=(
        LogPlan("/directory-dr/web", LogKind.APPLICATION, 30),
        LogPlan("/directory-dr/access", LogKind.ACCESS, 7),
        LogPlan("/aws/lambda/employee-photo-thumbnails-dr", LogKind.FUNCTION),
    ),
    pages=(Page("/", 1.1),),
    load_balancer="directory-dr-web",
    tags={"Service": "employee-directory", "Environment": "disaster-recovery", "CostCenter": "4711"},
)

SITES: Final = (PROD, DR)

WATCHER_ROLE: Final = "watchkeeper"
"""The role that Watchkeeper takes on in every account."""
IMAGE_NAME: Final = "directory-web-2026-10-14"
