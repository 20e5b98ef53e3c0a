"""The workbench's two halves together: the form says what the preview found, the preview follows the form."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from alarms.doctor import Finding
from alarms.kinds import CompositeAlarm
from dashboard import action_parts, bench_reading, parts, workbench_parts
from dashboard.alarm_fields import Known, draw_form
from dashboard.cached import Context
from dashboard.fields import Fields
from dashboard.state import PageState
from dashboard.views import workbench
from dashboard.views.alarm_form import Checked
from dashboard.views.workbench import Question, Shown
from dashboard.views.workbench_composite import CompositeView
from dashboard.views.workbench_view import WorkbenchView

PREVIEW_PIXELS = 560

View = WorkbenchView | CompositeView | None


@dataclass(frozen=True, slots=True)
class Body:
    """One run of the page."""

    context: Context
    state: PageState
    checked: Checked
    known: Known

    def draw(self, form: DeltaGenerator, shown: DeltaGenerator) -> View:
        """Draw form and preview into their places; the form is there before the first read has come."""
        this = workbench.shown(self.checked)
        asked = None if this is None else bench_reading.asked_for(self.context, self.state, self.checked, this)
        ready = asked is not None and self.context.feed.holds(asked.key)
        if not ready:
            with form:
                self._form(None)
        with shown:
            if this is None or asked is None:
                return self._without_series()
            view = self._preview(this, asked)
        if ready:
            with form:
                self._form(view)
        elif view is not None:
            st.rerun()
        return view

    def findings(self, view: View) -> tuple[Finding, ...] | None:
        """Give what the doctor says; None where there is nothing yet that it could look at."""
        if not isinstance(view, WorkbenchView) or not view.examinable:
            return None
        return bench_reading.findings(self.context, self.state.scope, view)

    def _form(self, view: WorkbenchView | None) -> None:
        scope = self.state.scope

        def below(fields: Fields) -> None:
            action_parts.draw_ways(bench_reading.ways(self.context, scope, view))
            action_parts.draw_policies(fields, scope, self.known, view)
            action_parts.draw_new_topic(fields, scope)
            action_parts.draw_new_policy(fields, scope, self.known, view)

        draw_form(self.context, scope, self.checked, self.known, view, below_actions=below)

    def _preview(self, this: Shown, asked: Question) -> WorkbenchView | None:
        """Draw what the alarm would have done, once it is read."""
        found = bench_reading.reading(self.context, asked, height=PREVIEW_PIXELS)
        if found is None:
            return None
        parts.faults(found.faults)
        view = bench_reading.preview(this, self.checked, found, movable=True)
        workbench_parts.draw_preview(self.context, view)
        workbench_parts.draw_facts(view)
        workbench_parts.draw_firings(view)
        return view

    def _without_series(self) -> CompositeView | None:
        """Draw a composite alarm over what its alarms did, or say why there is no preview."""
        alarm = self.checked.alarm
        if not isinstance(alarm, CompositeAlarm):
            workbench_parts.draw_nothing(self.checked)
            return None
        days = workbench.days_of(self.checked.draft)
        view = bench_reading.composite(self.context, self.state.scope, alarm, days=days, height=PREVIEW_PIXELS)
        if view is not None:
            workbench_parts.draw_composite(view)
        return view
