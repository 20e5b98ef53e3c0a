"""Drawing of the workbench's right half: what the alarm would have done, and the request that makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from alarms.as_code import writing
from alarms.doctor import Finding
from alarms.kinds import Alarm
from core.timespan import Timespan
from dashboard import desk, parts
from dashboard.cached import Context
from dashboard.charts.bench import BenchEvent, Choice
from dashboard.charts.components import draw_bench
from dashboard.state import instant_text
from dashboard.views import checkup, workbench
from dashboard.views.alarm_draft import Draft, Kind, MarkedIncident
from dashboard.views.alarm_form import Checked
from dashboard.views.alarm_starts import rewritten, threshold_text
from dashboard.views.workbench_composite import CompositeView
from dashboard.views.workbench_view import WorkbenchView
from dashboard.wording import NO_DATA, count, md, quantity

PLOT_PIXELS = 250


def draw_top(checked: Checked, view: WorkbenchView | CompositeView | None, price: str) -> None:
    """Draw the sentence that the whole page is about, and what is still to do."""
    with st.container(gap=None, key="wb-says"):
        st.markdown(_headline(view))
        st.caption(f"{_todo(checked)} {md(view.condition) if view is not None else ''} {md(price)}")


def _headline(view: WorkbenchView | CompositeView | None) -> str:
    if view is None:
        return f":gray[{NO_DATA.icon}] **Choose what to watch, and see at once what the alarm would have done.**"
    return f":{view.look.color}[{view.look.icon}] **{md(view.headline)}**"


def _todo(checked: Checked) -> str:
    if checked.errors:
        return f":red-badge[:material/error: {count(len(checked.errors), 'field')} to correct]"
    if checked.missing:
        return f":gray-badge[:material/edit: {count(len(checked.missing), 'field')} to fill in]"
    return ":green-badge[:material/check_circle: Ready]"


def draw_nothing(checked: Checked) -> None:
    """Say why there is no preview yet."""
    if checked.draft.kind in {Kind.METRIC, Kind.BAND}:
        parts.empty("No preview yet", "Pick a metric; its last two weeks are then replayed with each change.")
    elif checked.alarm is not None:
        parts.empty("No preview", "Alarms of this kind are evaluated by AWS only, so they cannot be replayed here.")
    else:
        parts.empty("No preview yet", "It begins when the form says what is watched.")


def draw_preview(context: Context, view: WorkbenchView) -> None:
    """Draw chart, state band and heat map; what is dragged or clicked there changes the draft."""
    draw_bench(view.bench, key="wb-bench", height=PLOT_PIXELS, on_event=lambda event: _take(context, event))
    if view.proposed_threshold is not None:
        _propose(context, view.proposed_threshold, view.unit)
    _incidents(context, view)


def _take(context: Context, event: BenchEvent) -> None:
    draft = desk.draft()
    if event.threshold is not None:
        desk.lay(context, replace(draft, threshold=threshold_text(event.threshold)))
    elif event.choice is not None:
        desk.lay(context, with_choice(draft, event.choice))
    elif event.incident is not None:
        desk.lay(context, replace(draft, incidents=(*draft.incidents, _marked(event.incident))))
    elif event.unmarked is not None:
        kept = tuple(mark for mark in draft.incidents if mark != _marked(event.unmarked))
        desk.lay(context, replace(draft, incidents=kept))


def with_choice(draft: Draft, choice: Choice) -> Draft:
    """Give the draft with another setting."""
    changed = replace(draft, threshold=threshold_text(choice.threshold), m=str(choice.m), n=str(choice.n))
    return replace(changed, period=str(choice.period)) if draft.kind is Kind.METRIC else changed


def _marked(span: Timespan) -> MarkedIncident:
    return MarkedIncident(instant_text(span.start), instant_text(span.end))


def _propose(context: Context, threshold: float, unit: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wb-propose"):
        said = f"Shown with {quantity(threshold, unit)}, which would have gone off at most once a week."
        st.caption(md(said), width="content")
        st.button(
            f"Use {md(quantity(threshold, unit))}",
            key="wb-use-threshold",
            on_click=lambda: desk.change(context, threshold=threshold_text(threshold)),
        )


def _incidents(context: Context, view: WorkbenchView) -> None:
    if not view.bench.markable:
        return
    if not view.suggestion:
        st.caption("Mark an incident that should have paged, and get the smallest change that would have caught it.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wb-suggestion"):
        st.text(view.suggestion, width="stretch")
        better = view.better
        if better is not None:
            st.button(
                "Take it", icon=":material/auto_fix_high:", key="wb-take",
                on_click=lambda: desk.lay(context, with_choice(desk.draft(), better)),
            )  # fmt: skip


def draw_composite(view: CompositeView) -> None:
    """Draw how many alarms of the rule fired when, and what the rule makes of it."""
    if view.bench is None:
        parts.empty("No preview", view.headline)
        return
    draw_bench(view.bench, key="wb-bench", height=PLOT_PIXELS)
    draw_firings(view)


def draw_facts(view: WorkbenchView) -> None:
    """Draw the figures of the replay."""
    if view.in_alarm:
        beyond = [("Datapoints beyond the threshold", view.breaching)] if view.breaching else []
        parts.facts([("Time in alarm", view.in_alarm), *beyond])


def draw_firings(view: WorkbenchView | CompositeView) -> None:
    """Draw every time that it would have been in alarm, and what the replay could not know."""
    if len(view.firings):
        st.dataframe(view.firings, hide_index=True, height=min(210, 36 * (len(view.firings) + 1)), key="wb-firings")
    with st.expander("What a replay cannot know"):
        for sentence in view.limits:
            st.text(sentence)


def draw_days(context: Context, draft: Draft) -> None:
    """Draw how far back is replayed."""
    days = workbench.days_of(draft)
    key = "wb-days"
    if st.session_state.get(key) != days:
        st.session_state[key] = days
    st.segmented_control(
        "Replayed days", workbench.DAYS, key=key, label_visibility="collapsed",
        format_func=lambda number: "24 h" if number == 1 else f"{number} d",
        on_change=lambda: desk.change(context, days=str(st.session_state[key] or days)),
    )  # fmt: skip


def draw_findings(context: Context, found: Sequence[Finding] | None) -> None:
    """Draw what the doctor says, each with its fix; None: there is nothing that it could look at yet."""
    if found is None:
        st.caption("Looks at the alarm as soon as its metric was read and its fields are right.")
        return
    if not found:
        st.caption(":green[:material/check_circle:] Nothing found in what was read.")
        return
    for place, finding in enumerate(found):
        look = checkup.LOOKS[finding.severity]
        with st.container(border=True, gap="xsmall", key=f"wb-finding-{place}"):
            st.markdown(f":{look.color}[{look.icon}] **{md(finding.what)}**")
            st.text(f"{finding.why} {finding.fix_sentence}")
            if finding.fix is not None:
                st.button(
                    "Take the fix", icon=":material/auto_fix_high:", key=f"wb-fix-{place}",
                    on_click=partial(_fix, context, finding.fix),
                )  # fmt: skip


def _fix(context: Context, fixed: Alarm) -> None:
    desk.lay(context, rewritten(desk.draft(), fixed))


_LANGUAGES: dict[str, tuple[str, Callable[[Alarm], str]]] = {
    "AWS CLI": ("bash", writing.as_cli),
    "boto3": ("python", writing.as_boto3),
    "CloudFormation": ("yaml", lambda alarm: writing.as_cloudformation([alarm])),
    "Terraform": ("hcl", lambda alarm: writing.as_terraform([alarm]).text),
}


def draw_request(checked: Checked) -> None:
    """Draw the exact request in every language, ready to be copied."""
    alarm = checked.alarm
    if alarm is None:
        st.caption("The request appears here when every field is right.")
        return
    for tab, (language, write) in zip(st.tabs(list(_LANGUAGES)), _LANGUAGES.values(), strict=True):
        with tab, parts.foreseen(writing.CannotWriteError, "This alarm has no words in this language"):
            st.code(write(alarm), language=language, wrap_lines=True)
