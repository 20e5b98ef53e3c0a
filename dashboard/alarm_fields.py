"""The left half of the workbench: the fields of an alarm, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from alarms.actions import ActionKind, describe
from alarms.kinds import Alarm
from collectors.inventory import ScalingGroup
from core.reading import Scope
from core.series import MetricId
from core.statistics import Statistic
from dashboard import desk
from dashboard.cached import Context
from dashboard.charts.components import draw_window
from dashboard.fields import Fields, hold
from dashboard.rule_fields import draw_rule
from dashboard.state import MetricChoice
from dashboard.views import alarm_choices as choices
from dashboard.views import explorer, workbench
from dashboard.views.alarm_draft import Draft, Kind, QueryDraft
from dashboard.views.alarm_form import METRIC_ID, Checked, field_errors
from dashboard.views.alarm_starts import metric_of, of_metric, suggested_name, with_kind, with_metric
from dashboard.views.workbench_view import WorkbenchView
from dashboard.wording import md


@dataclass(frozen=True, slots=True)
class Known:
    """What the form offers."""

    metrics: tuple[MetricId, ...]
    alarms: tuple[str, ...]
    """Names of the account's alarms; foreign text."""
    actions: dict[str, str]
    """ARN → what it is called."""
    others: tuple[Alarm, ...] | None = None
    """Every alarm of the account and region; None where they are not known."""
    policies: tuple[Mapping[str, Any], ...] = ()
    """Every scaling policy, as DescribePolicies has it."""
    groups: tuple[ScalingGroup, ...] = ()
    """Every Auto Scaling group."""


def draw_form(
    context: Context,
    scope: Scope,
    checked: Checked,
    known: Known,
    view: WorkbenchView | None,
    *,
    below_actions: Callable[[Fields], None],
) -> None:
    """Draw every field of the draft; a change is in the draft and in the link before the next run.

    `below_actions` draws what belongs to the chosen actions.
    """
    fields = Fields(context, checked)
    draft = checked.draft
    fields.segments("Kind", "kind", dict(choices.KINDS), lambda kind: desk.lay(context, with_kind(desk.draft(), kind)))
    if draft.kind is Kind.REQUEST:
        _document(fields)
        return
    fields.text("Name", "name", max_chars=255, live=True, placeholder="Such as web-cpu-high", disabled=bool(draft.live),
                help="The name cannot be changed; make a copy for another name." if draft.live else None)  # fmt: skip
    _SOURCES[draft.kind](fields, known)
    if draft.kind is not Kind.COMPOSITE:
        _evaluation(fields, view)
    draw_actions(fields, scope, known)
    below_actions(fields)
    _details(fields)


def _metric_source(fields: Fields, known: Known) -> None:
    _metric(fields, known)
    with st.container(horizontal=True, gap="small", key="wb-row-condition"):
        fields.select("Goes off", "comparison", dict(choices.COMPARISONS))
        fields.text(_threshold_label(fields), "threshold", live=True, placeholder="Such as 70")


def _band_source(fields: Fields, known: Known) -> None:
    _metric(fields, known)
    with st.container(horizontal=True, gap="small", key="wb-row-condition"):
        fields.select("Goes off", "band_comparison", dict(choices.BAND_COMPARISONS))
        fields.text("Width in standard deviations", "width", live=True)
    st.caption("An anomaly alarm cannot run scaling policies; AWS refuses them. It is billed as three alarms.")


def _metric(fields: Fields, known: Known) -> None:
    draft = fields.checked.draft
    chosen = metric_of(draft)
    _pick_metric(fields, known, "metric", chosen, lambda metric: desk.lay(fields.context, _changed_metric(metric)))
    if chosen is not None and known.metrics and chosen not in known.metrics:
        st.caption(
            ":orange[:material/help:] This metric has not reported here in the last two weeks. "
            "The alarm can be made all the same; it waits in No data until it does."
        )
    with st.expander("Metric by name", expanded=bool(draft.dimensions or draft.namespace) and chosen is None):
        fields.text("Namespace", "namespace", max_chars=255)
        fields.line("Metric name", "metric-name", draft.metric, lambda text: desk.change(fields.context, metric=text))
        fields.area(
            "Dimensions, Name=Value, one a line", "dimensions", draft.dimensions,
            lambda text: desk.change(fields.context, dimensions=text),
        )  # fmt: skip
    with st.container(horizontal=True, gap="small", key="wb-row-metric"):
        fields.select("Statistic", "statistic", choices.statistics(chosen), accept_new_options=True)
        fields.select("Period", "period", choices.periods(), accept_new_options=True)


def _changed_metric(metric: MetricId) -> Draft:
    """The draft with another metric; an empty form takes what suits the metric, and a name that was ours follows."""
    draft = desk.draft()
    start = of_metric(explorer.default_choice(metric))
    if not draft.metric:
        return replace(
            with_metric(draft, metric), statistic=start.statistic, period=start.period, n=start.n,
            name=draft.name or start.name,
        )  # fmt: skip
    old = metric_of(draft)
    ours = old is not None and draft.name == suggested_name(MetricChoice(old, draft.statistic))
    name = suggested_name(MetricChoice(metric, draft.statistic)) if ours and not draft.live else draft.name
    return replace(with_metric(draft, metric), name=name)


def _pick_metric(
    fields: Fields, known: Known, place: str, chosen: MetricId | None, write: Callable[[MetricId], None]
) -> None:
    """Draw the list of metrics; typing in it searches."""
    words = ""
    if len(known.metrics) > choices.MOST_OFFERED:
        words = st.text_input("Narrow the metrics", key=f"wb-{place}-words", live=True, placeholder="ec2 cpu web")
    names = choices.metric_names(known.metrics, chosen, words)
    key = f"wb-{place}-list"
    hold(key, chosen)
    with fields.box(place):
        st.selectbox(
            "Metric",
            list(names),
            index=None,
            key=key,
            format_func=lambda metric: names.get(metric) or choices.metric_name(metric),
            placeholder=f"Search {len(names):,} metrics",
            on_change=lambda: _picked(key, write),
        )


def _picked(key: str, write: Callable[[MetricId], None]) -> None:
    metric = st.session_state[key]
    if metric is not None:
        write(metric)


def _threshold_label(fields: Fields) -> str:
    draft = fields.checked.draft
    unit = choices.unit_name(metric_of(draft), draft.statistic) if draft.kind is Kind.METRIC else ""
    return f"Threshold in {unit}" if unit else "Threshold"


def _math_source(fields: Fields, known: Known) -> None:
    draft = fields.checked.draft
    for place, query in enumerate(draft.queries):
        _query(fields, known, place, query)
    with st.container(horizontal=True, gap="xsmall", key="wb-row-queries"):
        st.button("Add metric", icon=":material/add:", key="wb-add-metric", on_click=partial(_add_query, fields, None))
        st.button(
            "Add expression", icon=":material/function:", key="wb-add-expression",
            on_click=partial(_add_query, fields, ""),
        )  # fmt: skip
    fields.problem("queries")
    bands = {"": "A threshold"} | {
        query.id: f"Band {query.id}" for query in draft.queries if "ANOMALY_DETECTION_BAND" in (query.expression or "")
    }
    if len(bands) > 1 or draft.threshold_id:
        fields.select("Compared with", "threshold_id", bands)
    with st.container(horizontal=True, gap="small", key="wb-row-condition"):
        if draft.threshold_id:
            fields.select("Goes off", "band_comparison", dict(choices.BAND_COMPARISONS))
        else:
            fields.select("Goes off", "comparison", dict(choices.COMPARISONS))
            fields.text("Threshold", "threshold", live=True)


def _query(fields: Fields, known: Known, place: int, query: QueryDraft) -> None:
    """Draw one line of metric math."""
    at = f"queries.{place}"

    def write(name: str, value: str) -> None:
        desk.lay(fields.context, _with_query(place, {name: value}))

    with st.container(border=True, gap="xsmall", key=f"wb-query-{place}"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            fields.line("Id", f"{at}.id", query.id, partial(write, "id"), width=80)
            hold(f"wb-{at}.watched", query.watched)
            st.toggle("Watched", key=f"wb-{at}.watched", on_change=partial(_watch, fields, place))
            st.button(
                "Remove", icon=":material/close:", type="tertiary", key=f"wb-{at}-gone",
                on_click=lambda: desk.lay(fields.context, _with_query(place, None)),
            )  # fmt: skip
        if query.expression is not None:
            fields.area("Expression", f"{at}.expression", query.expression, partial(write, "expression"), height=80)
            _position(fields, f"{at}.expression", query.expression)
            return
        _pick_metric(
            fields, known, f"{at}.metric", metric_of(query),
            lambda metric: desk.lay(fields.context, _with_query(place, _named(metric))),
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            names = choices.statistics(metric_of(query))
            fields.choice("Statistic", f"{at}.statistic", query.statistic, names, partial(write, "statistic"),
                          accept_new_options=True)  # fmt: skip
            fields.choice("Period", f"{at}.period", query.period, choices.periods(), partial(write, "period"),
                          accept_new_options=True)  # fmt: skip


def _position(fields: Fields, place: str, text: str) -> None:
    """Show where in a text its error is."""
    for sentence in field_errors(fields.checked, place):
        marked = choices.caret(text, sentence)
        if marked:
            st.code(marked, language=None)


def _named(metric: MetricId) -> dict[str, str]:
    draft = with_metric(Draft(), metric)
    return {"namespace": draft.namespace, "metric": draft.metric, "dimensions": draft.dimensions}


def _with_query(place: int, changed: dict[str, Any] | None) -> Draft:
    """The draft with another line of metric math at `place`; None takes the line out."""
    draft = desk.draft()
    kept = () if changed is None else (replace(draft.queries[place], **changed),)
    return replace(draft, queries=(*draft.queries[:place], *kept, *draft.queries[place + 1 :]))


def _watch(fields: Fields, place: int) -> None:
    """Watch one line, and with it none of the others but the band."""
    draft = desk.draft()
    queries = tuple(
        replace(query, watched=query.id == draft.threshold_id or (index == place and not query.watched))
        for index, query in enumerate(draft.queries)
    )
    desk.change(fields.context, queries=queries)


def _add_query(fields: Fields, expression: str | None) -> None:
    draft = desk.draft()
    taken = {query.id for query in draft.queries}
    letter = METRIC_ID[0] if expression is None else "e"
    name = next(f"{letter}{number}" for number in range(1, len(taken) + 2) if f"{letter}{number}" not in taken)
    fresh = (
        QueryDraft(name)
        if expression is None
        else QueryDraft(name, statistic="", period="", expression=expression, watched=not draft.queries)
    )
    desk.change(fields.context, queries=(*draft.queries, fresh))


def _composite_source(fields: Fields, known: Known) -> None:
    draw_rule(fields, known.alarms)
    with st.expander("Hold actions back while another alarm is on", expanded=bool(fields.checked.draft.suppressor)):
        names = {"": "None"} | {name: name for name in known.alarms}
        fields.select("Suppressor alarm", "suppressor", names, accept_new_options=True)
        with st.container(horizontal=True, gap="small"):
            fields.text("Wait for it (seconds)", "suppressor_wait", placeholder="120")
            fields.text("Go on after it (seconds)", "suppressor_extension", placeholder="180")


_SOURCES = {
    Kind.METRIC: _metric_source,
    Kind.BAND: _band_source,
    Kind.MATH: _math_source,
    Kind.COMPOSITE: _composite_source,
}


def _document(fields: Fields) -> None:
    fields.area(
        "Request", "document", fields.checked.draft.document,
        lambda text: desk.change(fields.context, document=text), height=420,
        help="As the AWS CLI takes it with --cli-input-json. Any kind of alarm can be written here.",
    )  # fmt: skip
    st.caption("Members that the other forms have no field for can be changed here. AWS's own names, nothing is lost.")


def _evaluation(fields: Fields, view: WorkbenchView | None) -> None:
    """Draw M of N and missing data, with what each treatment would have done on this metric's gaps."""
    draft = fields.checked.draft
    with st.container(horizontal=True, gap="small", key="wb-row-datapoints"):
        fields.whole("Datapoints that must be beyond", "m", placeholder=draft.n or "all")
        fields.whole("of the newest", "n", empty=1)
    if view is not None and view.window is not None:
        draw_window(view.window, key="wb-picture")
    names = dict(choices.MISSING)
    outcomes = {} if view is None or view.gaps is None else {each.treatment: each.text for each in view.gaps.outcomes}
    if draft.missing:
        del names[""]
    else:
        del names["missing"]
    asked = dict.fromkeys((*names, draft.missing))
    captions = [outcomes.get(name or "missing", "") for name in asked] if outcomes else None
    fields.radio("When datapoints are missing", "missing", names, captions)
    if view is not None and view.gaps is not None:
        st.caption(md(view.gaps.sentence))


def draw_actions(fields: Fields, scope: Scope, known: Known) -> None:
    """Draw what runs on entering each state."""
    draft = fields.checked.draft
    shown = workbench.shown(fields.checked)
    alarm = fields.checked.alarm or (shown.alarm if shown is not None else None)
    offered = known.actions | choices.built_in_actions(alarm, scope)
    if draft.kind in {Kind.BAND, Kind.COMPOSITE}:
        offered = {arn: name for arn, name in offered.items() if describe(arn).kind is not ActionKind.SCALING}
    fields.several("When it goes into alarm", "alarm_actions", offered, placeholder="Choose, or paste an ARN")
    with st.expander("When it recovers, or has no data"):
        fields.several("When it is OK again", "ok_actions", offered, placeholder="Choose, or paste an ARN")
        fields.several("When it has no data", "insufficient_actions", offered, placeholder="Choose, or paste an ARN")
        fields.flag("Actions are enabled", "actions_enabled")


def _details(fields: Fields) -> None:
    """Draw what few alarms need."""
    draft = fields.checked.draft
    with st.expander("Description and tags", expanded=bool(field_errors_in(fields, "description", "tags"))):
        fields.area(
            "Description", "description", draft.description or "",
            lambda text: desk.change(fields.context, description=_described(text)), max_chars=1024,
        )  # fmt: skip
        _tags(fields)
    if draft.kind is Kind.COMPOSITE:
        return
    wrong = field_errors_in(fields, "window", "warm_up", "low_samples", "unit")
    with st.expander("Window, warm-up and unit", expanded=bool(wrong)):
        fields.select("Evaluated window", "window", dict(choices.WINDOWS))
        if draft.window == "clock":
            fields.text("Time zone", "timezone", placeholder="UTC, Europe/Vienna or +05:30")
        fields.text("Warm-up in minutes", "warm_up", placeholder="none")
        if draft.warm_up:
            fields.select("Waits", "warm_up_whole", dict(choices.WARM_UPS))
        if _is_percentile(draft.statistic):
            fields.select("Periods with few samples", "low_samples", dict(choices.LOW_SAMPLES))
        if draft.kind is not Kind.MATH:
            fields.select("Unit", "unit", choices.units())


def field_errors_in(fields: Fields, *places: str) -> list[str]:
    return [sentence for place in places for sentence in field_errors(fields.checked, place)]


def _is_percentile(text: str) -> bool:
    try:
        return Statistic.parse(text).is_percentile
    except ValueError:
        return False


def _described(text: str) -> str | None:
    """An empty description is kept empty where the alarm had one, and not made up where it had none."""
    return None if not text and desk.draft().description is None else text


def _tags(fields: Fields) -> None:
    draft = fields.checked.draft
    for place, (key, value) in enumerate(draft.tags):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"wb-tag-{place}"):
            fields.line("Tag", f"tag-{place}-key", key, partial(_set_tag, fields, place, 0), max_chars=128)
            fields.line("Value", f"tag-{place}-value", value, partial(_set_tag, fields, place, 1), max_chars=256)
            st.button(
                "Remove", icon=":material/close:", type="tertiary", key=f"wb-tag-{place}-gone",
                on_click=partial(_drop_tag, fields, place),
            )  # fmt: skip
    fields.problem("tags")
    st.button("Add tag", icon=":material/add:", key="wb-add-tag", on_click=partial(_add_tag, fields))


def _set_tag(fields: Fields, place: int, part: int, text: str) -> None:
    tags = [list(pair) for pair in desk.draft().tags]
    tags[place][part] = text
    desk.change(fields.context, tags=tuple((key, value) for key, value in tags))


def _drop_tag(fields: Fields, place: int) -> None:
    tags = desk.draft().tags
    desk.change(fields.context, tags=(*tags[:place], *tags[place + 1 :]))


def _add_tag(fields: Fields) -> None:
    desk.change(fields.context, tags=(*desk.draft().tags, ("", "")))
