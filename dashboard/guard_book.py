"""What the guard remembers, in the shared store: its state by account, and how each thing was before it was touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from budgets.freezing import Prior, merged
from budgets.guard import GuardState
from collectors import spend
from collectors.leases import Leases
from collectors.snapshots import Snapshots
from collectors.store import Store
from core.reading import Reading, Scope

_MOST_THINGS = 10_000


class GuardBook:
    """The guard's memory. Processes that share the store share it, and it survives them. Raises DatabaseDownError."""

    def __init__(self, store: Store) -> None:
        self._states: Snapshots[GuardState] = Snapshots(store, "guard", Reading[GuardState])
        self._priors: Snapshots[Prior | None] = Snapshots(store, "guard prior", Reading[Prior | None])
        self._leases = Leases(store)

    @contextmanager
    def alone(self, account: str) -> Iterator[None]:
        """Let nobody else act for the account meanwhile, in no process; waits for whoever does."""
        waiting = self._leases.patient()
        while True:
            with self._leases.held({f"guard {account}"}, waiting) as mine:
                if mine:
                    yield
                    return
            waiting.pause()

    def state(self, account: str) -> GuardState | None:
        found = self._states.newest(spend.billing(account))
        return found.value if found else None

    def save(self, account: str, state: GuardState, *, at: datetime) -> None:
        self._states.put(spend.billing(account), Reading(state, at))

    def priors(self, scopes: Iterable[Scope]) -> tuple[Prior, ...]:
        """Give how things were before the guard touched them, by name; nothing once they are restored."""
        found = (each.value for scope in scopes for each in self._priors.every(scope, newest=_MOST_THINGS))
        return tuple(sorted((prior for prior in found if prior is not None), key=lambda prior: prior.name))

    def keep(self, priors: Iterable[Prior]) -> None:
        """Keep how things are before they are touched; what is kept of a thing already is never written over."""
        for prior in priors:
            known = self._priors.newest(prior.scope, key=prior.key)
            kept = merged(known.value if known else None, prior)
            self._priors.put(prior.scope, Reading(kept, max(prior.at, known.at if known else prior.at)), key=prior.key)

    def forget(self, priors: Iterable[Prior], *, at: datetime) -> None:
        """Forget things that are as they were."""
        for prior in priors:
            self._priors.put(prior.scope, Reading(None, at), key=prior.key)
