"""Live Tail on the Logs page: its price first, then what AWS sends, then why it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamlit.testing.v1 import AppTest

from access.identity import Role
from core.money import ZERO
from dashboard.wording import md
from tests.pages import fakes, seen
from tests.pages.conftest import Open
from tests.pages.fakes import FakeSources
from tests.pages.log_fakes import APPLICATION


def opened(open_page: Open, sources: FakeSources, *, role: Role = Role.ADMINISTRATOR) -> AppTest:
    context = fakes.context(sources, role=role)
    return open_page(context, "logs", group=APPLICATION, mode="tail", pattern="INFO")


def says(app: AppTest, sentence: str) -> bool:
    shown = seen.text(app)
    return sentence in shown or md(sentence) in shown


def button(app: AppTest, key: str) -> Any:
    return next(each for each in app.button if each.key == key)


def test_the_price_is_said_before_it_begins_and_lines_come(open_page: Open) -> None:
    sources = FakeSources()
    app = opened(open_page, sources)
    start = button(app, "live-tail-start")
    assert start.label == "Start for $0.05"
    assert sources.live_tails.started == []
    app = start.click().run()
    assert not app.exception
    ((question, arn, minutes),) = sources.live_tails.started
    assert (question.group, question.pattern, minutes) == (APPLICATION, "INFO", 5)
    assert arn == f"arn:aws:logs:us-east-1:111111111111:log-group:{APPLICATION}"
    assert says(app, "3 lines in 1:05 of 5 minutes.")
    app = button(app, "live-tail-stop").click().run()
    assert sources.live_tails.stopped == ["session"]
    assert any(each.key == "live-tail-start" for each in app.button)


def test_at_a_cap_of_zero_it_is_not_to_be_had(open_page: Open) -> None:
    sources = FakeSources()
    sources.live_tails.cap = ZERO
    app = opened(open_page, sources)
    assert button(app, "live-tail-start").disabled
    assert says(app, "5 minutes of Live Tail cost $0.05, and the monthly cap on our own calls is $0.00.")


def test_it_takes_a_role_that_may_spend(open_page: Open) -> None:
    app = opened(open_page, FakeSources(), role=Role.VIEWER)
    assert button(app, "live-tail-start").disabled
    assert says(app, "to make calls that cost money takes an administrator")


def test_an_ended_session_says_why_and_what_was_left_out(open_page: Open) -> None:
    sources = FakeSources()
    sources.live_tails.view = replace(sources.live_tails.view, sampled=True, ended="Its 5 minutes are over.")
    app = button(opened(open_page, sources), "live-tail-start").click().run()
    assert says(app, "Its 5 minutes are over. 3 lines in 1:05 of 5 minutes.")
    assert says(app, "AWS sent 500 of them")
    assert button(app, "live-tail-stop").label == "Back to polling"
