"""A second person's approval, for what stops things: proposed by one, approved by another, used once, and not for long.

Two people are told apart by their operating-system users, never by a name that a variable can change. One person at
one machine can therefore propose, and nobody there can approve: another user has to, in a dashboard of their own on
the same data, or with `python -m access approve`. Nothing here knows what is changed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from access.audit import Audit
from access.identity import Actor
from access.policy import Action, decide
from cloud.database import Connection, Database, Place
from core.reading import Verdict
from core.timespan import from_epoch

if TYPE_CHECKING:  # plans are authorized with approvals, which are given for plans
    from access.plans import ChangePlan

WAITS: Final = timedelta(hours=24)
"""How long a proposal waits for somebody to approve it."""
HOLDS: Final = timedelta(hours=1)
"""How long an approval may be used: what it was read beside may change."""
NEEDS_SECOND: Final = frozenset({Action.STOP_FLEET})
"""What nobody does alone."""

MIGRATIONS: Final = (
    """
    CREATE TABLE proposals (
        id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, title TEXT NOT NULL, targets TEXT NOT NULL,
        proposer TEXT NOT NULL, proposer_person TEXT NOT NULL, at INTEGER NOT NULL,
        approver TEXT NOT NULL DEFAULT '', approver_person TEXT NOT NULL DEFAULT '',
        approved_at INTEGER NOT NULL DEFAULT 0, used_at INTEGER NOT NULL DEFAULT 0
    );
    """,
)


class Standing(StrEnum):
    """How a proposal stands."""

    WAITS = "waits for a second person"
    APPROVED = "approved"
    EXPIRED = "expired"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan that somebody proposed."""

    id: str
    fingerprint: str
    """Of the plan: a plan that is made anew over something else is another, and is not approved."""
    title: str
    targets: tuple[str, ...]
    """What would be changed; foreign text."""
    proposer: str
    proposer_person: str
    at: datetime
    approver: str = ""
    approver_person: str = ""
    approved_at: datetime | None = None
    used_at: datetime | None = None

    @property
    def until(self) -> datetime:
        """When it is no longer good for anything."""
        return self.at + WAITS if self.approved_at is None else self.approved_at + HOLDS

    def standing(self, now: datetime) -> Standing:
        if self.used_at is not None:
            return Standing.USED
        if now >= self.until:
            return Standing.EXPIRED
        return Standing.WAITS if self.approved_at is None else Standing.APPROVED


_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person's yes to one plan; only `Approvals.granted` gives it."""

    proposal: Proposal
    seal: object

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("an approval is given by a second person in Approvals, never made")


def takes_two(plan: ChangePlan) -> bool:
    """Say whether a plan needs a second person."""
    return bool(NEEDS_SECOND.intersection(plan.actions))


def missing(plan: ChangePlan, approval: Approval | None) -> Verdict | None:
    """Say why `plan` cannot be applied with this approval; None where it can."""
    if not takes_two(plan):
        return None
    if approval is None:
        return Verdict(allowed=False, reason="A second person has to approve this first.")
    if approval.proposal.fingerprint != plan.fingerprint:
        return Verdict(allowed=False, reason="What was approved is another plan than this one; propose it again.")
    return None


class Approvals:
    """Proposals and their approvals, shared by everybody who shares the data. Each step is in the audit record."""

    def __init__(self, place: Place, audit: Audit) -> None:
        self._database = Database(place, "approvals", MIGRATIONS)
        self._audit = audit

    def close(self) -> None:
        self._database.close()

    def propose(self, plan: ChangePlan, actor: Actor, *, now: datetime) -> Proposal | Verdict:
        """Ask a second person to approve `plan`; one that is asked already is given again."""
        refused = next((v for action in plan.actions if not (v := decide(actor, action)).allowed), None)
        if refused is not None or not plan.steps:
            return refused or Verdict(allowed=False, reason="Nothing would change.")
        made = Proposal(
            secrets.token_hex(4), plan.fingerprint, plan.title, plan.targets, actor.name, actor.person, _second(now)
        )
        with self._database.writing() as connection:
            for each in _open(connection, now):
                if each.fingerprint == plan.fingerprint:
                    return each
            connection.execute(
                "INSERT INTO proposals (id, fingerprint, title, targets, proposer, proposer_person, at)"
                " VALUES (?,?,?,?,?,?,?)",
                (made.id, made.fingerprint, made.title, json.dumps(made.targets), made.proposer,
                 made.proposer_person, int(made.at.timestamp())),
            )  # fmt: skip
            self._record(actor, made, "proposed", now=now)  # what cannot be written down is not done
        return made

    def may_approve(self, proposal: Proposal, actor: Actor, *, now: datetime) -> Verdict:
        """Say whether `actor` may approve a proposal, and why not."""
        verdict = decide(actor, Action.STOP_FLEET)
        standing = proposal.standing(now)
        if not verdict.allowed:
            return verdict
        if standing is not Standing.WAITS:
            return Verdict(allowed=False, reason=f"It does not wait for anybody: it is {standing}.")
        if actor.person == proposal.proposer_person:
            return Verdict(
                allowed=False,
                reason=f"You proposed it as {actor.person}. Another operating-system user has to approve it: in a "
                f"dashboard of their own on the same data, or with python -m access approve {proposal.id}.",
            )
        return Verdict(allowed=True, reason=f"{actor.name} may approve what {proposal.proposer} proposed.")

    def approve(self, identity: str, actor: Actor, *, now: datetime) -> Proposal | Verdict:
        """Approve a proposal as another person than its proposer."""
        with self._database.writing() as connection:
            found = _one(connection, identity)
            if found is None:
                return Verdict(allowed=False, reason=f"There is no proposal {identity!r}; list them first.")
            may = self.may_approve(found, actor, now=now)
            if may.allowed:
                connection.execute(
                    "UPDATE proposals SET approver=?, approver_person=?, approved_at=? WHERE id=?",
                    (actor.name, actor.person, int(now.timestamp()), identity),
                )
            approved = _one(connection, identity) if may.allowed else None
            self._record(actor, found, "approved" if approved else may.reason, now=now, allowed=approved is not None)
        return approved or may

    def granted(self, plan: ChangePlan, *, now: datetime) -> Approval | None:
        """Give the approval of a plan while it may be used."""
        with self._database.reading() as connection:
            found = [each for each in _open(connection, now) if each.fingerprint == plan.fingerprint]
        return next((Approval(each, _SEAL) for each in found if each.standing(now) is Standing.APPROVED), None)

    def use(self, approval: Approval, *, now: datetime) -> bool:
        """Use an approval up; False where somebody else just did."""
        with self._database.writing() as connection:
            live = _one(connection, approval.proposal.id)
            if live is None or live.standing(now) is not Standing.APPROVED:
                return False
            connection.execute("UPDATE proposals SET used_at=? WHERE id=?", (int(now.timestamp()), live.id))
        return True

    def pending(self, *, now: datetime) -> tuple[Proposal, ...]:
        """Give the proposals that wait or are approved and not used, newest first."""
        with self._database.reading() as connection:
            return tuple(_open(connection, now))

    def _record(self, actor: Actor, proposal: Proposal, what: str, *, now: datetime, allowed: bool = True) -> None:
        detail = {"proposal": proposal.id, "plan": proposal.fingerprint, "title": proposal.title, "outcome": what}
        detail |= {"person": actor.person, "proposed by": proposal.proposer_person}
        self._audit.record(
            actor, Action.STOP_FLEET, ", ".join(proposal.targets), at=now, allowed=allowed, detail=detail
        )


_COLUMNS: Final = (
    "id, fingerprint, title, targets, proposer, proposer_person, at, approver, approver_person, approved_at, used_at"
)


def _open(connection: Connection, now: datetime) -> list[Proposal]:
    oldest = int((now - WAITS - HOLDS).timestamp())
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM proposals WHERE used_at=0 AND at > ? ORDER BY at DESC, id",  # noqa: S608 - our own names
        (oldest,),
    ).fetchall()
    found = [_proposal(row) for row in rows]
    return [each for each in found if each.standing(now) in {Standing.WAITS, Standing.APPROVED}]


def _one(connection: Connection, identity: str) -> Proposal | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM proposals WHERE id=?", (identity,)).fetchone()  # noqa: S608 - ibid.
    return None if row is None else _proposal(row)


def _proposal(row: Any) -> Proposal:
    identity, fingerprint, title, targets, proposer, person, at, approver, approver_person, approved, used = row
    return Proposal(
        identity, fingerprint, title, tuple(json.loads(targets)), proposer, person, from_epoch(at), approver,
        approver_person, from_epoch(approved) if approved else None, from_epoch(used) if used else None,
    )  # fmt: skip


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
