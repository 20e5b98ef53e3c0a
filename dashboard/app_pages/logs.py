"""Logs: lines found by group, stream and pattern, beside the metrics they explain."""

from __future__ import annotations

from dashboard import cached, log_tabs, parts
from dashboard.log_state import read_logs

context = cached.context()
state = parts.page_state(context)
wanted = read_logs(parts.url())

parts.bar("Logs", state, context)
log_tabs.draw()
parts.problems((*state.problems, *wanted.problems))
parts.empty("No log group chosen", "Choose a group to read its lines.")
