"""Stories: tell the demo cloud an incident, and watch it on the wall."""

from __future__ import annotations

import streamlit as st

from dashboard import cached, parts
from dashboard.stage import Control, StageError
from dashboard.views import stories
from dashboard.wording import md

context = cached.context()
state = parts.page_state(context)


def act(stage: Control, story: str | None) -> None:
    """Tell or end, write it into the audit record, and say so."""
    failure = stories.act(stage, story)
    parts.record_story(context, story or "calm", scope=state.scope, done=failure is None)
    st.toast(md(str(failure)) if failure else "Told. Watch it on the wall." if story else "All stories end now.")


def draw_tile(stage: Control, tile: stories.StoryTile) -> None:
    """Draw one incident with its button; a disabled one says why."""
    with parts.card(f"story-{tile.name}", tile.title, tile.state):
        st.text(tile.summary)
        st.button(
            "Tell",
            key=f"tell-{tile.name}",
            icon=":material/play_arrow:",
            disabled=not tile.may_tell.allowed,
            help=None if tile.may_tell.allowed else md(tile.may_tell.reason),
            on_click=act,
            args=(stage, tile.name),
        )


@st.fragment(run_every=context.refresh)
def draw_stories(stage: Control) -> None:
    """Draw what can be told and what is being told."""
    with parts.boundary():
        playbill = stories.read(stage)
        if isinstance(playbill, StageError):
            st.error(md(str(playbill)), title="The stories cannot be read", icon=":material/cloud_off:")
            return
        view = stories.build(playbill, context.actor, now=context.now())
        with st.container(horizontal=True, vertical_alignment="center", key="fresh"):
            st.text(f"{view.telling} The demo cloud's clock: {view.clock}.", width="content")
            st.page_link("app_pages/wall.py", label="Watch on the wall", icon=":material/monitoring:")
            st.button(
                "Calm everything",
                key="calm",
                icon=":material/self_improvement:",
                disabled=not view.may_calm.allowed,
                help=None if view.may_calm.allowed else md(view.may_calm.reason),
                on_click=act,
                args=(stage, None),
            )
        with st.grid(3, min_column_width=260, gap="xsmall", key="stories"):
            for tile in view.tiles:
                draw_tile(stage, tile)


parts.bar("Stories", state, context)
parts.problems(state.problems)
if context.stories is None:
    parts.empty("No stories here", "Stories can only be told in the demo cloud.")
else:
    draw_stories(context.stories)
