"""What the guard offers a person: each rung with what it saves, proposals to approve, and the way back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from access.approvals import Proposal, Standing
from access.changes import ChangePlan
from access.identity import Actor
from budgets.freezing import Prior, Rehearsal
from budgets.guard import Rung
from core.reading import Reading, Verdict
from dashboard.guardroom import Guards, tag_text
from dashboard.views.guard_tables import cents
from dashboard.wording import listed, moment, plain


@dataclass(frozen=True, slots=True)
class Offer:
    """A rung as the page offers it."""

    rung: Rung
    """Which one."""
    plan: ChangePlan
    """Exactly what it would do now."""
    sentence: str
    """What an hour of it saves, and what it leaves alone; foreign text."""
    may: Verdict
    """Whether this viewer may do it now, and why not."""
    may_propose: Verdict
    """Whether this viewer may ask a second person; not allowed where none is needed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal as the page offers it."""

    proposal: Proposal
    """The proposal."""
    text: str
    """What, by whom, until when; foreign text."""
    may: Verdict
    """Whether this viewer may approve it, and why not."""


def offer(rung: Rung, found: Rehearsal, guards: Guards, actor: Actor, *, now: datetime) -> Offer:
    """Give a rung as the page offers it to a viewer."""
    may = guards.may(found.plan, actor, now=now)
    return Offer(rung, found.plan, _saving(found), may, _may_propose(found.plan, may))


def _may_propose(plan: ChangePlan, may: Verdict) -> Verdict:
    """A person who lacks nothing but a second one may ask for that."""
    if may.allowed or not plan.steps or may.reason != "A second person has to approve this first.":
        return Verdict(allowed=False, reason=may.reason)
    return Verdict(allowed=True, reason="Ask a second person to approve exactly this.")


def _saving(found: Rehearsal) -> str:
    if not found.plan.steps:
        nothing = "Nothing would change: it is so already, or nothing has the tag."
        return plain(f"{nothing} {_left_out(found)}")
    said = [f"Saves {cents(found.saves)} an hour."] if found.saves.amount else []
    if found.avoids.amount:
        said.append(f"Keeps up to {cents(found.avoids)} an hour from being added.")
    if found.unknown:
        said.append(f"The price of {listed(found.unknown)} is not known, so it may be more.")
    return plain(" ".join((*said, _left_out(found))))


def _left_out(found: Rehearsal) -> str:
    return f"Left alone without the tag {tag_text()}: {listed(found.left_out)}." if found.left_out else ""


def asked(proposal: Proposal, guards: Guards, actor: Actor, *, now: datetime) -> Asked:
    """Give a proposal as the page offers it to a viewer."""
    standing = proposal.standing(now)
    by = f"proposed by {proposal.proposer} ({proposal.proposer_person})"
    if standing is Standing.APPROVED:
        by += f", approved by {proposal.approver} ({proposal.approver_person})"
    text = f"{proposal.title}: {listed(proposal.targets)}; {by}, {standing} until {moment(proposal.until, now=now)}"
    return Asked(proposal, plain(text), guards.may_approve(proposal, actor, now=now))


def may_restore(
    priors: Collection[Prior], back: Reading[ChangePlan], guards: Guards, actor: Actor, *, now: datetime
) -> Verdict:
    """Say whether a viewer may put everything back, and why not."""
    if not priors:
        return Verdict(allowed=False, reason="Nothing is held back, so there is nothing to restore.")
    if back.faults:
        return Verdict(allowed=False, reason="What there is now could not be read, so nothing is put back blindly.")
    return guards.may_restore(back.value, actor, now=now)
