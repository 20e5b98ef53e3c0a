"""The budget form on screen: every field bound to the draft, what is wrong beside it, the preview, and the review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import streamlit as st

from access.changes import ChangePlan, Outcome, canonical
from access.outcomes import UNDO
from budgets import publishing
from budgets.definition import BudgetDefinition, Kind, TimeUnit
from budgets.live import LiveBudget, live_of, version_of
from budgets.words import COMPARISONS, KINDS, described
from dashboard import budget_desk, budget_parts, parts, plan_dialog
from dashboard.budget_parts import Desk
from dashboard.cached import Context
from dashboard.fields import Fields, Write
from dashboard.views import budget_preview, budget_topics
from dashboard.views.budget_draft import FIXED, PLANNED, AlertDraft, BudgetDraft
from dashboard.views.budget_form import MOST_NOTIFICATIONS, Checked, check, edited, stored
from dashboard.wording import count, md, plain

UNITS: Final = {"DAILY": "Day", "MONTHLY": "Month", "QUARTERLY": "Quarter", "ANNUALLY": "Year", "CUSTOM": "Own days"}
LIMITS: Final = {FIXED: "Fixed", PLANNED: "Planned", "HISTORICAL": "From the past", "FORECAST": "From the forecast"}
FILTERS: Final = {
    "Service": "Service", "Region": "Region", "LinkedAccount": "Account", "TagKeyValue": "Tag",
    "UsageType": "Usage type", "UsageTypeGroup": "Usage type group", "Operation": "API operation",
    "PurchaseType": "Purchase option", "InstanceType": "Instance type", "AZ": "Availability zone",
    "InvoicingEntity": "Invoicing entity", "LegalEntity": "Legal entity", "CostCategory": "Cost category",
}  # fmt: skip
"""AWS's names of filters, and ours. https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html"""
COSTS: Final = {"unblended": "Unblended", "blended": "Blended", "amortized": "Amortized"}
WITHOUT: Final = {
    "credit": "Credits", "refund": "Refunds", "tax": "Tax", "support": "Support", "subscription": "Subscriptions",
    "other_subscription": "Other subscriptions", "upfront": "Payments in advance", "recurring": "Recurring payments",
    "discount": "Discounts",
}  # fmt: skip
_CLASH: Final = "budget-clash"
"""What somebody else made of the budget since the form was opened."""
_SETTLED: Final = "budget-settled"
_BASE: Final = "budget-base"


@dataclass(frozen=True, slots=True)
class BudgetFields(Fields):
    """Draws the fields of the budget draft."""

    checked: Any
    prefix: str = "bf"

    def _write(self, field: str) -> Write:
        return lambda value: budget_desk.change(self.context, **{field: value})

    @property
    def draft(self) -> BudgetDraft:
        found: BudgetDraft = self.checked.draft
        return found

    def entry(self, name: str, place: int, changed: object) -> None:
        """Put another entry at a place of a list of the draft; None takes it out."""
        held = list(getattr(budget_desk.draft() or self.draft, name))
        held[place : place + 1] = [] if changed is None else [changed]
        budget_desk.change(self.context, **{name: tuple(held)})


def draw_form(desk: Desk, checked: Checked) -> None:
    """Draw every field."""
    fields = BudgetFields(desk.context, checked)
    if checked.draft.live:
        # AWS changes neither the name nor what is watched.
        kind = {each.value: KINDS[each] for each in Kind}.get(checked.draft.kind, "")
        parts.facts((("Name", plain(checked.draft.name)), ("What is watched", kind)))
        fields.problem("name")
    else:
        fields.text("Name", "name", placeholder="month", max_chars=100)
        fields.select("What is watched", "kind", {each.value: KINDS[each] for each in Kind})
    fields.segments("Period", "time_unit", UNITS)
    if checked.draft.kind in {Kind.COST, Kind.USAGE}:
        _draw_limit(fields)
    else:
        st.caption("AWS measures use and coverage against 100 %; a notification says below what it tells.")
    _draw_days(fields)
    if checked.draft.kind == Kind.COST and not checked.draft.kept:
        with st.container(horizontal=True, gap="small", key="bf-row-costs"):
            fields.select("Costs", "costs", COSTS)
            fields.several("Leave out", "without", WITHOUT, placeholder="nothing")
    elif checked.draft.kept:
        st.caption("Its filter expression is kept as it is.")
    _draw_filters(fields)
    _draw_alerts(desk, fields)


def _draw_limit(fields: BudgetFields) -> None:
    fields.segments("Limit", "limit_how", LIMITS)
    draft = fields.draft
    with st.container(horizontal=True, gap="small", key="bf-row-limit"):
        if draft.limit_how == FIXED:
            fields.text("Dollars" if draft.kind == Kind.COST else "Amount", "amount", placeholder="10")
        if draft.limit_how == "HISTORICAL":
            fields.text("Average of so many periods", "periods", placeholder="6")
        if draft.kind == Kind.USAGE:
            fields.text("Unit", "unit", placeholder="GB")
    if draft.limit_how == PLANNED:
        _draw_planned(fields)
    if draft.limit_how == "FORECAST":
        st.caption("AWS sets the limit anew each period, from its own forecast.")


def _draw_planned(fields: BudgetFields) -> None:
    """Draw the planned limits, each with the first day of its period."""
    for place, (day, amount) in enumerate(fields.draft.planned):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key=f"bf-row-planned-{place}"):
            fields.line(
                "From", f"planned.{place}.day", day, _pair(fields, "planned", place, 0), placeholder="2026-12-01"
            )
            fields.line("Limit", f"planned.{place}.amount", amount, _pair(fields, "planned", place, 1))
            _gone(fields, "planned", place)
    fields.problem("planned")
    _add(fields, "planned", "Add a period", ("", ""))


def _draw_days(fields: BudgetFields) -> None:
    custom = fields.draft.time_unit == TimeUnit.CUSTOM
    shown = st.expander("First and last day", expanded=custom or bool(fields.draft.start or fields.draft.end))
    with shown, st.container(horizontal=True, gap="small", key="bf-row-days"):
        fields.text("First day", "start", placeholder="this period" if not custom else "2026-12-01")
        fields.text("Last day", "end", placeholder="none" if not custom else "2027-01-01")


def _draw_filters(fields: BudgetFields) -> None:
    """Draw the filters: AWS's names, and values as they stand on the bill."""
    for place, (key, values) in enumerate(fields.draft.filters):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key=f"bf-row-filter-{place}"):
            fields.choice("Only", f"filters.{place}.key", key, FILTERS, _pair(fields, "filters", place, 0))
            hint = "user:Team$web" if key == "TagKeyValue" else "one or more, with commas between"
            fields.line("Is", f"filters.{place}.values", values, _pair(fields, "filters", place, 1), placeholder=hint)
            _gone(fields, "filters", place)
    fields.problem("filters")
    if not fields.draft.kept:
        _add(fields, "filters", "Add a filter", ("Service", ""))


def _draw_alerts(desk: Desk, fields: BudgetFields) -> None:
    topics = budget_topics.names(budget_parts.topics_of(desk))
    for place, alert in enumerate(fields.draft.alerts):
        with st.container(border=True, gap="xsmall", key=f"bf-alert-{place}"):
            _draw_alert(desk, fields, place, alert, topics)
    fields.problem("alerts")
    left = MOST_NOTIFICATIONS - len(fields.draft.alerts)
    if left > 0:
        _add(fields, "alerts", "Add a notification", AlertDraft(emails=desk.email))
    else:
        st.caption(f"A budget has {MOST_NOTIFICATIONS} notifications at most.")


def _draw_alert(desk: Desk, fields: BudgetFields, place: int, alert: AlertDraft, topics: Mapping[str, str]) -> None:
    def write(name: str) -> Callable[[Any], None]:
        return lambda value: fields.entry("alerts", place, replace(_alert(fields, place), **{name: value}))

    where = f"alerts.{place}"
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key=f"bf-row-when-{place}"):
        of = {"ACTUAL": "Actual", "FORECASTED": "Forecast"}
        fields.choice("Tell when", f"{where}.of", alert.of, of, write("of"))
        fields.choice("is", f"{where}.comparison", alert.comparison, COMPARISONS, write("comparison"))
        fields.line("Threshold", f"{where}.threshold", alert.threshold, write("threshold"), placeholder="80")
        units = {"PERCENTAGE": "% of the limit", "ABSOLUTE_VALUE": "as an amount"}
        fields.choice("in", f"{where}.unit", alert.unit, units, write("unit"))
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key=f"bf-row-who-{place}"):
        fields.line(
            "E-mail addresses", f"{where}.emails", alert.emails, write("emails"), placeholder="up to ten, with commas"
        )
        fields.choice("Topic", f"{where}.topic", alert.topic, topics, write("topic"))
        _gone(fields, "alerts", place)
    budget_parts.draw_topic(desk, alert.topic)


def _alert(fields: BudgetFields, place: int) -> AlertDraft:
    draft = budget_desk.draft() or fields.draft
    return draft.alerts[place]


def _pair(fields: BudgetFields, name: str, place: int, half: int) -> Callable[[Any], None]:
    def write(value: Any) -> None:
        held = list(getattr(budget_desk.draft() or fields.draft, name)[place])
        held[half] = value
        fields.entry(name, place, tuple(held))

    return write


def _gone(fields: BudgetFields, name: str, place: int) -> None:
    st.button(
        "Remove", icon=":material/close:", key=f"bf-{name}-{place}-gone", type="tertiary",
        on_click=partial(fields.entry, name, place, None),
    )  # fmt: skip


def _add(fields: BudgetFields, name: str, label: str, entry: object) -> None:
    end = len(getattr(fields.draft, name))
    st.button(
        label, icon=":material/add:", key=f"bf-{name}-add", type="tertiary",
        on_click=partial(fields.entry, name, end, entry),
    )  # fmt: skip


# -- preview and review -----------------------------------------------------------------------------------------------


def draw_preview(desk: Desk, checked: Checked) -> None:
    """Draw what the budget says in words, and when it would have notified."""
    budget = checked.budget
    if budget is None:
        parts.empty("No preview yet", "It begins when every field is right.")
        return
    view = budget_preview.build(budget, budget_parts.counted(desk, budget))
    if view.known:
        st.markdown(f":{view.look.color}[{view.look.icon}] **{md(view.sentence)}**")
    st.text(view.known or view.sentence)
    if len(view.firings):
        height = min(8, len(view.firings) + 1) * budget_parts.ROW_PIXELS + 4
        st.dataframe(
            view.firings, hide_index=True, height=height, row_height=budget_parts.ROW_PIXELS, key="budget-firings"
        )
    if view.limits:
        with st.expander("What a replay cannot know"):
            for sentence in view.limits:
                st.text(sentence)
    with st.container(gap="xsmall", key="bf-words"):
        for label, value in described(budget).items():
            st.text(f"{plain(label)}: {plain(value)}")


def draw_top(desk: Desk, checked: Checked) -> None:
    """Draw what is still to do, and the buttons that lead on."""
    if checked.errors:
        st.markdown(f":red-badge[:material/error: {count(len(checked.errors), 'field')} to correct]", width="content")
    elif checked.missing:
        said = f":gray-badge[:material/edit: {count(len(checked.missing), 'field')} to fill in]"
        st.markdown(said, width="content")
    else:
        st.markdown(":green-badge[:material/check_circle: Ready]", width="content")
    if "" in checked.errors:
        st.text(plain(checked.errors[""]))
    label = "Review and save" if checked.draft.live else "Review and create"
    pressed = st.button(
        label, type="primary", icon=":material/fact_check:", key="bf-review", shortcut="Ctrl+Enter",
        disabled=not checked.ready or desk.room is None,
    )  # fmt: skip
    if st.button("Close the form", key="bf-close"):
        budget_desk.leave()
        st.rerun()
    if pressed and checked.budget is not None:
        _review(desk, checked, checked.budget)


def _review(desk: Desk, checked: Checked, budget: BudgetDefinition) -> None:
    """Open the review: of a new budget at once, of a changed one where nobody else changed it meanwhile."""
    st.session_state[_BASE] = checked.draft.live
    if not checked.draft.live:
        budget_parts.ask(partial(publishing.create, budget, scope=desk.scope, warnings=_warnings(desk, budget)))
        return
    reading = budget_parts.now(desk, budget.name)
    if reading is None:
        st.button("Make it anew", key="bf-anew", on_click=partial(budget_desk.change, desk.context, live=""))
        return
    live = live_of(
        reading.document, [each.document for each in reading.notifications], reading.actions, tags=reading.tags
    )
    if checked.base is None or _differs(checked.base, live.definition):
        st.session_state[_CLASH] = live
        return
    budget_parts.ask(partial(_change, desk, budget, live))


def _change(desk: Desk, budget: BudgetDefinition, live: LiveBudget) -> ChangePlan:
    return publishing.update(budget, live=live, scope=desk.scope, warnings=_warnings(desk, budget))


def _differs(one: BudgetDefinition, other: BudgetDefinition) -> bool:
    timed = one.start is not None  # AWS chooses a start where none was given: that is nobody's change
    said = [(canonical(version_of(each, timed=timed)), _told(each)) for each in (one, other)]
    return said[0] != said[1]


def _told(budget: BudgetDefinition) -> list[str]:
    return sorted(f"{alert}" for alert in (replace(each, subscribers=()) for each in budget.alerts)) + sorted(
        f"{alert.threshold} {subscriber}" for alert in budget.alerts for subscriber in alert.subscribers
    )


def _warnings(desk: Desk, budget: BudgetDefinition) -> tuple[str, ...]:
    """Say of each topic that reaches nobody that it does not."""
    arns = dict.fromkeys(each.address for alert in budget.alerts for each in alert.subscribers if each.kind == "SNS")
    shown = [budget_parts.judged(desk, arn) for arn in arns]
    return tuple(each.warning for each in shown if each is not None and each.warning)


def draw_clash(desk: Desk, checked: Checked) -> None:
    """Draw what somebody else changed since the form was opened, and the ways on."""
    live = st.session_state.get(_CLASH)
    if not isinstance(live, LiveBudget) or live.definition.name != checked.draft.name:
        return
    said = [described(each) if each else {} for each in (checked.base, live.definition, checked.budget)]
    names = [name for name in dict.fromkeys([*said[0], *said[1]]) if said[0].get(name) != said[1].get(name)]
    rows = [[name, *(plain(each.get(name, "–")) for each in said)] for name in names]
    st.error("Somebody else changed this budget since you opened it. Nothing was written.", icon=":material/error:")
    columns = ["Field", "When you began", "Live now", "Yours"]
    st.dataframe(
        {name: [row[place] for row in rows] for place, name in enumerate(columns)}, hide_index=True, key="bf-clash"
    )
    with st.container(horizontal=True, gap="small", key="bf-clash-row"):
        mine, theirs = replace(checked.draft, live=stored(live.definition)), edited(live.definition)
        st.button("Keep my values over theirs", key="bf-mine", on_click=partial(_solve, desk, mine))
        st.button("Take what is live into the form", key="bf-theirs", on_click=partial(_solve, desk, theirs))


def _solve(desk: Desk, draft: BudgetDraft) -> None:
    st.session_state.pop(_CLASH, None)
    budget_desk.lay(desk.context, draft)


def settle(context: Context) -> None:
    """Let the form know what is live now: what was created is changed from here on, what was undone is as before."""
    done, draft = plan_dialog.outcome(), budget_desk.draft()
    if done is None or draft is None or not done.done or draft.name not in done.plan.targets:
        return
    if st.session_state.get(_SETTLED) == done.plan.fingerprint:
        return
    st.session_state[_SETTLED] = done.plan.fingerprint
    budget_desk.lay(context, replace(draft, live=_live_after(done, draft)))


def _live_after(done: Outcome, draft: BudgetDraft) -> str:
    if any(step.operation == "DeleteBudget" for step in done.plan.steps):
        return ""
    if done.plan.title.startswith(UNDO):
        return str(st.session_state.get(_BASE, ""))
    budget = check(draft).budget
    return draft.live if budget is None else stored(budget)
