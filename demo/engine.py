"""What makes the demo cloud live: demand becomes metrics, metrics move alarms, alarms scale the fleet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from alarms.kinds import MetricAlarm
from core.series import Times
from core.timespan import from_epoch
from demo import actions, bills, history, strangers
from demo.activities import Cause
from demo.alarm_book import MINUTE_OFFSET, Entry, Transition
from demo.billing import send_charges
from demo.budget_book import BudgetBook
from demo.budget_plans import budgets
from demo.budget_watch import seen_lines, watch
from demo.building import Built, build, sow
from demo.emission import send
from demo.fleet import Checks, Group
from demo.ground import Ground
from demo.logs import filters
from demo.logs.balancer import AccessLogs
from demo.logs.journal import Journal
from demo.neglect import neglect
from demo.signals import Source, conditions
from demo.story import Story, Telling, effects
from demo.usage import HOUR, Premises
from demo.watch import alarms
from demo.world import SITES, Site

PUBLISHED: Final = 2
"""Seconds after a minute has ended until its metrics can be read."""
STEP: Final = 10
"""Seconds between looks at what is due."""
SCALING_ACTION: Final = ":scalingPolicy:"

HEADROOM: Final = 0.65
"""Load of the whole fleet at the strongest spike it can recover from: below the alarm's threshold."""


@dataclass(slots=True)
class Place:
    """One site as it lives: what moto named it, its group, where its demand comes from."""

    built: Built
    group: Group
    source: Source

    @property
    def site(self) -> Site:
        return self.built.site


class Engine:
    """Runs the sites on the ground. Callers hold `ground.lock` while they call it."""

    def __init__(
        self, ground: Ground, *, seed: int = 1, sites: Sequence[Site] = SITES, past: timedelta = history.LENGTH
    ) -> None:
        self._ground = ground
        self._seed = seed
        self._sites = tuple(sites)
        self._past = past
        self._places: list[Place] = []
        self._sent_until = 0
        """Epoch seconds of the first minute whose metrics have not been sent."""
        self._reached: datetime | None = None
        self._billed = 0
        """The last hour whose alarms have been counted."""
        self.tellings: list[Telling] = []
        """Every incident, of history too, oldest first."""

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(self._places)

    def build(self, *, at: datetime) -> None:
        """Create the world with its past behind it, as it stands at `at`."""
        start = from_epoch(int((at - self._past).timestamp()) // 60 * 60)
        sow(self._seed, [site.scope for site in self._sites])
        self._sent_until = int((at.timestamp() - PUBLISHED) // 60) * 60
        if self._sites:
            self.tellings = [t for t in history.pasts(self._sites[0].name, now=at) if t.at >= start]
        for site in self._sites:
            self._places.append(self._founded(site, start=start, now=at))
        self._reached, self._billed = at, int(at.timestamp()) // HOUR
        if self._sent_until > start.timestamp():
            self._send_strangers(np.arange(int(start.timestamp()), self._sent_until, 60, dtype=np.int64))
        self._charges(int(start.timestamp()), self._sent_until)
        if self._places:
            self._plan_budgets(self._places[0], at=at)

    def advance(self, *, to: datetime) -> Sequence[Transition]:
        """Let everything happen that is due by `to`; give the alarms that changed state."""
        found: list[Transition] = []
        for instant in self._stops(to):
            self._publish(instant)
            for fleet in self._ground.fleets.all():
                fleet.advance(at=instant)
            self._count(instant)
            if int(instant.timestamp()) % STEP == 0:
                found.extend(self._watch(instant))
        self._reached = max(to, self._reached or to)
        return found

    def tell(self, story: Story, *, at: datetime, site: str | None = None) -> Telling:
        """Let an incident begin now; of the same story in the same place only the newest goes on."""
        place = next((p for p in self._places if site in {None, p.site.name}), None)
        if place is None:
            known = ", ".join(p.site.name for p in self._places) or "none: recorded series are served"
            raise ValueError(f"{site or 'no site'} is not a place of this cloud; there are {known}")
        self.calm(at=at, story=story)
        telling = Telling(story, at, place.site.name, self._strength(place, story, at))
        self.tellings.append(telling)
        if story is Story.INSTANCE_FAILURE:
            self._break_one(place, at)
        return telling

    def calm(self, *, at: datetime, story: Story | None = None) -> list[Telling]:
        """Let what is being told (or one story of it) come to its end; give what was calmed."""
        calmed = []
        for number, telling in enumerate(self.tellings):
            if telling.at <= at < telling.ends and story in {None, telling.story}:
                self.tellings[number] = telling.calm(at=at)
                calmed.append(self.tellings[number])
        return calmed

    def told(self, *, at: datetime) -> list[Telling]:
        """Give what has an effect at an instant."""
        return [telling for telling in self.tellings if telling.at <= at < telling.ends]

    # --- founding ---------------------------------------------------------------------------------------------------

    def _founded(self, site: Site, *, start: datetime, now: datetime) -> Place:
        built = build(site, at=start)
        source = Source(self._seed, site.name, site.share)
        place = Place(built, _group(built, seed=self._seed, start=start, now=now), source)
        book = self._ground.books.of(site.scope)
        entries = [book.put(request, at=start) for request in (*alarms(built), *neglect(built))]
        told = self._told_at(site)
        history.rehearse(place.group, source, _scalers(built, entries), told, start=start, end=now)
        self._ground.fleets.of(site.scope).settle(place.group, at=now)
        times = np.arange(int(start.timestamp()), self._sent_until, 60, dtype=np.int64)
        self._send(place, times)
        store = self._ground.stores.of(site.scope)
        for transition in history.transitions(book, store, start=start, end=now):
            book.record(transition)
            for arn in transition.actions:
                actions.record(book, transition.alarm.name, arn, at=transition.at)
        book.evaluated_until(now)
        self._bill(place, entries, start=start, now=now)
        journal = Journal(site, source, place.group, lambda: self._settled(site), start, built.load_balancer)
        self._ground.logs.open(journal)
        fleet = self._ground.fleets.of(site.scope)
        self._ground.access_logs.append(AccessLogs(journal, built.target_group_arn, fleet.address))
        return place

    def _settled(self, site: Site) -> list[Telling]:
        """Give the incidents of a site once whoever is changing anything is done."""
        with self._ground.lock:
            return self._told_at(site)

    def _bill(self, place: Place, alarms: Sequence[Entry], *, start: datetime, now: datetime) -> None:
        premises = Premises(
            place.site,
            place.source,
            place.group,
            tellings=lambda: self._told_at(place.site),
            alarms=tuple(alarms),
            rehearsed=-int(-start.timestamp() // HOUR),
            living=int(now.timestamp()) // HOUR + 1,
        )
        self._ground.bills.open(premises)

    def _plan_budgets(self, payer: Place, *, at: datetime) -> None:
        book = self._ground.budgets.setdefault(payer.site.scope.account, BudgetBook())
        created = bills.opened(at)
        for request in budgets(payer.built.topic_arn, payer.site.email):
            book.add(request, at=created)
        # What was crossed before the cloud began has been told before.
        book.evaluate(seen_lines(self._ground, payer.site.scope.account, at=at), at=bills.billed_until(at))
        book.evaluated = bills.refreshed(at)

    def _told_at(self, site: Site) -> list[Telling]:
        return [telling for telling in self.tellings if telling.site == site.name]

    # --- living -----------------------------------------------------------------------------------------------------

    def _stops(self, to: datetime) -> Iterator[datetime]:
        """Give the instants at which something may be due: every ten seconds, published minutes, decisions, the end."""
        now = self._reached or to
        while now < to:
            seconds = int(now.timestamp())
            candidates = [from_epoch((seconds // STEP + 1) * STEP), from_epoch(self._sent_until + 60 + PUBLISHED), to]
            due = (fleet.due() for fleet in self._ground.fleets.all())
            candidates.extend(at for at in due if at is not None)
            now = min(at for at in candidates if at > now)
            yield now

    def _publish(self, at: datetime) -> None:
        """Send the metrics of every minute that can be read by now."""
        until = int((at.timestamp() - PUBLISHED) // 60) * 60
        if until <= self._sent_until:
            return
        times = np.arange(self._sent_until, until, 60, dtype=np.int64)
        for place in self._places:
            self._send(place, times)
        self._send_strangers(times)
        self._charges(self._sent_until, until)
        filters.publish(self._ground, start=self._sent_until, end=until, at=at)
        self._sent_until = until

    def _count(self, at: datetime) -> None:
        """Count the alarms of an hour that has begun, once."""
        if int(at.timestamp()) // HOUR <= self._billed:
            return
        self._billed = int(at.timestamp()) // HOUR
        watch(self._ground, at=at)
        for fleet in self._ground.fleets.all():
            self._ground.bills.count_alarms(fleet.scope, self._ground.books.of(fleet.scope).entries(), at=at)

    def _send(self, place: Place, times: Times) -> None:
        if not times.size:
            return
        told = self._told_at(place.site)
        presences = place.group.presences(float(times[0]), float(times[-1]) + 60.0)
        now = conditions(place.source, times, presences, effects(told, times))
        send(self._ground.stores.of(place.site.scope), place.built, now, place.group)

    def _send_strangers(self, times: Times) -> None:
        ours = [place.group for place in self._places]
        for fleet in self._ground.fleets.all():
            store = self._ground.stores.of(fleet.scope)
            strangers.send(store, fleet, times, seed=self._seed, ours=[g for g in ours if g.scope == fleet.scope])

    def _charges(self, start: int, end: int) -> None:
        for place in self._places:
            send_charges(self._ground.stores, place.built, self._ground.bills, start=start, end=end)

    def _watch(self, at: datetime) -> list[Transition]:
        """Evaluate alarms, run what they ask for, and run scaling again where an alarm stays."""
        found = self._ground.books.evaluate_due(at=at)
        for transition in found:
            actions.run(transition, self._ground)
        if int(at.timestamp()) % 60 == MINUTE_OFFSET:
            changed = {(transition.scope, transition.alarm.name) for transition in found}
            for fleet in self._ground.fleets.all():
                book = self._ground.books.of(fleet.scope)
                for entry in book.entries():
                    if (fleet.scope, entry.name) not in changed and _scales(entry):
                        actions.repeat_scaling(entry, self._ground, fleet, at=at)
        for fleet in self._ground.fleets.all():
            fleet.show(at=at)
        return found

    # --- telling ----------------------------------------------------------------------------------------------------

    def _strength(self, place: Place, story: Story, at: datetime) -> float:
        """Of a spike: enough to overrun the fleet as it is, not more than the whole fleet can bear."""
        if story is not Story.TRAFFIC_SPIKE:
            return 1.0
        working = sum(at < member.unhealthy for member in place.group.alive(at))
        return min(float(max(1, working)), HEADROOM * place.group.maximum)

    def _break_one(self, place: Place, at: datetime) -> None:
        serving = [m for m in place.group.alive(at) if m.healthy <= at < m.failing]
        if serving:
            place.group.fail(min(serving, key=lambda member: member.launched), at=at)


def _group(built: Built, *, seed: int, start: datetime, now: datetime) -> Group:
    """Give the site's group as it was founded, launching on paper until it is settled."""
    plan, targets = built.site.group, built.site.targets
    group = Group(
        built.scope,
        plan.name,
        built.group_arn,
        plan.minimum,
        plan.maximum,
        history.paper_launch(seed, now=now),
        built.zones,
        cooldown=plan.cooldown,
        warm_up=plan.warm_up,
        grace=plan.grace,
        elb_checks=True,
        checks=Checks(targets.interval, targets.healthy, targets.unhealthy, targets.drain),
    )
    group.resize(plan.desired, Cause.request("created an AutoScalingGroup", at=start), at=start)
    return group


def _scalers(built: Built, entries: Sequence[Entry]) -> list[history.Scaler]:
    by_arn = {arn: policy for policy in built.site.group.policies for arn in (built.policies[policy.name],)}
    return [
        history.Scaler(entry.definition, entry.arn, replace(by_arn[arn], arn=arn))
        for entry in entries
        if isinstance(entry.definition, MetricAlarm)
        for arn in entry.definition.actions.alarm
        if arn in by_arn
    ]


def _scales(entry: Entry) -> bool:
    """Whether any of the alarm's actions is a scaling policy."""
    if not isinstance(entry.definition, MetricAlarm):
        return False
    kept = entry.definition.actions
    return any(SCALING_ACTION in arn for arn in (*kept.alarm, *kept.ok, *kept.insufficient_data))
