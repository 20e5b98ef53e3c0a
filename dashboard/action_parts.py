"""The actions section of the alarm form: who is told and whether it reaches them, what scales and by how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from access.changes import Outcome
from access.outcomes import UNDO
from alarms import policies
from alarms.actions import ActionKind, describe, topic_arn
from alarms.doctor import Light, Path
from alarms.policy_replay import PolicyReplay
from alarms.scaling import Policy, PolicyKind
from collectors.inventory import ScalingGroup
from core.reading import Scope
from dashboard import bench_reading, desk, parts
from dashboard.alarm_fields import Known
from dashboard.charts.components import draw_steps
from dashboard.fields import Fields
from dashboard.plan_dialog import open_plan
from dashboard.views import action_forms as forms
from dashboard.views import workbench
from dashboard.views.action_forms import Planned
from dashboard.views.alarm_draft import Draft, Kind
from dashboard.views.workbench_view import WorkbenchView
from dashboard.wording import ALARM, NO_DATA, OK, md, plain

_LIGHTS = {Light.OPEN: OK, Light.BLOCKED: ALARM, Light.UNKNOWN: NO_DATA}


def draw_ways(ways: tuple[Path, ...]) -> None:
    """Draw the way of each notification, hop by hop: whether it is open, and who has confirmed."""
    for way in ways:
        if describe(way.action).kind is not ActionKind.TOPIC:
            continue
        look = _LIGHTS[way.light]
        with st.expander(f":{look.color}[{look.icon}] {md(describe(way.action).name)}: the way to who is told"):
            for hop in way.hops:
                sign = _LIGHTS[hop.light]
                st.markdown(f":{sign.color}[{sign.icon}] **{md(hop.name)}** {md(hop.says)}")
                if hop.fix:
                    st.text(plain(hop.fix))


def draw_new_topic(fields: Fields, scope: Scope) -> None:
    """Draw the form of a topic that is not there yet, or of one more subscriber."""
    draft = fields.checked.draft
    chosen = [arn for arn in draft.alarm_actions if describe(arn).kind is ActionKind.TOPIC]
    with st.expander("New topic or subscriber", icon=":material/add_alert:"):
        fields.text("Name of the new topic", "topic_name", placeholder="ops", max_chars=256)
        with st.container(horizontal=True, gap="small"):
            fields.select("Told by", "topic_protocol", dict(forms.PROTOCOLS))
            fields.text("At", "topic_endpoint", placeholder=forms.ENDPOINTS.get(draft.topic_protocol, ""))
        with st.container(horizontal=True, gap="small"):
            if st.button("Review the topic", key="wb-topic-new", disabled=not draft.topic_name):
                use = partial(_use_topic, fields, topic_arn(draft.topic_name, scope))
                _review(fields, forms.topic_plan(draft, scope), use)
            for arn in chosen:
                label = f"Subscribe to {md(describe(arn).name)}"
                if st.button(label, key=f"wb-topic-{arn}", disabled=not draft.topic_endpoint):
                    _review(fields, forms.subscribe_plan(arn, draft, scope), _nothing)


def draw_new_policy(fields: Fields, scope: Scope, known: Known, view: WorkbenchView | None) -> None:
    """Draw the form of a scaling policy that is not there yet, and what it would have done."""
    draft = fields.checked.draft
    with st.expander("New scaling policy", icon=":material/open_in_full:"):
        if draft.kind in {Kind.BAND, Kind.COMPOSITE}:
            st.caption("An alarm of this kind cannot scale; AWS refuses it. Use a threshold on one metric.")
            return
        fields.select(
            "Auto Scaling group", "policy_group", {"": "Choose"} | {g.name: plain(g.name) for g in known.groups}
        )
        fields.text("Name of the policy", "policy_name", placeholder="scale-out", max_chars=255)
        fields.select("Kind of policy", "policy_kind", dict(forms.POLICY_KINDS))
        _policy_fields(fields, draft)
        policy, errors = forms.policy_of(draft)
        for sentence in errors.values():
            st.caption(md(sentence))
        if policy is not None and policy.kind is PolicyKind.TARGET_TRACKING:
            _draw_tracking(fields, scope, known, policy, None, key="wb-track-new")
        elif policy is not None:
            draw_capacity(policy, known, view, key="wb-steps-new")
        ready = policy is not None and bool(draft.policy_name)
        if st.button("Review the policy", key="wb-policy-new", disabled=not ready):
            planned = forms.policy_plan(draft, live=known.policies, scope=scope)
            _review(fields, planned, partial(_use_policy, fields, draft.policy_group, draft.policy_name))


def _policy_fields(fields: Fields, draft: Draft) -> None:
    if draft.policy_kind == "TargetTrackingScaling":
        with st.container(horizontal=True, gap="small"):
            fields.select("Keeps", "policy_metric", {name: name for name in policies.PREDEFINED})
            fields.text("At", "policy_target")
        st.caption(policies.OWN_ALARMS)
        return
    fields.select("Counts in", "policy_unit", dict(forms.UNITS))
    if draft.policy_kind == "SimpleScaling":
        fields.text("Change", "policy_change")
        return
    fields.area(
        "Steps, counted from the threshold, one a line", "policy_steps", draft.policy_steps,
        lambda text: desk.change(fields.context, policy_steps=text), height=90,
    )  # fmt: skip


def draw_policies(fields: Fields, scope: Scope, known: Known, view: WorkbenchView | None) -> None:
    """Draw what each chosen policy would have done."""
    for place, arn in enumerate(fields.checked.draft.alarm_actions):
        if describe(arn).kind is not ActionKind.SCALING:
            continue
        found = next((each for each in known.policies if each.get("PolicyARN") == arn), None)
        policy = None if found is None else policies.from_response(found)
        if policy is not None and policy.kind is PolicyKind.TARGET_TRACKING:
            _draw_tracking(fields, scope, known, policy, found, key=f"wb-track-{place}")
        elif policy is not None:
            draw_capacity(policy, known, view, key=f"wb-steps-{place}")


def draw_capacity(policy: Policy, known: Known, view: WorkbenchView | None, *, key: str) -> None:
    """Draw a policy's steps, and what it would have done to capacity over the replayed span."""
    if view is None:
        return
    picture = forms.steps_picture(policy, view.alarm, view.unit, view.newest)
    if picture is not None:
        draw_steps(picture, key=key)
    group = _group(known, policy.group)
    if view.replay is None or group is None or policy.kind not in {"SimpleScaling", "StepScaling"}:
        return
    _draw_done(forms.capacity(policy, view.replay, view.history, alarm=view.alarm, group=group))


def _draw_tracking(
    fields: Fields, scope: Scope, known: Known, policy: Policy, described: Mapping[str, Any] | None, *, key: str
) -> None:
    """Draw what target tracking would have done by alarms of its own, whatever this alarm watches."""
    group = _group(known, policy.group)
    if group is None:
        return
    try:
        alarms = forms.tracking_alarms(policy, described)
        days = workbench.days_of(fields.checked.draft)
        asked = workbench.question(alarms[0], scope, days=days, now=fields.context.now())
        found = bench_reading.reading(fields.context, asked, height=40, key=f"{key}-pay")
        if found is not None:
            parts.faults(found.faults)
            _draw_done(forms.tracked_capacity(policy, alarms, found, group=group))
    except forms.NotReplayedError as error:
        st.caption(f"Not replayed: {md(str(error))}")


def _draw_done(done: PolicyReplay) -> None:
    st.markdown(f"**{md(done.policy.name or 'The policy')}**: {md(done.sentence)}")
    for limit in done.limits:
        st.caption(md(limit))


def _group(known: Known, name: str) -> ScalingGroup | None:
    return next((group for group in known.groups if group.name == name), None)


def _review(fields: Fields, planned: Planned, adopt: Callable[[Outcome], None]) -> None:
    """Open the review of a plan, or say what keeps it from being one."""
    if planned.plan is None:
        for sentence in planned.errors.values():
            st.markdown(f":red[:material/error: {md(sentence)}]")
    elif fields.context.workroom is not None:
        open_plan(fields.context, fields.context.workroom, planned.plan, adopt)


def _nothing(_outcome: Outcome) -> None:
    """Nothing in the form follows from a new subscriber."""


def _use_topic(fields: Fields, arn: str, outcome: Outcome) -> None:
    """Let the alarm notify a topic that was made, and no longer one whose making was undone."""
    if outcome.done and outcome.plan.title.startswith(UNDO):
        _drop(fields, lambda other: other == arn)
    elif outcome.done:
        _act(fields, arn, topic_name="", topic_endpoint="")


def _use_policy(fields: Fields, group: str, name: str, outcome: Outcome) -> None:
    """Let the alarm run a policy that was made; target tracking makes its own alarms, so none runs it."""
    if outcome.done and outcome.plan.title.startswith(UNDO):
        _drop(fields, lambda other: (describe(other).group, describe(other).name) == (group, name))
        return
    arn = forms.made_policy(outcome)
    if outcome.done and arn and desk.draft().policy_kind != PolicyKind.TARGET_TRACKING:
        _act(fields, arn, policy_name="")


def _drop(fields: Fields, gone: Callable[[str], bool]) -> None:
    kept = tuple(arn for arn in desk.draft().alarm_actions if not gone(arn))
    desk.change(fields.context, alarm_actions=kept)


def _act(fields: Fields, arn: str, **done: Any) -> None:
    """Let the alarm run what was just made."""
    draft = desk.draft()
    actions = tuple(dict.fromkeys((*draft.alarm_actions, arn)))
    desk.lay(fields.context, replace(draft, alarm_actions=actions, **done))
