"""Drawing of the budgets page: the list, one budget in full, and zero spend in one click."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

import streamlit as st

from access.changes import ChangePlan
from access.policy import Action, decide
from budgets import actions, publishing
from budgets.definition import BudgetDefinition, Kind, zero_spend
from budgets.live import live_of
from budgets.refusals import DefinitionErrors
from collectors.budget_readings import BudgetReading
from collectors.delivery import Seen
from collectors.spend import billing
from core.reading import Reading, Scope
from dashboard import budget_desk, parts, plan_dialog
from dashboard.cached import Context
from dashboard.fields import hold
from dashboard.views import budget_days, budget_list, budget_preview, budget_topics
from dashboard.views.budget_days import Counted
from dashboard.views.budget_form import addresses, begun, copied, edited
from dashboard.views.budget_list import BudgetReadings, BudgetView, ListView
from dashboard.views.budget_topics import TopicView
from dashboard.views.frame import Badge
from dashboard.views.spend_chart import MONTHS_BACK, months_before
from dashboard.wording import OK, md, plain
from dashboard.workroom import Workroom

ROW_PIXELS: Final = 34
MOST_ROWS: Final = 14
"""More are scrolled."""
TOPIC_SECONDS: Final = 300.0
"""How often topics are looked at while somebody chooses one."""
EXPORT_SECONDS: Final = 300.0
"""How often a billing export is asked while somebody looks at a preview."""
NET, GROSS = "net", "gross"
NAMES: Final[Mapping[str, str]] = {NET: "My Zero-Spend Budget", GROSS: "Zero spend before credits"}
WORDS: Final[Mapping[str, str]] = {
    NET: (
        "AWS's own template: it tells as soon as more than $0.01 is spent after credits, so it is silent while credits "
        "pay."
    ),
    GROSS: (
        "The same before credits and refunds: it tells as soon as anything costs something, even while credits pay for "
        "it."
    ),
}
ZERO: Final = ("tell", "topic")
"""Names in the link: who is told."""
NAMED: Final = "budget"
"""Name in the link: the budget that is open."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One run of the page."""

    context: Context
    scope: Scope
    """Where the account's budgets are asked for."""
    found: BudgetReadings
    view: ListView

    @property
    def room(self) -> Workroom | None:
        return self.context.workroom

    @property
    def email(self) -> str:
        return budget_list.emails(self.found.budgets)


def read(context: Context, scope: Scope) -> BudgetReadings:
    """Read budgets and stored costs; nothing of it costs anything."""
    now = context.now()
    account = scope.account
    return BudgetReadings(
        context.sources.budgets(account, now=now),
        context.sources.spend(account, start=months_before(now.date(), MONTHS_BACK - 1), now=now),
    )


def looked(context: Context, scope: Scope, *, every: float | None) -> Desk | None:
    """Look at the account's budgets; None while the first look is on its way."""
    where = billing(scope.account)
    load = partial(read, context, where)
    found = parts.looked(context, ("budgets", where), load, every=every, height=420)
    return None if found is None else Desk(context, where, found, budget_list.build(found, now=context.now()))


def draw_list(desk: Desk) -> None:
    """Draw every budget; a click opens one."""
    view = desk.view
    st.header(md(budget_list.headline(view)), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="budget-new-row"):
        if st.button("New budget", icon=":material/add:", key="budget-new", type="primary"):
            budget_desk.lay(desk.context, begun(email=desk.email))
            st.rerun()
        st.page_link("app_pages/spend.py", label="Spend", icon=":material/savings:")
        draw_lock(desk.context)
    if not view.names:
        if not view.faults:
            parts.empty("No budget yet", "Begin with zero spend below: one click, and AWS tells of the first cent.")
        return
    with parts.card("budget-list", "Budgets", None):
        picked = st.dataframe(
            view.table, hide_index=True, height="content" if len(view.table) < MOST_ROWS else MOST_ROWS * ROW_PIXELS,
            row_height=ROW_PIXELS,
            on_select="rerun", selection_mode="single-cell", key=f"budget-table-{parts.first(NAMED)[:20]}",
        )  # fmt: skip
        st.caption(md(view.note))
    for row, _ in picked.selection.cells:
        if view.names[row] != parts.first(NAMED):  # the pick stays, so running again for the open one would never end
            parts.write((NAMED,), {NAMED: view.names[row]})
            st.rerun()


def draw_lock(context: Context) -> None:
    """Say why this viewer may change nothing, where that is so."""
    may = decide(context.actor, Action.EDIT_BUDGET)
    if not may.allowed:
        st.caption(f":material/lock: {md(may.reason)}")


# -- one budget -------------------------------------------------------------------------------------------------------


def draw_one(desk: Desk, name: str, *, below: Callable[[BudgetView], None]) -> None:
    """Draw the budget that is open, what can be done with it, and `below` under it."""
    view = budget_list.one(desk.found, name, now=desk.context.now())
    if view is None:
        parts.empty("This budget is not there any more", "It was deleted, or is in another account.")
        return
    with parts.card("budget-one", view.name, view.badge):
        st.text(view.why)
        _buttons(desk, view)
        parts.facts(view.facts)
        if len(view.notifications):
            st.dataframe(
                view.notifications, hide_index=True, height="content", row_height=ROW_PIXELS, key="budget-told"
            )
        if len(view.history):
            with st.expander(f"AWS's history · {len(view.history)}"):
                st.dataframe(view.history, hide_index=True, height="content", row_height=ROW_PIXELS, key="budget-past")
        for place, (number, state, sentences) in enumerate(view.actions):
            _action(desk, view, place, number, state, sentences)
        if view.live.definition.kind in {Kind.COST, Kind.USAGE}:
            below(view)


def _buttons(desk: Desk, view: BudgetView) -> None:
    definition = view.live.definition
    with st.container(horizontal=True, gap="small", key="budget-buttons"):
        if st.button("Edit", icon=":material/edit:", key="budget-edit"):
            budget_desk.lay(desk.context, edited(definition))
            st.rerun()
        if st.button("Copy", icon=":material/content_copy:", key="budget-copy"):
            name = budget_list.free_name(f"{definition.name} copy", desk.view.names)
            budget_desk.lay(desk.context, copied(definition, name))
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key="budget-delete", disabled=desk.room is None):
            ask(lambda: _deletion(desk, view.name))
        if st.button("Close", key="budget-close", type="tertiary"):
            parts.write((NAMED,), {})
            st.rerun()


def _deletion(desk: Desk, name: str) -> ChangePlan | None:
    reading = now(desk, name)
    if reading is None:
        return None
    live = live_of(
        reading.document, [each.document for each in reading.notifications], reading.actions, tags=reading.tags
    )
    return publishing.delete(live, scope=desk.scope, acting=desk.view.acting)


def _action(desk: Desk, view: BudgetView, place: int, number: str, state: str, sentences: tuple[str, ...]) -> None:
    """Draw one budget action: its state, what it would do, and what can be done with it."""
    live = next((each for each in view.live.actions if each["ActionId"] == number), None)
    if live is None:
        return
    with st.container(border=True, gap="xsmall", key=f"budget-action-{place}"):
        st.markdown(f"**Action** · {md(state.lower().replace('_', ' '))}")
        for sentence in sentences:
            st.text(plain(sentence))
        with st.container(horizontal=True, gap="small"):
            for label, how in _DEEDS.get(state, ()):
                if st.button(label, key=f"budget-{how}-{place}"):
                    ask(partial(actions.execute, live, how, scope=desk.scope))
            if st.button("Take it off", icon=":material/delete:", key=f"budget-action-gone-{place}"):
                others = len(view.live.actions) - 1
                ask(partial(actions.delete, live, scope=desk.scope, others=others, acting=desk.view.acting))


_DEEDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "PENDING": (("Approve", "APPROVE_BUDGET_ACTION"),),
    "EXECUTION_FAILURE": (("Try again", "RETRY_BUDGET_ACTION"),),
    "EXECUTION_SUCCESS": (("Take back", "REVERSE_BUDGET_ACTION"), ("Reset", "RESET_BUDGET_ACTION")),
    "REVERSE_SUCCESS": (("Reset", "RESET_BUDGET_ACTION"),),
}


def now(desk: Desk, name: str) -> BudgetReading | None:
    """Read a budget as it is at this moment; say why where it cannot be given."""
    if desk.room is None:
        return None
    found = desk.room.budget(desk.scope, name, now=desk.context.now())
    parts.faults(found.faults)
    if found.faults:
        st.text("What is live now could not be read, so nothing is changed. Close this, and try again.")
        return None
    if not found.value:
        st.text("The budget is not there any more.")
        return None
    return found.value[0]


def ask(make: Callable[[], ChangePlan | None]) -> None:
    """Open the review of a plan; what AWS would refuse is said in its place."""

    def offer() -> ChangePlan | None:
        with parts.foreseen(DefinitionErrors, "AWS would refuse this"):
            return make()

    plan_dialog.ask(offer)


# -- zero spend -------------------------------------------------------------------------------------------------------


def draw_zero(desk: Desk) -> None:
    """Draw the zero-spend budget in its two variants, each one click away."""
    with parts.card("budget-zero", "Zero spend in one click", None):
        emails, topic = _who(desk)
        shown = draw_topic(desk, topic)
        left, right = st.columns(2, gap="small")
        for place, kind in ((left, NET), (right, GROSS)):
            with place, st.container(border=True, gap="xsmall", key=f"budget-zero-{kind}"):
                _variant(desk, kind, emails, shown, topic)


def _who(desk: Desk) -> tuple[str, str]:
    """Draw who is told, and give it; the link keeps it."""
    hold("zero-emails", parts.first("tell") or st.session_state.get("zero-emails", desk.email))
    topics = budget_topics.names(topics_of(desk))
    wanted = parts.first("topic")
    hold("zero-topic", wanted if wanted in topics else "")

    def keep() -> None:
        held = {"tell": st.session_state["zero-emails"], "topic": st.session_state["zero-topic"]}
        parts.write(ZERO, {name: value for name, value in held.items() if value})

    with st.container(horizontal=True, gap="small", key="budget-zero-who"):
        st.text_input("E-mail addresses to tell", key="zero-emails", placeholder="ana@example.com", on_change=keep)
        st.selectbox(
            "Topic to tell", list(topics), key="zero-topic", format_func=lambda arn: plain(topics[arn]), on_change=keep
        )
    return st.session_state["zero-emails"] or "", st.session_state["zero-topic"] or ""


def _variant(desk: Desk, kind: str, emails: str, shown: TopicView | None, topic: str) -> None:
    title = "After credits" if kind == NET else "Before credits"
    st.markdown(f"**{title}**")
    st.text(WORDS[kind])
    name = budget_list.free_name(NAMES[kind], desk.view.names)
    budget = zero_spend(name, emails=addresses(emails), topic=topic or None, gross=kind == GROSS)
    preview = budget_preview.build(budget, counted(desk, budget))
    if preview.known:
        st.markdown(f":{preview.look.color}[{preview.look.icon}] {md(preview.sentence)} {md(preview.known)}")
    exists = [each for each in desk.view.zero_spend if _is_gross(desk, each) is (kind == GROSS)]
    if exists:
        parts.badge(Badge(f"There is one: {exists[0]}", OK))
    told = bool(addresses(emails) or topic)
    pressed = st.button(
        "Create another" if exists else "Create it", type="secondary" if exists else "primary",
        icon=":material/savings:", key=f"zero-{kind}", disabled=not told or desk.room is None,
    )  # fmt: skip
    if not told:
        st.caption("Say above who is told: AWS takes no notification for nobody.")
    if pressed:
        warnings = (shown.warning,) if shown is not None and shown.warning else ()
        ask(partial(publishing.create, budget, scope=desk.scope, warnings=warnings))


def _is_gross(desk: Desk, name: str) -> bool:
    view = budget_list.one(desk.found, name, now=desk.context.now())
    return view is not None and not view.live.definition.counts_credits


def draw_topic(desk: Desk, topic: str) -> TopicView | None:
    """Draw whether a chosen topic reaches anybody, and give it."""
    shown = judged(desk, topic)
    if shown is not None:
        st.markdown(f":{shown.look.color}[{shown.look.icon}] {md(shown.sentence)}")
    return shown


def judged(desk: Desk, topic: str) -> TopicView | None:
    """Say whether a topic reaches anybody; None without one, and where it could not be read."""
    room = desk.room
    if not topic.startswith("arn:") or room is None:
        return None
    where = Scope(desk.scope.account, topic.split(":")[3])

    def ways(scope: Scope, *, now: datetime) -> Reading[Mapping[str, Seen]]:
        return room.ways(scope, (topic,), now=now)

    load = partial(parts.at_clock, desk.context, ways, where)
    seen = desk.context.feed.look(("budget-ways", where, topic), load, every=TOPIC_SECONDS, patience=5.0)
    if seen is None or topic not in seen.value.value:
        return None
    return budget_topics.judge(topic, seen.value.value[topic], account=desk.scope.account)


def counted(desk: Desk, budget: BudgetDefinition) -> Counted:
    """Give the days that a budget counts, out of the first source that can tell them; none of it costs anything."""
    today = desk.context.now().date()
    return budget_days.first_that_tells(
        (
            lambda: budget_days.of_lines(budget, desk.found.lines, today=today),
            lambda: _exported(desk, budget),
            lambda: _bought(desk, budget, today),
        )
    )


def _exported(desk: Desk, budget: BudgetDefinition) -> Counted:
    book, account = desk.context.export, desk.scope.account
    if book is None:
        return budget_days.NO_EXPORT if budget.kind is Kind.COST else Counted()
    asked = repr((budget.filters, budget.expression, budget.metric, budget.cost_types, budget.limit))
    load = partial(budget_days.read_export, budget, book, account, clock=desk.context.now)
    seen = desk.context.feed.look(("budget-days", account, asked), load, every=EXPORT_SECONDS, patience=5.0)
    return seen.value if seen is not None else Counted(why="The billing export is being read; look again in a moment.")


def _bought(desk: Desk, budget: BudgetDefinition, today: date) -> Counted:
    question = budget_days.breakdown_for(budget)
    if question is None:
        return Counted()
    found = desk.context.sources.bought(question, desk.scope.account, now=desk.context.now())
    return budget_days.of_breakdown(budget, found, today=today)


def topics_of(desk: Desk) -> tuple[str, ...]:
    """Give the topics of the account where budgets are."""
    if desk.room is None:
        return ()
    load = partial(parts.at_clock, desk.context, desk.room.topics, desk.scope)
    seen = desk.context.feed.look(("budget-topics", desk.scope), load, every=TOPIC_SECONDS, patience=5.0)
    found: Reading[tuple[str, ...]] | None = None if seen is None else seen.value
    return () if found is None else found.value
