"""What a person may set: read once from the environment and one TOML file, validated, frozen.

An environment variable `WATCHKEEPER_<NAME>` wins over `watchkeeper.toml` (or the file that `WATCHKEEPER_CONFIG` names),
which wins over the default. Credentials are no setting: botocore's ordinary chain finds them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cloud.caps import Caps
from cloud.database import Place
from cloud.setting_fields import (
    DEMO_ACCOUNTS,
    DEMO_PLACES,
    Account,
    GuardRung,
)
from cloud.setting_groups import MoneySettings, PageLoadSettings, RoleName, StoreSettings, WatchSettings
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


class SettingsError(ValueError):
    """Settings that cannot be used; the message has one line a field."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Settings(PageLoadSettings, MoneySettings, StoreSettings, WatchSettings, BaseSettings):
    """Every setting, checked. `load()` makes one from the environment and the file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

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


def unsaid_demo(settings: Settings, environ: Mapping[str, str]) -> str:
    """Say that the demo is meant only because nobody said otherwise; empty where a person chose, or AWS is meant."""
    said = environ.get(f"{PREFIX}CLOUD") or read_file(environ).get("cloud") or "auto"
    if not settings.is_demo or said != "auto":
        return ""
    return (
        f"nothing in the environment names credentials, so the demo cloud at {settings.demo_endpoint} is meant, not"
        f" AWS. A profile in ~/.aws and an instance's role do not count: set {PREFIX}CLOUD=aws for these, or =demo to"
        " mean it"
    )


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
