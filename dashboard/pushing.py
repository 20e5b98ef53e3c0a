"""Values pushed by hand: through the same spool, quota and price as an application's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from cloud.settings import Settings
from collectors import custom_files
from collectors.custom import Metrics
from collectors.custom_files import AskAccount, PushPlan, Put
from collectors.custom_rules import MetricRefusedError
from collectors.spool.pauses import Pause
from core.series import MetricId


class SpoolDesk:
    """The desk of this machine: values go to the account and region of this process's own credentials."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock

    def plan(self, namespace: str, puts: Sequence[Put], problems: Sequence[str], *, account: AskAccount) -> PushPlan:
        with self._metrics(namespace) as metrics:
            return custom_files.plan(metrics, puts, problems, account=account)

    def push(self, namespace: str, plan: PushPlan) -> str:
        try:
            with self._metrics(namespace) as metrics:
                rejected = metrics.status().counts.rejected
                custom_files.apply(metrics, plan)
                failed = metrics.flush().failed
                if metrics.status().counts.rejected > rejected:
                    return "AWS refused values, and would again; the dashboard's log says why."
        except MetricRefusedError as error:
            return str(error)
        return f"The values wait on this machine's disk and are delivered later: {failed}" if failed else ""

    def known(self) -> Collection[MetricId]:
        try:
            with self._metrics(self._settings.page_load_namespace) as metrics:
                found = metrics.status().metrics
        except (MetricRefusedError, OSError):
            return ()
        return frozenset(each.billed_as for each in found)

    def paused(self) -> frozenset[Pause]:
        try:
            with self._metrics(self._settings.page_load_namespace) as metrics:
                return metrics.status().paused
        except (MetricRefusedError, OSError):
            return frozenset()

    def change(self, *, pause: Collection[Pause], resume: Collection[Pause]) -> str:
        try:
            with self._metrics(self._settings.page_load_namespace) as metrics:
                metrics.pause(add=pause, remove=resume)
        except (MetricRefusedError, OSError) as error:
            return f"The spool cannot be changed: {error}."
        return ""

    def _metrics(self, namespace: str) -> Metrics:
        def clock() -> int:
            return int(self._clock().timestamp() * 1000)

        return Metrics(namespace, settings=self._settings, clock=clock, on_many="refuse", background=False)
