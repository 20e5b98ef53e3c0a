"""The Logs page's link: what it holds comes back, what it should not hold is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard.log_state import MOST_STREAMS, LineKey, LogState, Mode, read_line, read_logs

NAMES = st.text(min_size=1, max_size=60)


@given(
    st.builds(
        LogState,
        group=NAMES,
        streams=st.lists(NAMES, unique=True, max_size=4).map(tuple),
        pattern=st.text(max_size=80),
        mode=st.sampled_from(Mode),
        line=st.none()
        | st.builds(LineKey, st.integers(0, 10**13), NAMES, st.text(max_size=20).map(lambda t: t.replace("~", ""))),
    )
)
def test_a_link_gives_back_what_was_shown(state: LogState) -> None:
    params = {name: value if isinstance(value, list) else [value] for name, value in state.params().items()}
    assert read_logs(params) == state


def test_what_is_not_understood_is_named_and_left_out() -> None:
    state = read_logs({"mode": ["shout"], "line": ["soon~x"], "stream": [f"s{n}" for n in range(MOST_STREAMS + 1)]})
    assert state.mode is Mode.SEARCH
    assert state.line is None
    assert len(state.streams) == MOST_STREAMS
    assert len(state.problems) == 3


@given(st.text(max_size=60))
def test_no_line_of_a_link_raises(text: str) -> None:
    found = read_line(text)
    assert found is None or found.stream
