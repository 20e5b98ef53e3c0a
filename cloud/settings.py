"""What a person may set: read once from the environment and one TOML file, validated, frozen.

An environment variable `WATCHKEEPER_<NAME>` wins over `watchkeeper.toml` (or the file that `WATCHKEEPER_CONFIG` names),
which wins over the default. Credentials are no setting: botocore's ordinary chain finds them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cloud.caps import Caps
from cloud.database import Place
from cloud.setting_fields import (
    DEMO_ACCOUNTS,
    DEMO_PLACES,
    GUARD_AT_ACCEPTED,
    REGIONS_ACCEPTED,
    TOPIC,
    Account,
    GuardAt,
    GuardRung,
    Regions,
    accepted,
    comma_separated,
    from_json,
)
from core.money import Money

PREFIX: Final = "WATCHKEEPER_"
CONFIG_FILE: Final = "watchkeeper.toml"
DEFAULT_REGION: Final = "us-east-1"

CREDENTIALS_IN_ENVIRONMENT: Final = (
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL",
)
"""Any of these says that a person means a real account. A default profile in `~/.aws` alone does not."""

BeaconMetric = Literal[
    "PageLoadTime",
    "FirstByteTime",
    "FirstContentfulPaint",
    "LargestContentfulPaint",
    "InteractionToNextPaint",
    "CumulativeLayoutShift",
]
RoleName = Literal["viewer", "operator", "engineer", "administrator"]


class SettingsError(ValueError):
    """Settings that cannot be used; the message has one line a field."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


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


class Settings(BaseSettings):
    """Every setting, checked. `load()` makes one from the environment and the file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    cloud: Annotated[
        Literal["auto", "demo", "aws"],
        accepted("auto, demo or aws", "which cloud is watched; auto settles at start and then reads demo or aws"),
    ] = "auto"
    demo_port: Annotated[int, accepted(_PORT_ACCEPTED, "port of the embedded demo cloud", ge=1, le=65535)] = 4566
    port: Annotated[int, accepted(_PORT_ACCEPTED, "port of the dashboard", ge=1, le=65535)] = 8501
    address: Annotated[
        str,
        accepted(
            "an address of this machine such as 127.0.0.1 or 0.0.0.0",
            "where the dashboard listens; anything but loopback shows it to the network",
            pattern=r"^[A-Za-z0-9.:_-]+$",
        ),
    ] = "127.0.0.1"
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
    alarms_dir: Annotated[
        str | None,
        BeforeValidator(_nothing_is_none),
        accepted(
            "a folder such as alarms or alarms/{account}/{region}",
            "folder of alarms as code that pages compare live alarms with; without {account} and {region} it is "
            "that of the first place watched; none means that there is none",
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
    access_logs: Annotated[
        str | None,
        BeforeValidator(_export_place),
        accepted(
            "a folder such as /data/alb, a file, or s3://bucket/prefix",
            "load-balancer access logs that the Access logs page shows; of S3 what stands before AWSLogs",
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
    prices_file: Annotated[
        Path | None,
        accepted(
            "a TOML file of prices; docs/guard.md shows one", "own prices for the estimate of what the month costs"
        ),
    ] = None
    demo_seed: Annotated[int, accepted("a whole number", "seed of the demo's weather", ge=0)] = 7
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        accepted("debug, info, warning or error", "how much the processes say"),
    ] = "warning"
    log_secrets: Annotated[
        Literal["hide", "show"],
        accepted("hide or show", "whether passwords, keys and tokens in log lines are hidden on the Logs page"),
    ] = "hide"
    allowed_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "host names such as watch.example.com", "names under which the dashboard may be asked beside localhost"
        ),
    ] = ()

    probe_allow: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        NoDecode,
        BeforeValidator(comma_separated),
        accepted(
            "networks such as 10.20.0.0/16,fd12::/16",
            "networks beside the public internet that a page load probe may connect to",
        ),
    ] = ()
    chromium: Annotated[
        str | None,
        accepted(
            "a program such as /usr/bin/chromium",
            "browser that `probe --browser` drives; none takes Chromium or Chrome where they are installed",
        ),
    ] = None
    page_load_namespace: Annotated[
        str,
        BeforeValidator(_own_namespace),
        accepted(
            "a namespace such as PageLoad, not one that begins with AWS/",
            "where probes, real users' browsers and recordings put page load metrics",
            pattern=r"^[A-Za-z0-9._#-][A-Za-z0-9._/#:-]{0,254}$",
        ),
    ] = "PageLoad"
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file before defaults; no `.env` file and no secrets directory."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, InitSettingsSource(settings_cls, read_file(os.environ))

    @model_validator(mode="before")
    @classmethod
    def _settle(cls, given: Any) -> Any:
        """Settle `auto`, give the demo its places, and each cloud its own folder: their pasts never mix."""
        if not isinstance(given, dict):
            return given
        chosen = given.get("cloud", "auto")
        cloud = choose_cloud(os.environ) if chosen == "auto" else chosen
        accounts = given.get("accounts") or (DEMO_ACCOUNTS if cloud == "demo" else ())
        places = DEMO_PLACES if accounts is DEMO_ACCOUNTS else {}
        settled = {**places, **given, "cloud": cloud, "accounts": accounts}
        if cloud in {"demo", "aws"} and isinstance(base := given.get("data_dir", ".var"), str | Path):
            settled["data_dir"] = Path(base) / cloud
        return settled

    def guarded_at(self, account: str) -> Mapping[GuardRung, Decimal]:
        """Give the thresholds of the spending guard that hold for an account."""
        own = next((known.guard_at for known in self.accounts if known.id == account), None)
        return own if own is not None else self.guard_at or {}

    @property
    def caps(self) -> Caps:
        """Most that our own calls may cost, of the day and of the month."""
        return Caps(Money(self.monthly_cap_usd), None if self.daily_cap_usd is None else Money(self.daily_cap_usd))

    @property
    def is_demo(self) -> bool:
        """Whether the embedded demo cloud is watched. For badges and start-up only, never for behaviour."""
        return self.cloud == "demo"

    @property
    def place(self) -> Place:
        """Where history and ledger live; each cloud has tables of its own."""
        url = self.database_url.get_secret_value() if self.database_url else ""
        return Place(self.data_dir, url, f"watchkeeper_{self.cloud}")

    @property
    def demo_endpoint(self) -> str:
        """Where the embedded demo cloud answers."""
        return f"http://127.0.0.1:{self.demo_port}"

    @property
    def dashboard_url(self) -> str:
        """Where a person on this machine opens the dashboard."""
        host = "127.0.0.1" if self.address in {"0.0.0.0", "::"} else self.address  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def role_name(self) -> RoleName:
        """The role of the person at this machine until there is a sign-in."""
        return self.role or ("administrator" if self.is_demo else "viewer")


def choose_cloud(environ: Mapping[str, str]) -> Literal["demo", "aws"]:
    """Decide what `auto` means: AWS where the environment names credentials or an endpoint, the demo otherwise."""
    return "aws" if any(environ.get(name) for name in CREDENTIALS_IN_ENVIRONMENT) else "demo"


def config_path(environ: Mapping[str, str]) -> Path:
    """Give the TOML file that would be read, whether it exists or not."""
    return Path(environ.get(f"{PREFIX}CONFIG") or CONFIG_FILE)


def read_file(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the TOML file; a missing one is empty unless `WATCHKEEPER_CONFIG` names it."""
    path = config_path(environ)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not environ.get(f"{PREFIX}CONFIG"):
            return {}
        raise SettingsError((f"{PREFIX}CONFIG: there is no file {path}; name one that exists or unset it",)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError((f"{path} cannot be read: {error}",)) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{path} is not TOML: {error}",)) from error


def load() -> Settings:
    """Give the settings in force, or raise `SettingsError` with a line for each field that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(tuple(_explained(error))) from None


def _explained(error: ValidationError) -> list[str]:
    lines: dict[str, None] = {}
    for problem in error.errors(include_url=False, include_context=False):
        where = [str(part) for part in problem["loc"]]
        if problem["type"] == "extra_forbidden":
            known = ", ".join(sorted(Account.model_fields if len(where) > 1 else Settings.model_fields))
            lines[f"{'.'.join(where)}: is not a setting; the settings are {known}"] = None
        elif problem["type"] == "missing":
            lines[f"{_named(where)}: is missing; give {_accepted_by(where)}"] = None
        else:
            shown = "what it holds" if where[0] in _SECRETS else _shown(problem["input"])
            lines[f"{_named(where)}: {shown} is not accepted; give {_accepted_by(where)}"] = None
    return list(lines)


_SECRETS: Final = frozenset({"database_url"})
"""Settings of which no message and no list shows the value."""


def _named(where: list[str]) -> str:
    variable = PREFIX + where[0].upper()
    rest = ".".join(where[1:])
    given_in = variable if variable in os.environ else where[0]
    return f"{given_in}.{rest}" if rest else given_in


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _accepted_by(where: list[str]) -> str:
    fields = Settings.model_fields
    field = fields[where[0]]
    for part in where[1:]:
        if where[0] == "accounts" and part in Account.model_fields:
            field = Account.model_fields[part]
    extra = field.json_schema_extra
    return str(extra["accepted"]) if isinstance(extra, dict) else "another value"


def sources(settings: Settings, environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """List (setting, value, where it comes from) for every setting in force."""
    in_file = read_file(environ)
    rows = []
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        source = variable if variable in environ else str(config_path(environ)) if name in in_file else "default"
        value = getattr(settings, name)
        rows.append((name, _NOT_GIVEN.get(name, "by cloud") if value is None else _printed(value), source))
    return rows


_NOT_GIVEN: Final = dict.fromkeys(
    ("database_url", "billing_export", "access_logs", "alarms_dir", "guard_at", "guard_topic_arn", "prices_file"),
    "none",
)


def _printed(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_printed(part) for part in value) or "none"
    if isinstance(value, Account):
        reached = f" through {value.role_arn}" if value.role_arn else ""
        written = f", changed through {value.write_role_arn}" if value.write_role_arn else ""
        return f"{value.id} {value.name} ({', '.join(value.regions) or 'regions from settings'}){reached}{written}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} at ${amount}" for name, amount in value.items()) or "none"
    if isinstance(value, SecretStr):
        from cloud import postgres

        return postgres.described(value.get_secret_value())
    return str(value)
