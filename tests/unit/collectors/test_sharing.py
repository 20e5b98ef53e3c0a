"""A failure answers for the endpoint for a while: how long depends on whether it may have passed by now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.clients import Clients
from collectors.sharing import AFTER_FAILURE
from collectors.sources import MONEY_PATIENCE, CloudSources
from collectors.store import Store
from core.reading import FaultKind
from tests.unit.collectors.endpoint import Endpoint

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
ACCOUNT = "111111111111"
Answer = Callable[[Mapping[str, Any]], Any]


def hang_up(_: Mapping[str, Any]) -> None:
    return None


def deny(_: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    return 400, {"__type": "AccessDeniedException", "message": "no"}


@pytest.mark.parametrize(
    ("answer", "kind", "patience"),
    [
        (hang_up, FaultKind.UNREACHABLE, AFTER_FAILURE),
        (deny, FaultKind.ACCESS_DENIED, MONEY_PATIENCE),
    ],
)
def test_what_was_out_of_reach_is_asked_again_soon_and_what_is_denied_is_not(
    endpoint: Endpoint, clients: Clients, store: Store, answer: Answer, kind: FaultKind, patience: timedelta
) -> None:
    sources = CloudSources(clients, store)
    endpoint.answers["DescribeBudgets"] = answer
    (fault,) = sources.budgets(ACCOUNT, now=NOW).faults
    assert fault.kind is kind
    endpoint.answers["DescribeBudgets"] = lambda _: {"Budgets": []}
    endpoint.answers["DescribeBudgetActionsForAccount"] = lambda _: {"Actions": []}
    assert sources.budgets(ACCOUNT, now=NOW + patience - timedelta(seconds=1)).faults == (fault,)
    assert sources.budgets(ACCOUNT, now=NOW + patience).faults == ()
