"""Drawing of a metric filter's form: its fields, and what it would have made of real lines."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from collectors.logs.trial import Disagreement
from core.reading import Reading
from core.series import MetricId
from dashboard import filter_desk, parts, plan_dialog
from dashboard.charts.components import draw_chart
from dashboard.fields import Fields, Write
from dashboard.log_group_parts import ROW_PIXELS, Desk
from dashboard.views import filter_trials, metric_filters
from dashboard.views.filter_trials import SPANS, LinesRead, TrialView
from dashboard.views.metric_filters import UNITS, CheckedFilter, FilterDraft
from dashboard.wording import md, plain, shortened

LINES_SECONDS: Final = 15.0
"""How often lines are read on while somebody works on a filter."""
DIRECTORY_SECONDS: Final = 300.0
GLANCE: Final = 3.0
"""Seconds that a run waits for AWS's verdict."""
TABLE_PIXELS: Final = 300
CHART_PIXELS: Final = 170
WORDS_LENGTH: Final = 290
"""Characters of what a pattern finds; a label holds no more than 300."""
_SPAN: Final = "filter-lines"


@dataclass(frozen=True, slots=True)
class FilterFields(Fields):
    """Draws the fields of the filter on the desk."""

    checked: Any
    prefix: str = "mf"

    def _write(self, field: str) -> Write:
        return lambda value: filter_desk.change(**{field: value})


def checked_of(desk: Desk, draft: FilterDraft) -> CheckedFilter:
    """Check the form against the group's filters as they are now."""
    filters = [each for each in desk.found.filters.value if each.group == draft.group]
    group = next((each for each in desk.found.groups.value if each.name == draft.group), None)
    return metric_filters.check(draft, filters, group)


def draw_fields(desk: Desk, checked: CheckedFilter) -> None:
    """Draw every field, with what is wrong beside it."""
    fields = FilterFields(desk.context, checked)
    draft = checked.draft
    fields.problem("group")
    fields.area("Pattern", "pattern", draft.pattern, partial(_changed, "pattern"), height=96, max_chars=1_024)
    if checked.words:
        st.caption(f":material/translate: {md(shortened(checked.words, WORDS_LENGTH))}")
    with st.container(horizontal=True, gap="small", key="mf-row-name"):
        fields.text("Filter", "name", max_chars=512)
        fields.select("Unit", "unit", {unit: unit for unit in UNITS}, width=150)
    with st.container(horizontal=True, gap="small", key="mf-row-metric"):
        fields.text("Namespace", "namespace", max_chars=255)
        fields.text("Metric", "metric", max_chars=255)
    with st.container(horizontal=True, gap="small", key="mf-row-value"):
        fields.select("Value", "value", {"1": "1 · count the lines", **{each: each for each in checked.fields}})
        fields.text("While none matches", "default", placeholder="no datapoint", max_chars=40)
    fields.several("Dimensions", "dimensions", {each: each for each in checked.fields}, placeholder="none")
    if draft.dimensions:
        st.caption("Each value of a dimension is a metric of its own, and charged as one.")


def _changed(field: str, value: Any) -> None:
    filter_desk.change(**{field: value})


def draw_trial(desk: Desk, checked: CheckedFilter) -> None:
    """Draw what the filter would have made of the group's lines; more of them are read while somebody looks."""
    span = str(st.segmented_control("Lines of the last", list(SPANS), default="1h", key=_SPAN, required=True))

    @st.fragment(run_every=LINES_SECONDS)
    def draw() -> None:
        with parts.boundary():
            _draw_tried(desk, checked, span)

    draw()


def _draw_tried(desk: Desk, checked: CheckedFilter, span: str) -> None:
    read = parts.looked(desk.context, *_lines(desk, checked, span), every=LINES_SECONDS, height=TABLE_PIXELS)
    if read is None:
        return
    shown = _tried(desk, checked, span, read)
    _draw_names(checked, filter_trials.fields_of(read.value, checked))
    parts.faults(read.faults)
    parts.faults(shown.faults)
    st.markdown(f"**{md(shown.sentence)}**")
    if checked.pattern is None:
        return
    sign = ":gray[:material/hourglass:]" if shown.agrees is None else _SIGNS[shown.agrees]
    st.markdown(f"{sign} {md(shown.agreement)}")
    st.markdown(f":material/payments: {md(shown.price)}")
    for problem in shown.problems:
        st.markdown(f":orange[:material/warning:] {md(problem)}")
    if shown.differing:
        _draw_differing(shown.differing, bare=desk.context.log_secrets)
    draw_chart(shown.chart, key="filter-chart", height=CHART_PIXELS)
    st.dataframe(
        shown.table, hide_index=True, height=TABLE_PIXELS, row_height=ROW_PIXELS, key="filter-trial",
        alt="Lines of the group, and whether we and AWS find them.",
    )  # fmt: skip


def _draw_names(checked: CheckedFilter, names: Sequence[str]) -> None:
    """Draw the fields of the lines; one that is pressed comes into the pattern, where values can be taken from it."""
    if not names:
        return
    with st.popover("Fields of these lines", icon=":material/data_object:", key="filter-names"):
        st.caption("A press adds the field to the pattern. Value and dimensions are taken from fields of the pattern.")
        with st.container(horizontal=True, gap="xsmall", key="filter-name-row"):
            for place, name in enumerate(names):
                if st.button(md(name), key=f"filter-name-{place}"):
                    filter_desk.change(pattern=filter_trials.with_field(checked.draft.pattern, name))
                    st.rerun(scope="app")


def _tried(desk: Desk, checked: CheckedFilter, span: str, read: Reading[LinesRead]) -> TrialView:
    """Hold the filter against lines, by us and by AWS."""
    found = filter_trials.tried(checked, read.value.lines)
    known = known_metrics(desk)
    return filter_trials.view(
        checked, read.value, span, found, known, bare=desk.context.log_secrets, now=desk.context.now()
    )


_SIGNS: Final = {True: ":green[:material/check_circle:]", False: ":red[:material/error:]"}


def _draw_differing(differing: Sequence[Disagreement], *, bare: bool) -> None:
    rows = [
        {
            "Ours": "found" if each.ours else "not found",
            "AWS": "found" if each.aws else "not found",
            "Values": ", ".join(f"{plain(name)}: {plain(one)} · {plain(other)}" for name, one, other in each.values),
            "Line": filter_trials.shown(each.message, bare=bare),
        }
        for each in differing
    ]
    st.dataframe(pd.DataFrame(rows, dtype="str"), hide_index=True, height="content", key="filter-differing")


def _lines(
    desk: Desk, checked: CheckedFilter, span: str
) -> tuple[tuple[Hashable, ...], Callable[[], Reading[LinesRead]]]:
    """Give how lines are read: the name under which everybody shares them, and the read."""
    context, group, pattern = desk.context, checked.draft.group, checked.draft.pattern

    def load() -> Reading[LinesRead]:
        return filter_trials.read_lines(context.sources, desk.scope, group, pattern, span, now=context.now())

    return ("filter-lines", desk.scope, group, pattern, span), load


def known_metrics(desk: Desk) -> tuple[MetricId, ...] | None:
    """Give the account's metrics, to know how many custom ones there are; None where they are not known, or not yet."""
    load = partial(parts.at_clock, desk.context, desk.context.sources.known_metrics, desk.scope)
    snapshot = desk.context.feed.look(("known", desk.scope), load, every=DIRECTORY_SECONDS, patience=GLANCE)
    return None if snapshot is None or not snapshot.value.complete else snapshot.value.value


def draw_buttons(desk: Desk, checked: CheckedFilter) -> None:
    """Draw the way to the review, and out of the form."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="mf-buttons"):
        label = "Review change" if checked.live else "Review and create"
        if st.button(
            label, type="primary", icon=":material/fact_check:", key="filter-review", disabled=not checked.ready,
            help=None if checked.ready else "Put the fields right first.",
        ):  # fmt: skip
            _review(desk, checked)
        if st.button("Close", key="filter-close", type="tertiary"):
            filter_desk.leave()
            st.rerun(scope="app")


def _review(desk: Desk, checked: CheckedFilter) -> None:
    """Open the review of the plan, with what is known of real lines by now."""
    span = str(st.session_state.get(_SPAN) or "1h")
    key, load = _lines(desk, checked, span)
    snapshot = desk.context.feed.look(key, partial(parts.booked, str(key[0]), load), every=None, patience=GLANCE)
    shown = None if snapshot is None else _tried(desk, checked, span, snapshot.value)
    start = filter_trials.alarm_start(checked.definition, shown)
    st.session_state[plan_dialog.MADE] = {(checked.definition.group, checked.definition.name): start}
    plan_dialog.ask(partial(filter_trials.plan_of, checked, shown, known_metrics(desk), desk.scope))
