"""Free Tier: how far each monthly allowance is used, and the state of the account's plan and credits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from moto.core.responses import ActionResult

from demo.aws.cloudwatch.base import page
from demo.aws.errors import AwsError
from demo.aws.wire import AwsService
from demo.bills import Record, Used, billed_until
from demo.budget_watch import seen_lines
from demo.ground import Ground
from demo.tariff import ALWAYS, GRANTED, on_bill

PAGE: Final = 1000
_TESTS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "EQUALS": lambda found, wanted: found == wanted,
    "STARTS_WITH": lambda found, wanted: found.startswith(wanted),
    "ENDS_WITH": lambda found, wanted: found.endswith(wanted),
    "CONTAINS": lambda found, wanted: wanted in found,
    "GREATER_THAN_OR_EQUAL": lambda found, wanted: float(found) >= float(wanted),
}


class FreeTierService(AwsService):
    """The Free Tier operations that the demo cloud answers, one method each."""

    SERVICE = "freetier"

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self._ground = ground

    @property
    def now(self) -> datetime:
        return self._ground.clock.now()

    def get_free_tier_usage(self) -> ActionResult:
        """Describe each allowance of the running month, as refreshed last."""
        until = billed_until(self.now)
        found = [_described(used, until) for used in self._ground.bills.used(until=until)]
        wanted = self.params.get("filter")
        shown = [each for each in found if not wanted or _passes(wanted, each)]
        items, token = page(shown, self.params.get("nextToken"), int(self.params.get("maxResults") or PAGE))
        return ActionResult({"freeTierUsages": list(items), **({"nextToken": token} if token else {})})

    def get_account_plan_state(self) -> ActionResult:
        """Describe the plan, and what is left of the credits."""
        if self.scope.account != self._ground.bills.payer:
            raise AwsError("ResourceNotFoundException", "The account has no plan of its own: its payer has.")
        lines = seen_lines(self._ground, self.scope.account, at=self.now)
        left = GRANTED + sum(line.cost for line in lines if line.record == Record.CREDIT)
        return ActionResult(
            {
                "accountId": self.scope.account,
                "accountPlanType": "PAID",
                "accountPlanStatus": "ACTIVE",
                "accountPlanRemainingCredits": {"amount": float(left), "unit": "USD"},
            }
        )


def _described(used: Used, until: datetime) -> dict[str, Any]:
    tariff = used.tariff
    first = datetime(until.year, until.month, 1, tzinfo=UTC)
    following = datetime(until.year + until.month // 12, until.month % 12 + 1, 1, tzinfo=UTC)
    passed = (until - first).total_seconds()
    forecast = used.quantity * (following - first).total_seconds() / passed if passed > 0 else used.quantity
    region = used.regions[0] if len(used.regions) == 1 else "global"
    return {
        "service": tariff.service,
        "operation": tariff.operation,
        "usageType": on_bill(tariff, region) if region != "global" else f"Global-{tariff.usage_type}",
        "region": region,
        "actualUsageAmount": used.quantity,
        "forecastedUsageAmount": forecast,
        "limit": float(tariff.free),
        "unit": tariff.unit,
        "description": tariff.offer,
        "freeTierType": ALWAYS,
    }


_KEYS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "SERVICE": lambda each: str(each["service"]),
    "OPERATION": lambda each: str(each["operation"]),
    "USAGE_TYPE": lambda each: str(each["usageType"]),
    "REGION": lambda each: str(each["region"]),
    "FREE_TIER_TYPE": lambda each: str(each["freeTierType"]),
    "DESCRIPTION": lambda each: str(each["description"]),
    "USAGE_PERCENTAGE": lambda each: str(100 * each["actualUsageAmount"] / each["limit"]),
}


def _passes(wanted: Mapping[str, Any], each: Mapping[str, Any]) -> bool:
    if wanted.get("And"):
        return all(_passes(part, each) for part in wanted["And"])
    if wanted.get("Or"):
        return any(_passes(part, each) for part in wanted["Or"])
    if wanted.get("Not"):
        return not _passes(wanted["Not"], each)
    dimension = wanted["Dimensions"]
    found = _KEYS[dimension["Key"]](each)
    return any(_TESTS[option](found, value) for option in dimension["MatchOptions"] for value in dimension["Values"])
