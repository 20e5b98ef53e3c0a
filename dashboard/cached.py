"""What every viewer shares: the context that is made once, and the sources that the collectors fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import streamlit as st

from access.approvals import Approvals
from access.audit import Audit
from access.identity import Actor, local_actor
from budgets.prices import UsagePrices
from cloud import deaths
from cloud.clients import Clients
from cloud.database import NewerSchemaError
from cloud.deaths import Death
from cloud.faults import CloudError
from cloud.metering import Meter
from cloud.settings import Settings
from collectors.access_logs.book import Book as AccessBook
from collectors.page_load.beacons import Beacons
from collectors.sources import CloudSources
from collectors.spend_lines import SpendLine
from collectors.store import Store
from core.reading import Reading, Scope
from dashboard.console.guarding import PriceError, prices_of
from dashboard.drafts import Drafts
from dashboard.feed import Feed
from dashboard.guardroom import Guardroom, Guards
from dashboard.pushing import SpoolDesk
from dashboard.stage import Control, Stage
from dashboard.views.custom_metrics import PushDesk
from dashboard.views.frame import Place
from dashboard.views.own_bill import Books
from dashboard.views.pins import PinDesk
from dashboard.views.sources import Sources
from dashboard.wording import INFO, OK, Look
from dashboard.workroom import CloudWorkroom, Workroom

if TYPE_CHECKING:
    from collectors.exports.book import Book

REFRESH_SECONDS: Final = 5.0
"""How often what is on screen looks for news. AWS is asked less often: settings say how often."""
PATIENCE_SECONDS: Final = 20.0
"""How long a page waits for its first read before it shows that it is still loading."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every page of every viewer draws from."""

    scopes: tuple[Scope, ...]
    """Every account and region that is watched; the first is shown when the URL names none."""
    names: dict[str, str]
    """What people call an account, by its number."""
    sources: Sources
    feed: Feed
    actor: Actor
    now: Callable[[], datetime]
    cloud: str = "AWS"
    """The cloud's name on the badge."""
    stories: Control | None = None
    """Where stories are told; only the demo cloud has one."""
    audit: Audit | None = None
    drafts: Drafts = field(default_factory=Drafts)
    """Where drafts are kept that are too long for a link."""
    workroom: Workroom | None = None
    alarms_dir: str | None = None
    """Folder of alarms as code, as settings name it."""
    """Where alarms are read for a change and changed; none where nothing can be."""
    books: Books | None = None
    """What our own calls cost; none where nobody counts them."""
    beacons: Beacons | None = None
    """What real users' browsers sent, counted; none where nothing takes it."""
    pushing: PushDesk | None = None
    """Where values are pushed by hand; none where nothing can be."""
    pins: PinDesk | None = None
    """Where series are pinned; none where nothing keeps them."""
    export: Book | None = None
    """The billing export; none where settings name none."""
    access_logs: AccessBook | None = None
    """Load-balancer access logs; none where settings name none."""
    guards: Guards | None = None
    """Estimates and the spending guard; none where nothing remembers what it did."""
    log_secrets: bool = False
    """Secrets in log lines are shown, because a setting says so."""
    deaths: Callable[[], tuple[Death, ...]] = tuple
    """Gives which processes beside the dashboard ended by themselves last."""
    refresh: float = REFRESH_SECONDS
    """Seconds between the ticks of what is on screen."""
    cadence: float = REFRESH_SECONDS
    """Seconds between looks at the cloud, as the viewer is told."""
    patience: float = PATIENCE_SECONDS
    close: Callable[[], None] = field(default=lambda: None)

    @property
    def cloud_look(self) -> Look:
        return OK if self.stories is None else INFO

    def place(self, scope: Scope) -> Place:
        """Give what people call the cloud, account and region of `scope`."""
        return Place(self.cloud, self.names.get(scope.account, scope.account), scope)


_builders: list[Callable[[], Context]] = []


def provide(build_context: Callable[[], Context]) -> None:
    """Say how the context is made; the application's entry does it once, tests do it for each test."""
    _builders[:] = [build_context]
    context.clear()


@st.cache_resource(show_spinner=False)
def context() -> Context:
    """Give the context, made at the first use."""
    if not _builders:
        raise RuntimeError("nobody said how the context is made; start streamlit_app.py, or call cached.provide first")
    made.append(_builders[0]())
    return made[-1]


made: list[Context] = []


def is_ready() -> bool:
    """Say whether the context can be made."""
    return bool(_builders)


def close() -> None:
    """Stop reading in the background and write what is in memory."""
    while made:
        made.pop().close()


class NotReady(Exception):  # noqa: N818 - it is no error of ours
    """There is nothing to watch yet; the message says why, in a sentence for people."""


_CALLER: Final = Scope("the caller's account", "any region")


def _access_logs(settings: Settings, clients: Clients) -> AccessBook | None:
    place = settings.access_logs
    return AccessBook(place, settings.data_dir / "access-logs", clients) if place else None


@dataclass(frozen=True, slots=True)
class _Opened:
    """What reaches the cloud and the store."""

    clients: Clients
    store: Store
    prices: UsagePrices
    scopes: tuple[Scope, ...]


def _open(settings: Settings, clock: Callable[[], datetime]) -> _Opened:
    """Open the cloud and the store; raises NotReady in words for a page."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        meter, store = Meter(settings.place, clock=clock, caps=settings.caps), Store(settings.place)
        prices = prices_of(settings)
    except (NewerSchemaError, PriceError) as error:
        raise NotReady(error.detail if isinstance(error, NewerSchemaError) else f"{error}.") from error
    clients = Clients(settings, meter)
    try:
        return _Opened(clients, store, prices, clients.scopes())
    except CloudError as error:
        clients.close()
        store.close()
        raise NotReady(error.sentence(_CALLER, "sts:GetCallerIdentity")) from error


def build(settings: Settings, *, clock: Callable[[], datetime], beacons: Beacons | None = None) -> Context:
    """Give the context of the product: collectors behind the feed."""
    opened = _open(settings, clock)
    clients, meter = opened.clients, opened.clients.meter
    sources = CloudSources(clients, opened.store)
    feed, drafts, audit = Feed(), Drafts(settings.place), Audit(settings.data_dir)
    approvals = Approvals(settings.place, audit)
    bill = partial(_bill, sources, clock)
    return Context(
        scopes=opened.scopes,
        names={scope.account: clients.account_name(scope.account) for scope in opened.scopes},
        sources=sources,
        feed=feed,
        actor=local_actor(settings),
        now=clock,
        cloud="Demo cloud" if settings.is_demo else "AWS",
        stories=Stage(settings.demo_endpoint) if settings.is_demo else None,
        audit=audit,
        drafts=drafts,
        alarms_dir=settings.alarms_dir,
        workroom=CloudWorkroom(clients, sources, audit),
        books=Books(meter.statement, meter.watched, settings.refresh_seconds, meter.prices, meter.hours, bill),
        beacons=beacons,
        pushing=SpoolDesk(settings, clock=clock),
        pins=PinDesk(sources.pins, timedelta(seconds=settings.refresh_seconds), meter.prices),
        export=sources.export,
        access_logs=_access_logs(settings, clients),
        guards=Guardroom(clients, sources, audit, approvals, opened.prices),
        log_secrets=settings.log_secrets == "show",
        deaths=partial(deaths.read, settings.data_dir),
        cadence=max(REFRESH_SECONDS, settings.poll_seconds),
        close=partial(
            _shut,
            (feed, drafts, approvals, sources.export, sources.live_tails, clients, sources.log_store, opened.store),
        ),
    )


def _bill(
    sources: CloudSources, clock: Callable[[], datetime], start: date
) -> dict[str, Reading[tuple[SpendLine, ...]]]:
    accounts = dict.fromkeys(scope.account for scope in sources.scopes)
    return {account: sources.spend(account, start=start, now=clock()) for account in accounts}


class _Closes(Protocol):
    def close(self) -> None: ...


def _shut(opened: Iterable[_Closes | None]) -> None:
    for each in opened:
        if each is not None:
            each.close()
