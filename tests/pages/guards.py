"""A guard over groups written by hand: real rules, plans and approvals, without a cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from access.approvals import Approvals, Proposal, takes_two
from access.audit import Audit, Record
from access.changes import ChangePlan, Ending, Outcome, StepEnding, StepOutcome, authorize
from access.identity import Actor
from access.policy import Action, decide
from budgets import freezing
from budgets.estimate import Kept, Official, compare, estimate
from budgets.freezing import Group, Instance, Prior, Rehearsal, Thing
from budgets.guard import GuardState, Mode, Rules, Rung, standing
from budgets.prices import UsagePrices
from cloud.database import Place
from cloud.faults import AccessDenied
from core.money import Money
from core.reading import Fault, Reading, Verdict
from core.timespan import Timespan
from core.usage import Count, Uncounted
from dashboard.views.estimating import Spending
from tests.pages.fakes import HOSTILE, NOW, PROD

TAG = {"watchkeeper-guard": "allow"}
WEB = Group(PROD, "web-asg", "arn:web-asg", 2, 3, 6, kinds=("t2.micro",), tags=TAG)
LADDER = {Rung.NOTIFY: Money(Decimal(5)), Rung.FREEZE: Money(Decimal(10)), Rung.ZERO: Money(Decimal(15))}


def dollars(text: str) -> Money:
    return Money(Decimal(text))


@dataclass
class FakeGuards:
    """Change a field to change the state."""

    folder: Path
    mode: Mode = Mode.ON
    ladder: dict[Rung, Money] = field(default_factory=lambda: dict(LADDER))
    remembered: GuardState | None = None
    found: list[Thing] = field(
        default_factory=lambda: [WEB, Instance(PROD, "i-lone", "m5.large", "running", TAG),
                                 Instance(PROD, HOSTILE, "t2.micro", "running")]
    )  # fmt: skip
    kept: list[Prior] = field(default_factory=list)
    denied: bool = False
    official: bool = True
    counted: bool = True
    past: int = 6
    """Days of past estimates."""
    asked: bool = False
    """Whether GetMetricData was asked, whose price is second-hand."""
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.audit = Audit(self.folder)
        self.approvals = Approvals(Place(self.folder), self.audit)

    def _faults(self) -> tuple[Fault, ...]:
        return (AccessDenied().to_fault(PROD, "autoscaling:DescribeAutoScalingGroups"),) if self.denied else ()

    def spending(self, account: str, *, now: datetime) -> Spending:
        month, lately = Timespan(now.replace(day=1, hour=0), now), Timespan(now - timedelta(minutes=15), now)
        counts = [
            Count("BoxUsage:t2.micro", "us-east-1", "i-1", Decimal(540), Decimal("0.75")),
            Count("Request", "us-east-1", HOSTILE, Decimal(1_500_000), Decimal(9_000)),
        ]
        if self.asked:
            counts.append(Count("CW:GMD-Metrics", "us-east-1", "Watchkeeper", Decimal(1_000), Decimal(10)))
        missing = [Uncounted("Data sent to the internet", "Nobody counts it."), Uncounted(HOSTILE, HOSTILE)]
        made = estimate(counts, missing, UsagePrices(), month=month, lately=lately) if self.counted else None
        officials = (Official(now - timedelta(hours=5), dollars("6.10"), "AWS's estimated charges"),)
        midnight = now.replace(hour=0, minute=0, second=0)
        days = [midnight - timedelta(days=day) for day in range(self.past)]
        kept = [Kept(at, dollars(str(at.day)), dollars("0.04")) for at in sorted(days)]
        finals = [
            Official(at, dollars(str(Decimal(at.day) * Decimal("1.1"))), "Cost Explorer", final=True) for at in days
        ]
        return Spending(
            account, now, made, officials if self.official else (), compare(kept, finals), tuple(kept), self._faults()
        )

    def rules(self, account: str) -> Rules:
        return Rules(self.mode, self.ladder, Verdict(allowed=True, reason="Yes."))

    def state(self, account: str) -> Reading[GuardState | None]:
        return Reading(self.remembered, NOW)

    def things(self, account: str, *, now: datetime) -> Reading[tuple[Thing, ...]]:
        return Reading(() if self.denied else tuple(self.found), now, self._faults())

    def rehearse(self, rung: Rung, account: str, *, now: datetime) -> Reading[Rehearsal]:
        return self.things(account, now=now).map(
            lambda things: freezing.rehearse(rung, things, UsagePrices(), place="directory-prod")
        )

    def restore_plan(self, account: str, *, now: datetime) -> Reading[ChangePlan]:
        return self.things(account, now=now).map(
            lambda things: freezing.restore(self.kept, things, place="directory-prod")
        )

    def priors(self, account: str) -> tuple[Prior, ...]:
        return tuple(self.kept)

    def may(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict:
        if self.mode is Mode.OFF:
            return Verdict(allowed=False, reason="The guard is off; start with WATCHKEEPER_GUARD=dry-run or on.")
        refused = next((v for action in plan.actions if not (v := decide(actor, action)).allowed), None)
        if refused is not None:
            return refused
        if self.mode is not Mode.ON:
            return Verdict(allowed=False, reason="This is a dry run; to act, start with WATCHKEEPER_GUARD=on.")
        approval = self.approvals.granted(plan, now=now) if takes_two(plan) else None
        found = authorize(plan, actor, approval=approval)
        return found if isinstance(found, Verdict) else Verdict(allowed=True, reason="Yes.")

    def may_restore(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict:
        return decide(actor, Action.RUN_GUARD)

    def propose(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Proposal | Verdict:
        return self.approvals.propose(plan, actor, now=now)

    def pending(self, *, now: datetime) -> tuple[Proposal, ...]:
        return self.approvals.pending(now=now)

    def may_approve(self, proposal: Proposal, actor: Actor, *, now: datetime) -> Verdict:
        return self.approvals.may_approve(proposal, actor, now=now)

    def approve(self, identity: str, actor: Actor, *, now: datetime) -> Proposal | Verdict:
        return self.approvals.approve(identity, actor, now=now)

    def act(self, rung: Rung, plan: ChangePlan, account: str, actor: Actor, *, now: datetime) -> Outcome:
        may = self.may(plan, actor, now=now)
        if not may.allowed:
            return Outcome(plan, Ending.REFUSED, may.reason)
        self.done.append(str(rung))
        self.kept = [freezing.prior_of(thing, rung, at=now) for thing in self.found if isinstance(thing, Group)]
        self.remembered = standing(self.remembered or GuardState(now), rung, now=now)
        return Outcome(plan, Ending.DONE, "Done.", tuple(StepOutcome(step, StepEnding.DONE) for step in plan.steps))

    def restore(self, plan: ChangePlan, account: str, actor: Actor, *, now: datetime) -> Outcome:
        self.done.append("restore")
        self.kept, self.remembered = [], None
        return Outcome(plan, Ending.DONE, "Done.", tuple(StepOutcome(step, StepEnding.DONE) for step in plan.steps))

    def history(self) -> tuple[Record, ...]:
        return self.audit.newest(100)
