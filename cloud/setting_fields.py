"""What settings are made of: texts of what is accepted, regions, thresholds of the guard, and accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

GuardRung = Literal["notify", "freeze", "zero", "stop"]
_RUNGS: Final[tuple[GuardRung, ...]] = ("notify", "freeze", "zero", "stop")


def comma_separated(value: object) -> object:
    """Split what an environment variable holds; what is no text goes on as it is."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return from_json(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def from_json(value: object) -> object:
    """Read what an environment variable holds as JSON; what is no text goes on as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at character {error.pos + 1}") from error


def accepted(text: str, meaning: str, **rules: Any) -> Any:
    """Describe a setting: what is accepted, for messages and the list of settings, and what it means."""
    return Field(description=meaning, json_schema_extra={"accepted": text}, **rules)


def _rising(at: Mapping[GuardRung, Decimal]) -> Mapping[GuardRung, Decimal]:
    """Refuse thresholds that do not rise from rung to rung."""
    amounts = [at[rung] for rung in _RUNGS if rung in at]
    if any(less >= more for less, more in pairwise(amounts)):
        raise ValueError("thresholds do not rise")
    return at


_Threshold = Annotated[Decimal, Field(gt=0, decimal_places=5)]
GuardAt = Annotated[Mapping[GuardRung, _Threshold], NoDecode, BeforeValidator(from_json), AfterValidator(_rising)]
GUARD_AT_ACCEPTED: Final = (
    'dollars that rise from rung to rung, such as {"notify": "1", "freeze": "5", "zero": "10", "stop": "20"}'
)

_REGION: Final = r"^[a-z]{2}(-[a-z]+)+-\d$"
Region = Annotated[str, Field(pattern=_REGION)]
Regions = Annotated[tuple[Region, ...], NoDecode, BeforeValidator(comma_separated)]
TOPIC: Final = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$"
_ROLE: Final = r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
REGIONS_ACCEPTED: Final = "region names such as us-east-1,eu-west-1"


class Account(BaseModel):
    """One AWS account to watch, and how it is reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, accepted("twelve digits", "the account's number", pattern=r"^\d{12}$")]
    name: Annotated[str, accepted("1 to 60 characters", "what people call it", min_length=1, max_length=60)]
    role_arn: Annotated[
        str | None,
        accepted(
            "a role's ARN such as arn:aws:iam::123456789012:role/watchkeeper",
            "role to assume; none means the caller's own credentials",
            pattern=_ROLE,
        ),
    ] = None
    write_role_arn: Annotated[
        str | None,
        accepted(
            "a role's ARN such as arn:aws:iam::123456789012:role/watchkeeper-writes",
            "role to assume for a change that a person applies; none means the credentials that read",
            pattern=_ROLE,
        ),
    ] = None
    regions: Annotated[Regions, accepted(REGIONS_ACCEPTED, "regions to watch there")] = ()
    guard_at: Annotated[
        GuardAt | None,
        accepted(GUARD_AT_ACCEPTED, "the account's own thresholds of the spending guard; an empty table: none"),
    ] = None


DEMO_PLACES: Final = {
    "billing_export": "s3://directory-billing-exports-111111111111/exports",
    "access_logs": "s3://employee-directory-access-logs-111111111111",
}
"""Where the demo cloud has what a person would otherwise name, by setting."""
DEMO_ACCOUNTS: Final = (
    Account(
        id="111111111111",
        name="directory-prod",
        write_role_arn="arn:aws:iam::111111111111:role/watchkeeper-writes",
        regions=("us-east-1",),
    ),
    Account(
        id="222222222222",
        name="directory-dr",
        role_arn="arn:aws:iam::222222222222:role/watchkeeper",
        write_role_arn="arn:aws:iam::222222222222:role/watchkeeper-writes",
        regions=("eu-west-1",),
    ),
)
