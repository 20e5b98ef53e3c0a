"""Access logs: what a load balancer wrote about each request, by path, target and time."""

from __future__ import annotations

from functools import partial

from dashboard import access_log_parts, cached, log_tabs, parts
from dashboard.access_state import read_access
from dashboard.feed import ForeseenError
from dashboard.views import access_logs

REFRESH_SECONDS = 60.0
NOWHERE = """Name a folder, a file or a place in S3 with load-balancer access logs, and start again:
WATCHKEEPER_ACCESS_LOGS=/data/alb or WATCHKEEPER_ACCESS_LOGS=s3://bucket/prefix"""

context = cached.context()
state = parts.page_state(context)
wanted = read_access(parts.url())
book = context.access_logs


def draw_page() -> None:
    """Draw an uploaded file where there is one, else what settings name."""
    uploaded = access_log_parts.draw_upload(wanted)
    if uploaded is not None:
        view = access_logs.build(uploaded, wanted, remote=False, now=context.now())
        access_log_parts.draw_view(context, state, wanted, view)
    elif book is None:
        parts.empty("No access logs are named", NOWHERE)
    else:
        access_log_parts.draw_offer(context, state)
        with parts.foreseen(ForeseenError, "The access logs cannot be read"):
            draw_book()


def draw_book() -> None:
    """Draw what is here of the span on screen."""
    if book is None:
        return
    load = partial(access_logs.read, book, wanted, state, clock=context.now)
    key = ("access logs", state.scope, state.range, state.fixed, wanted.only, book.version(state.scope))
    found = parts.looked(context, key, load, every=REFRESH_SECONDS, height=500)
    if found is not None:
        view = access_logs.build(found, wanted, remote=book.is_remote, now=context.now())
        access_log_parts.draw_view(context, state, wanted, view)


parts.bar("Access logs", state, context)
log_tabs.draw()
parts.problems((*state.problems, *wanted.problems))
with parts.boundary():
    draw_page()
