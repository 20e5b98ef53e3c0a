"""The settings by what they are about; `cloud.settings.Settings` is all of them together."""

from __future__ import annotations

import re
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from cloud.setting_fields import (
    GUARD_AT_ACCEPTED,
    REGIONS_ACCEPTED,
    TOPIC,
    Account,
    GuardAt,
    Regions,
    accepted,
    comma_separated,
    from_json,
)

BeaconMetric = Literal[
    "PageLoadTime",
    "FirstByteTime",
    "FirstContentfulPaint",
    "LargestContentfulPaint",
    "InteractionToNextPaint",
    "CumulativeLayoutShift",
]
RoleName = Literal["viewer", "operator", "engineer", "administrator"]


def _own_namespace(value: object) -> object:
    if isinstance(value, str) and value.startswith("AWS/"):
        raise ValueError("a namespace that begins with AWS/ is of AWS's own services")
    return value


def _postgres_url(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    from cloud import postgres  # loads psycopg, which SQLite does without

    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not postgres.accepts(text):
        raise ValueError("not a PostgreSQL URL")
    return SecretStr(text)


_BUCKET: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?")


def _nothing_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _export_place(value: object) -> object:
    if isinstance(value, str) and value.startswith("s3:") and not _BUCKET.fullmatch(value):
        raise ValueError("no bucket")
    return value or None


_PORT_ACCEPTED: Final = "a whole number from 1 to 65535"


class WatchSettings(BaseModel):
    """What is watched, and where the product runs."""

    cloud: Annotated[
        Literal["auto", "demo", "aws"],
        accepted("auto, demo or aws", "which cloud is watched; auto settles at start and then reads demo or aws"),
    ] = "auto"
    demo_port: Annotated[int, accepted(_PORT_ACCEPTED, "port of the embedded demo cloud", ge=1, le=65535)] = 4566
    demo_seed: Annotated[int, accepted("a whole number", "seed of the demo's weather", ge=0)] = 7
    port: Annotated[int, accepted(_PORT_ACCEPTED, "port of the dashboard", ge=1, le=65535)] = 8501
    address: Annotated[
        str,
        accepted(
            "an address of this machine such as 127.0.0.1 or 0.0.0.0",
            "where the dashboard listens; anything but loopback shows it to the network",
            pattern=r"^[A-Za-z0-9.:_-]+$",
        ),
    ] = "127.0.0.1"
    allowed_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "host names such as watch.example.com", "names under which the dashboard may be asked beside localhost"
        ),
    ] = ()
    regions: Annotated[Regions, accepted(REGIONS_ACCEPTED, "regions for accounts that name none")] = ()
    accounts: Annotated[
        tuple[Account, ...],
        NoDecode,
        BeforeValidator(from_json),
        accepted(
            'a list of accounts such as [{"id": "123456789012", "name": "prod"}], in TOML [[accounts]] tables',
            "accounts to watch; none means the caller's own",
        ),
    ] = ()
    role: Annotated[
        RoleName | None,
        accepted(
            "viewer, operator, engineer or administrator",
            "what the person at this machine may do; by default viewer on AWS, administrator on the demo",
        ),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        accepted("debug, info, warning or error", "how much the processes say"),
    ] = "warning"


class StoreSettings(BaseModel):
    """What is kept, where, and how often AWS is asked."""

    data_dir: Annotated[
        Path,
        accepted(
            "a directory that can be written",
            "where history, ledger and audit live; each cloud has a folder of its own in the one given",
        ),
    ] = Path(".var")
    database_url: Annotated[
        SecretStr | None,
        BeforeValidator(_postgres_url),
        accepted(
            "a URL such as postgresql://watchkeeper:secret@db.example.com/watchkeeper, an @ in the password as %40",
            "PostgreSQL database that holds history and ledger for several machines; none keeps them in data_dir",
        ),
    ] = None
    refresh_seconds: Annotated[
        int, accepted("a whole number from 5 to 3600", "least age of metrics before AWS is asked again", ge=5, le=3600)
    ] = 60
    poll_seconds: Annotated[
        int, accepted("a whole number from 5 to 3600", "how often the collector looks for transitions", ge=5, le=3600)
    ] = 15
    history_days: Annotated[
        int,
        accepted(
            "a whole number from 1 to 3650",
            "how long metrics, transitions and costs that were read are kept, AWS's own 15 days of minutes and beyond",
            ge=1,
            le=3650,
        ),
    ] = 455
    logs_days: Annotated[
        int,
        accepted(
            "a whole number from 1 to 3650",
            "how long log lines that were read are kept; older ones that somebody looks at are kept for a day",
            ge=1,
            le=3650,
        ),
    ] = 14
    logs_store_mb: Annotated[
        int,
        accepted(
            "a whole number from 10 to 1000000",
            "most megabytes of log lines that are kept; beyond that the oldest go first",
            ge=10,
            le=1_000_000,
        ),
    ] = 1_000
    log_secrets: Annotated[
        Literal["hide", "show"],
        accepted("hide or show", "whether passwords, keys and tokens in log lines are hidden on the Logs page"),
    ] = "hide"
    alarms_dir: Annotated[
        str | None,
        BeforeValidator(_nothing_is_none),
        accepted(
            "a folder such as alarms or alarms/{account}/{region}",
            "folder of alarms as code that pages compare live alarms with; without {account} and {region} it is "
            "that of the first place watched; none means that there is none",
        ),
    ] = None
    access_logs: Annotated[
        str | None,
        BeforeValidator(_export_place),
        accepted(
            "a folder such as /data/alb, a file, or s3://bucket/prefix",
            "load-balancer access logs that the Access logs page shows; of S3 what stands before AWSLogs",
        ),
    ] = None


class MoneySettings(BaseModel):
    """What may be spent, on what it is judged, and custom metrics, which cost."""

    monthly_cap_usd: Annotated[
        Decimal,
        accepted(
            "dollars such as 0 or 2.50", "most that Watchkeeper's own calls may cost in a month", ge=0, decimal_places=5
        ),
    ] = Decimal(0)
    daily_cap_usd: Annotated[
        Decimal | None,
        accepted(
            "dollars such as 0 or 0.10",
            "most that Watchkeeper's own calls may cost in a day, never more than in a month; "
            "none means that a day may take what the month has left",
            ge=0,
            decimal_places=5,
        ),
    ] = None
    billing_export: Annotated[
        str | None,
        BeforeValidator(_export_place),
        accepted(
            "a folder such as /data/exports, or s3://bucket/prefix",
            "FOCUS or legacy CUR export that the Costs page shows; none means that there is none, on the demo its own",
        ),
    ] = None
    prices_file: Annotated[
        Path | None,
        accepted(
            "a TOML file of prices; docs/guard.md shows one", "own prices for the estimate of what the month costs"
        ),
    ] = None
    guard: Annotated[
        Literal["off", "dry-run", "on"],
        accepted(
            "off, dry-run or on",
            "the spending guard: dry-run tells people and shows what it would do, on also freezes by itself",
        ),
    ] = "off"
    guard_at: Annotated[
        GuardAt | None,
        accepted(GUARD_AT_ACCEPTED, "an account's spend in a month at which the guard tells, freezes, scales, stops"),
    ] = None
    guard_spend: Annotated[
        Literal["either", "actual", "estimated"],
        accepted("either, actual or estimated", "the spend that thresholds are held against; either is the higher one"),
    ] = "either"
    guard_topic_arn: Annotated[
        str | None,
        accepted(
            "a topic's ARN such as arn:aws:sns:us-east-1:123456789012:spending",
            "topic that the guard tells of a threshold; none means the page, the log and the audit record only",
            pattern=TOPIC,
        ),
    ] = None
    custom_metrics_quota: Annotated[
        int,
        accepted(
            "a whole number such as 10 or 200",
            "most custom metrics that applications on this machine may push in a month; ten are free in an account",
            ge=0,
        ),
    ] = 10
    custom_metrics_spool_mb: Annotated[
        int,
        accepted(
            "a whole number from 1 to 100000",
            "most megabytes of pushed datapoints that may wait on this disk; then new ones are refused",
            ge=1,
            le=100_000,
        ),
    ] = 256
    custom_metrics_patience_ms: Annotated[
        int,
        accepted(
            "a whole number from 0 to 60000",
            "longest that an application waits in milliseconds for the spool when it puts a datapoint",
            ge=0,
            le=60_000,
        ),
    ] = 100


class PageLoadSettings(BaseModel):
    """How page loads are measured."""

    page_load_namespace: Annotated[
        str,
        BeforeValidator(_own_namespace),
        accepted(
            "a namespace such as PageLoad, not one that begins with AWS/",
            "where probes, real users' browsers and recordings put page load metrics",
            pattern=r"^[A-Za-z0-9._#-][A-Za-z0-9._/#:-]{0,254}$",
        ),
    ] = "PageLoad"
    probe_allow: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "networks such as 10.20.0.0/16,fd12::/16",
            "networks beside the public internet that a page load probe may connect to",
        ),
    ] = ()
    probe_region: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9._-][ -~]{0,59}$")] | None,
        BeforeValidator(_nothing_is_none),
        accepted(
            "a name such as eu-west-1 or Berlin, in ASCII",
            "where probes on this machine load pages from: the dimension Region of their metrics; none leaves it out",
        ),
    ] = None
    chromium: Annotated[
        str | None,
        accepted(
            "a program such as /usr/bin/chromium",
            "browser that `probe --browser` drives; none takes Chromium or Chrome where they are installed",
        ),
    ] = None
    beacon_origins: Annotated[
        tuple[Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d{1,5})?$")], ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "origins such as https://shop.example.com",
            "sites whose pages may send load times of real users to /beacon; none means that nothing is taken",
        ),
    ] = ()
    beacon_pages: Annotated[
        tuple[Annotated[str, Field(pattern=r"^/[!-~]{0,199}$")], ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "path templates such as /,/employees/:id",
            "pages that real users' load times are kept by, all others as one; none takes the first four that are seen",
        ),
    ] = ()
    beacon_metrics: Annotated[
        tuple[BeaconMetric, ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "one or more of PageLoadTime, FirstByteTime, FirstContentfulPaint, LargestContentfulPaint, "
            "InteractionToNextPaint, CumulativeLayoutShift",
            "what is kept of real users' page loads; each is a metric for each page and each browser",
        ),
    ] = ("PageLoadTime",)
    beacon_regions: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")], ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "countries such as DE,FR,US",
            "viewers' countries that real users' load times are kept by, all others as one; none keeps no country",
        ),
    ] = ()
    beacon_region_header: Annotated[
        str,
        accepted(
            "a header's name such as CloudFront-Viewer-Country",
            "where the proxy or CDN before /beacon says a viewer's country; it must set it itself",
            pattern=r"^[A-Za-z][A-Za-z0-9-]{0,59}$",
        ),
    ] = "CloudFront-Viewer-Country"
