"""The guard at work: what it watches over, what it would do, what is done by it and by people, and the way back.

The collector's process looks on each poll; pages show the same and let people do what the guard may not do alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from access.approvals import Approvals, Proposal, takes_two
from access.audit import Audit, Record
from access.changes import ChangePlan, Ending, Outcome, Step, authorize, carry_out
from access.identity import Actor, Role
from access.policy import Action, decide
from budgets import freezing, guard
from budgets.estimate import month_start
from budgets.freezing import Prior, Rehearsal, Thing
from budgets.guard import GuardState, Mode, Rules, Rung, Spend
from budgets.prices import UsagePrices
from cloud.clients import Clients
from cloud.database import DatabaseDownError
from cloud.permissions import GUARDED
from cloud.settings import Settings
from collectors import inventory, spend
from collectors.inventory import Inventory
from collectors.sources import CloudSources
from core.money import Money
from core.reading import Fault, Reading, Scope, Verdict, joined_faults
from dashboard.guard_book import GuardBook
from dashboard.views.estimating import Estimator, Spending, figure

log = logging.getLogger("watchkeeper.guard")

SPENDING_KEPT: Final = timedelta(minutes=2)
"""How old the figures may be that a look decides by; what they are counted from is read every ten minutes."""
NAME: Final = "Watchkeeper's guard"
"""Who acts where nobody does."""
RUNG_OF: Final[Mapping[str, Rung]] = {rung.name.lower(): rung for rung in Rung}
"""Rungs by their names in settings."""
HISTORY: Final = 2_000
"""Lines of the audit record that are looked through for what the guard did."""


class Guards(Protocol):
    """What pages see and do of the guard. Nothing here raises for what AWS or the network does."""

    def spending(self, account: str, *, now: datetime) -> Spending: ...
    def rules(self, account: str) -> Rules: ...
    def state(self, account: str) -> Reading[GuardState | None]: ...
    def things(self, account: str, *, now: datetime) -> Reading[tuple[Thing, ...]]: ...
    def rehearse(self, rung: Rung, account: str, *, now: datetime) -> Reading[Rehearsal]: ...
    def restore_plan(self, account: str, *, now: datetime) -> Reading[ChangePlan]: ...
    def priors(self, account: str) -> tuple[Prior, ...]: ...
    def may(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict: ...
    def may_restore(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict: ...
    def propose(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Proposal | Verdict: ...
    def pending(self, *, now: datetime) -> tuple[Proposal, ...]: ...
    def may_approve(self, proposal: Proposal, actor: Actor, *, now: datetime) -> Verdict: ...
    def approve(self, identity: str, actor: Actor, *, now: datetime) -> Proposal | Verdict: ...
    def act(self, rung: Rung, plan: ChangePlan, account: str, actor: Actor, *, now: datetime) -> Outcome: ...
    def restore(self, plan: ChangePlan, account: str, actor: Actor, *, now: datetime) -> Outcome: ...
    def history(self) -> tuple[Record, ...]: ...


@dataclass(slots=True)
class _Seen:
    """The figures that a look decided by."""

    at: datetime
    spending: Spending


class Guardroom:
    """The guard over a cloud."""

    def __init__(
        self, clients: Clients, sources: CloudSources, audit: Audit, approvals: Approvals, prices: UsagePrices
    ) -> None:
        self._clients = clients
        self._sources = sources
        self._audit = audit
        self._approvals = approvals
        self._prices = prices
        self._book = GuardBook(sources.store)
        self._estimator = Estimator(sources, prices)
        self._seen: dict[str, _Seen] = {}

    @property
    def settings(self) -> Settings:
        return self._clients.settings

    # -- reading --------------------------------------------------------------------------------------------------

    def spending(self, account: str, *, now: datetime) -> Spending:
        return self._estimator.read(account, now=now)

    def rules(self, account: str) -> Rules:
        """Give what settings say of the guard of an account."""
        at = {RUNG_OF[name]: Money(amount) for name, amount in self.settings.guarded_at(account).items()}
        return Rules(Mode(self.settings.guard), at, self._may_write(account))

    def state(self, account: str) -> Reading[GuardState | None]:
        try:
            state = self._book.state(account)
        except DatabaseDownError as error:
            return Reading(None, _NEVER, (error.to_fault(spend.billing(account), "reading what the guard did"),))
        return Reading(state, _NEVER)

    def things(self, account: str, *, now: datetime) -> Reading[tuple[Thing, ...]]:
        """Give every group, and every instance outside of groups, in all watched regions of the account."""
        readings = {scope: self._sources.inventory(scope, now=now) for scope in self._scopes(account)}
        found = tuple(thing for scope, reading in readings.items() for thing in things_of(scope, reading.value))
        return Reading(
            found, min((each.at for each in readings.values()), default=now), joined_faults(readings.values())
        )

    def _things_now(self, account: str, now: datetime) -> Reading[tuple[Thing, ...]]:
        """Ask AWS what there is at this moment, and leave it for everybody: a plan is not made of what was."""
        kept = inventory.snapshots(self._sources.store)
        for scope in self._scopes(account):
            reading = inventory.read(self._clients, scope, now=now)
            if reading.faults:
                return Reading((), now, reading.faults)
            kept.put(scope, reading)
        return self.things(account, now=now)

    def rehearse(self, rung: Rung, account: str, *, now: datetime) -> Reading[Rehearsal]:
        place = self._clients.account_name(account)
        return self.things(account, now=now).map(
            lambda things: freezing.rehearse(rung, things, self._prices, place=place)
        )

    def priors(self, account: str) -> tuple[Prior, ...]:
        try:
            return self._book.priors(self._scopes(account))
        except DatabaseDownError:
            return ()  # the state beside it says so

    def restore_plan(self, account: str, *, now: datetime) -> Reading[ChangePlan]:
        priors, place = self.priors(account), self._clients.account_name(account)
        return self.things(account, now=now).map(lambda things: freezing.restore(priors, things, place=place))

    def history(self) -> tuple[Record, ...]:
        """Give what the audit record has of the guard, newest first."""
        ours = {Action.RUN_GUARD, Action.STOP_FLEET}
        return tuple(record for record in self._audit.newest(HISTORY) if record.action in ours)

    # -- people ---------------------------------------------------------------------------------------------------

    def may(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict:
        """Say whether `actor` may have a rung's plan applied now, and why not."""
        if self.settings.guard == "off":
            return Verdict(allowed=False, reason="The guard is off; start with WATCHKEEPER_GUARD=dry-run or on.")
        refused = _refused(plan, actor)
        if refused is not None:
            return refused
        if self.settings.guard != "on":
            return Verdict(allowed=False, reason="This is a dry run; to act, start with WATCHKEEPER_GUARD=on.")
        if not plan.steps:
            return Verdict(allowed=False, reason="Nothing would change.")
        return self._may_apply(plan, actor, now)

    def may_restore(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Verdict:
        """Say whether `actor` may put things back; that needs no guard that is switched on, and no second person."""
        return _refused(plan, actor) or decide_guard(actor) or self._may_apply(plan, actor, now)

    def _may_apply(self, plan: ChangePlan, actor: Actor, now: datetime) -> Verdict:
        if not plan.steps:
            return Verdict(allowed=True, reason="Everything is as before already.")
        lacking = next((v for each in plan.scopes if not (v := self._has_role(each.account)).allowed), None)
        if lacking is not None:
            return lacking
        try:
            approval = self._approvals.granted(plan, now=now) if takes_two(plan) else None
        except DatabaseDownError as error:
            return Verdict(allowed=False, reason=f"Approvals cannot be read: {error.detail}.")
        found = authorize(plan, actor, approval=approval)
        return found if isinstance(found, Verdict) else Verdict(allowed=True, reason=f"{actor.name} may do this.")

    def propose(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Proposal | Verdict:
        try:
            return self._approvals.propose(plan, actor, now=now)
        except (DatabaseDownError, OSError) as error:
            return Verdict(allowed=False, reason=f"It could not be written down, so nothing was proposed: {error}")

    def pending(self, *, now: datetime) -> tuple[Proposal, ...]:
        try:
            return self._approvals.pending(now=now)
        except DatabaseDownError:
            return ()

    def may_approve(self, proposal: Proposal, actor: Actor, *, now: datetime) -> Verdict:
        return self._approvals.may_approve(proposal, actor, now=now)

    def approve(self, identity: str, actor: Actor, *, now: datetime) -> Proposal | Verdict:
        try:
            return self._approvals.approve(identity, actor, now=now)
        except (DatabaseDownError, OSError) as error:
            return Verdict(allowed=False, reason=f"It could not be written down, so nothing was approved: {error}")

    def act(self, rung: Rung, plan: ChangePlan, account: str, actor: Actor, *, now: datetime) -> Outcome:
        """Apply a rung's plan: how everything is now is kept first, in the store and in the audit record."""
        with self._book.alone(account):
            outcome = self._applied(rung, plan, account, actor, now)
            if outcome.done:
                state = self._book.state(account) or GuardState(month_start(now))
                self._book.save(account, guard.standing(state, rung, now=now), at=now)
            self._things_now(account, now)
        return outcome

    def restore(self, plan: ChangePlan, account: str, actor: Actor, *, now: datetime) -> Outcome:
        """Apply the way back; what is as it was is forgotten, what is not can be restored again."""
        with self._book.alone(account):
            priors = self.priors(account)
            outcome = self._put_back(plan, account, actor, now)
            if outcome.done:
                self._book.forget(priors, at=now)
                state = self._book.state(account)
                if state is not None:
                    self._book.save(account, guard.restored(state), at=now)
            self._things_now(account, now)
        return outcome

    def _put_back(self, plan: ChangePlan, account: str, actor: Actor, now: datetime) -> Outcome:
        """Carry the way back out; that there is nothing to do is believed only when AWS says so now."""
        if plan.steps or decide_guard(actor) is not None:
            return carry_out(plan, actor, self._clients, self._audit, now=now)
        found = self._things_now(account, now)
        if found.faults:
            return Outcome(plan, Ending.FAILED, f"What there is could not be read: {found.faults[0].message}")
        if freezing.restore(self.priors(account), found.value, place="").steps:
            return Outcome(plan, Ending.CONFLICT, "What is live is another than you saw; close this and look again.")
        return Outcome(plan, Ending.DONE, "Everything was as before already.")

    # -- the guard itself -----------------------------------------------------------------------------------------

    def look(self, account: str, *, now: datetime) -> tuple[Fault, ...]:
        """Look once, as the collector does on each poll: keep an estimate, decide, and do what is due."""
        try:
            spending = self._figures(account, now)
            self._decided(account, spending, now)
        except DatabaseDownError as error:
            return (error.to_fault(spend.billing(account), "running the guard"),)
        return spending.faults

    def _figures(self, account: str, now: datetime) -> Spending:
        seen = self._seen.get(account)
        if seen is None or not seen.at <= now < seen.at + SPENDING_KEPT:
            seen = self._seen[account] = _Seen(now, self._estimator.make(account, now=now))
        return seen.spending

    def _decided(self, account: str, spending: Spending, now: datetime) -> None:
        rules = self.rules(account)
        if rules.mode is Mode.OFF or not rules.at:
            return
        found = figure(spending, self.settings.guard_spend)
        spent = None if found is None else Spend(*found)
        with self._book.alone(account):
            known = self._book.state(account)
            decision = guard.decide(known, spent, rules, now=now)
            state = decision.state
            if state != known:
                self._book.save(account, state, at=now)  # before anything is done: the next process goes on from here
            for rung in decision.acts:
                became = self._done(rung, account, decision.sentence, now)
                state = guard.settled(state, rung, became, now=now)
                self._book.save(account, state, at=now)

    def _done(self, rung: Rung, account: str, sentence: str, now: datetime) -> Verdict:
        return self._frozen(account, now) if rung is Rung.FREEZE else self._told(account, sentence, now)

    def _told(self, account: str, sentence: str, now: datetime) -> Verdict:
        """Tell the log and the audit record, and the topic where there is one."""
        text = f"{self._clients.account_name(account)}: {sentence}"
        log.warning("%s", text)
        arn = self.settings.guard_topic_arn
        if arn is None:
            try:
                scope = spend.billing(account)
                detail = {"title": "Threshold reached", "sentence": sentence, "outcome": "told"}
                self._audit.record(
                    self._own, Action.RUN_GUARD, account, at=now, allowed=True, scope=scope, detail=detail
                )
            except OSError as error:
                return Verdict(allowed=False, reason=f"It could not be written to the audit record: {error}")
            return Verdict(allowed=True, reason="Told: on the page, in the log and in the audit record.")
        if not self._may_write(account).allowed:
            return self._may_write(account)
        return _became(carry_out(tell_plan(arn, text), self._own, self._clients, self._audit, now=now))

    def _frozen(self, account: str, now: datetime) -> Verdict:
        things = self._things_now(account, now)
        if things.faults:
            return Verdict(allowed=False, reason=f"What there is could not be read: {things.faults[0].message}")
        if not any(isinstance(thing, freezing.Group) and freezing.is_listed(thing) for thing in things.value):
            return Verdict(allowed=False, reason=f"No group has the tag {tag_text()}, so there is nothing to freeze.")
        plan = freezing.plan(Rung.FREEZE, things.value, place=self._clients.account_name(account))
        if not plan.steps:
            return Verdict(allowed=True, reason="Every group that has the tag is frozen already.")
        became = _became(self._applied(Rung.FREEZE, plan, account, self._own, now))
        self._things_now(account, now)
        return became

    def _applied(self, rung: Rung, plan: ChangePlan, account: str, actor: Actor, now: datetime) -> Outcome:
        touched = {(step.scope, target) for step in plan.steps for target in step.targets}
        things = [thing for thing in self.things(account, now=now).value if (thing.scope, name_of(thing)) in touched]
        if self.may(plan, actor, now=now).allowed:
            self._book.keep(freezing.prior_of(thing, rung, at=now) for thing in things)
        return carry_out(plan, actor, self._clients, self._audit, now=now, approvals=self._approvals)

    # -- who may --------------------------------------------------------------------------------------------------

    @property
    def _own(self) -> Actor:
        return Actor(NAME, Role(self.settings.role_name), "guard")

    def _may_write(self, account: str) -> Verdict:
        verdict = decide(self._own, Action.RUN_GUARD)
        return verdict if not verdict.allowed else self._has_role(account)

    def _has_role(self, account: str) -> Verdict:
        known = next((each for each in self.settings.accounts if each.id == account), None)
        if known is None or known.write_role_arn is None:
            name = self._clients.account_name(account)
            return Verdict(
                allowed=False, reason=f"{name} has no write_role_arn in the settings, so nothing is changed."
            )
        return Verdict(allowed=True, reason=f"Changes are made as {known.write_role_arn}.")

    def _scopes(self, account: str) -> list[Scope]:
        return [scope for scope in self._sources.scopes if scope.account == account]


_NEVER: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def decide_guard(actor: Actor) -> Verdict | None:
    """Give why somebody may not run the guard; None where they may."""
    verdict = decide(actor, Action.RUN_GUARD)
    return None if verdict.allowed else verdict


def _refused(plan: ChangePlan, actor: Actor) -> Verdict | None:
    return next((v for action in plan.actions if not (v := decide(actor, action)).allowed), None)


def tag_text() -> str:
    """Write the tag of the allow list."""
    return ", ".join(f"{key}={value}" for key, value in GUARDED.items())


def name_of(thing: Thing) -> str:
    """Give what plans call a thing."""
    return thing.name if isinstance(thing, freezing.Group) else thing.id


def things_of(scope: Scope, inventory: Inventory) -> Iterator[Thing]:
    """Give what the guard could touch out of what there is."""
    kinds = {each.id: each.kind for each in inventory.instances}
    grouped = {member.instance_id for group in inventory.scaling_groups for member in group.members}
    for group in inventory.scaling_groups:
        members = [member for member in group.members if member.instance_id in kinds]
        yield freezing.Group(
            scope, group.name, group.arn, group.minimum, group.desired, group.maximum, frozenset(group.suspended),
            tuple(kinds[member.instance_id] for member in members), sum(member.protected for member in group.members),
            dict(group.tags),
        )  # fmt: skip
    for each in inventory.instances:
        if each.group is None and each.id not in grouped and each.state not in {"terminated", "shutting-down"}:
            yield freezing.Instance(scope, each.id, each.kind, each.state, dict(each.tags))


def tell_plan(topic_arn: str, text: str) -> ChangePlan:
    """Plan to tell a topic. A message is never sent twice for one call without an answer."""
    _, _, _, region, account, name = topic_arn.split(":", 5)
    params = {"TopicArn": topic_arn, "Subject": "Watchkeeper: spending", "Message": text}
    step = Step(
        *("sns", "Publish"), params, Scope(account, region), f"Tell the topic {name}", Action.RUN_GUARD, (name,)
    )
    return ChangePlan(f"Tell the topic {name} about spending", (step,))


def _became(outcome: Outcome) -> Verdict:
    return Verdict(allowed=outcome.done, reason=outcome.sentence)
