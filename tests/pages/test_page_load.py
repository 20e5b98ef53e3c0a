"""The page load page over hand-written sources, in every state."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from access.audit import Audit
from access.identity import Actor, Role
from collectors import custom_files
from collectors.custom import Metrics
from collectors.custom_files import AskAccount, PushPlan, Put
from collectors.page_load.beacons import Beacons, Limiter
from collectors.scaling import Activity
from collectors.spool.pauses import Pause, Pauses
from core.reading import Reading, Scope
from core.series import MetricId
from dashboard.cached import Context
from tests.pages import seen
from tests.pages.conftest import Open
from tests.pages.fakes import HOSTILE, NOW, FakeSources, activities, context

SHOP = MetricId("Shop", "PageLoadTime", (("Page", "/cart"),))
HOME = MetricId("Shop", "PageLoadTime", (("Page", "/"),))


def loads(*metrics: MetricId) -> Any:
    """Sources whose account has these metrics besides its own."""

    class Sources(FakeSources):
        def known_metrics(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricId, ...]]:
            return Reading((*super().known_metrics(scope, now=now).value, *metrics), now)

    return Sources()


class Desk:
    """A desk over a real spool, which delivers nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pushed: list[PushPlan] = []

    def plan(self, namespace: str, puts: Sequence[Put], problems: Sequence[str], *, account: AskAccount) -> PushPlan:
        clock = int(NOW.timestamp() * 1000)
        with Metrics(namespace, spool=self.folder, clock=lambda: clock, background=False, exit_seconds=0) as metrics:
            return custom_files.plan(metrics, puts, problems, account=account)

    def push(self, namespace: str, plan: PushPlan) -> str:
        self.pushed.append(plan)
        return ""

    def known(self) -> Collection[MetricId]:
        return {SHOP, HOME}

    def paused(self) -> frozenset[Pause]:
        return Pauses(self.folder, patience=1).read()

    def change(self, *, pause: Collection[Pause], resume: Collection[Pause]) -> str:
        self.folder.mkdir(exist_ok=True)
        Pauses(self.folder, patience=1).change(add=pause, remove=resume)
        return ""


def text(app: AppTest) -> str:
    shown = [*app.markdown, *app.text, *app.caption, *app.subheader, *app.error]
    return "\n".join(str(each.value) for each in shown).replace("\u2060", "")


def frames(app: AppTest) -> str:
    return "\n".join(each.value.to_string() for each in app.dataframe)


def test_each_page_has_its_percentiles_and_the_slowest_stands_first(open_page: Open) -> None:
    app = open_page(context(loads(SHOP, MetricId("Shop", "PageLoadTime", (("Page", "/"),)))), "page_load")
    assert not app.exception
    assert {"/", "/cart"} <= set(app.dataframe[0].value["What"])
    assert set(app.dataframe[0].value.columns) >= {"Loads", "p50", "p90", "p99"}
    assert "the newest whole period" in text(app)


def test_what_was_deployed_is_marked_on_the_chart(open_page: Open) -> None:
    class Deployed(FakeSources):
        def activities(self, scope: Scope, *, now: datetime) -> Reading[tuple[Activity, ...]]:
            refresh = replace(activities()[0], cause="an instance was launched in response to an instance refresh.")
            return Reading((refresh,), now)

    shown = [each for each in seen.component_text(open_page(context(Deployed()), "page_load")) if "budget" in each]
    assert any("deployed to web-asg" in each for each in shown)
    assert "deployed to" not in "".join(seen.component_text(open_page(context(FakeSources()), "page_load")))


def test_the_budget_stands_in_the_link_and_nonsense_is_named(open_page: Open) -> None:
    shown = context(loads(replace(SHOP)))
    assert "not understood" in text(open_page(shown, "page_load", budget="soon"))
    app = open_page(shown, "page_load", budget="0.1")
    assert app.number_input[0].value == 0.1


def test_an_account_without_page_loads_says_how_to_begin(open_page: Open) -> None:
    class Bare(FakeSources):
        def known_metrics(self, scope: Scope, *, now: datetime) -> Reading[tuple[MetricId, ...]]:
            return Reading((), now)

    app = open_page(context(Bare()), "page_load")
    assert not app.exception
    assert "No page load is measured here" in text(app)
    assert "0 custom metrics" in text(app)


def test_hostile_names_are_only_text(open_page: Open) -> None:
    app = open_page(context(loads(MetricId("PageLoad", "PageLoadTime", (("Page", HOSTILE),)))), "page_load")
    assert not app.exception
    assert "![x](" not in "\n".join(str(each.value) for each in (*app.markdown, *app.caption))


def test_custom_metrics_are_listed_with_who_pushes_them_and_their_price(open_page: Open, tmp_path: Path) -> None:
    probed = MetricId("PageLoad", "PageFailed", (("Page", "x/"), ("Source", "probe")))
    app = open_page(replace(context(loads(SHOP, probed)), pushing=Desk(tmp_path)), "page_load")
    assert "a process on this machine" in frames(app)
    assert "python -m collectors probe" in frames(app)
    assert "not known: CloudWatch does not say" in frames(app)
    assert "a month after the 10 that are free" in text(app)
    assert "no call that deletes one" in text(app)


def test_a_person_stops_paying_for_what_this_machine_pushes(open_page: Open, tmp_path: Path) -> None:
    shown, desk, audit = engineer(tmp_path)
    app = open_page(shown, "page_load")
    assert app.selectbox(key="pause-which").options == [
        "Shop PageLoadTime, all 2",
        "Shop PageLoadTime {Page=/}",
        "Shop PageLoadTime {Page=/cart}",
    ]
    app = app.selectbox(key="pause-which").select_index(2).run().button(key="pause-now").click().run()
    assert not app.exception
    assert desk.paused() == {Pause("Shop", "PageLoadTime", (("Page", "/cart"),))}
    assert "a process on this machine, paused here" in frames(app)
    assert app.selectbox(key="pause-which").options == ["Shop PageLoadTime {Page=/}"]
    app = app.button(key="resume-0").click().run()
    assert desk.paused() == frozenset()
    assert [(each.target, each.detail["what"]) for each in audit.newest(5)] == [
        ("Shop PageLoadTime by Page", "resume"),
        ("Shop PageLoadTime by Page", "pause"),
    ]


def test_a_viewer_pauses_nothing(open_page: Open, tmp_path: Path) -> None:
    shown, desk, _ = engineer(tmp_path, Role.VIEWER)
    assert open_page(shown, "page_load").button(key="pause-now").disabled
    assert desk.paused() == frozenset()


def test_the_price_of_a_new_metric_counts_those_of_the_account(open_page: Open, tmp_path: Path) -> None:
    shown, _, _ = engineer(tmp_path)
    others = [MetricId("CWAgent", f"m{number}") for number in range(11)]
    app = form(open_page(replace(shown, sources=loads(SHOP, *others)), "page_load"), value="1.5", by="Page=/new")
    assert "this adds 1 metric, $0.30 a month" in text(app).replace("\\", "")
    assert "0 of 10 free left beside" in text(app).replace("\\", "")


def form(app: AppTest, **values: str) -> AppTest:
    for name, value in values.items():
        (app.text_area if name == "by" else app.text_input)(key=f"push-{name}").set_value(value)
    return app.button(key="push-check").click().run()


def engineer(tmp_path: Path, role: Role = Role.ENGINEER) -> tuple[Context, Desk, Audit]:
    desk, audit = Desk(tmp_path / "spool"), Audit(tmp_path)
    return replace(context(loads(SHOP)), pushing=desk, audit=audit, actor=Actor("ana", role)), desk, audit


def test_a_value_is_priced_then_pushed_and_written_down(open_page: Open, tmp_path: Path) -> None:
    shown, desk, audit = engineer(tmp_path)
    app = form(open_page(shown, "page_load"), value="1.5", by="Page=/cart")
    assert "this adds 1 metric" in text(app).replace("\\", "")
    assert desk.pushed == []
    app = app.button(key="push-now").click().run()
    assert not app.exception
    (plan,) = desk.pushed
    assert [(put.name, put.value, put.dimensions) for put in plan.puts] == [("PageLoadTime", 1.5, {"Page": "/cart"})]
    (record,) = audit.newest(5)
    assert (record.action, record.allowed, record.detail["values"]) == ("push-metric", True, "1")


def test_a_viewer_may_look_and_not_push(open_page: Open, tmp_path: Path) -> None:
    shown, desk, _ = engineer(tmp_path, Role.VIEWER)
    app = form(open_page(shown, "page_load"), value="1.5")
    assert app.button(key="push-now").disabled
    assert "takes an engineer" in text(app)
    assert desk.pushed == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"value": "soon"}, "is no number"),
        ({"value": "nan"}, "not accepted"),
        ({"value": "1", "by": "Page"}, "has no value"),
        ({"value": "1", "namespace": "AWS/EC2"}, "reserved"),
        ({"value": "1", "by": "User=ana@example.com"}, "many"),
        ({"value": "1", "name": "x" * 255, "by": "Page=é"}, "ASCII"),
    ],
)
def test_what_aws_does_not_take_is_said_before_anything_is_pushed(
    open_page: Open, tmp_path: Path, values: dict[str, str], problem: str
) -> None:
    shown, _, _ = engineer(tmp_path)
    app = form(open_page(shown, "page_load"), **values)
    assert not app.exception
    assert problem in text(app).replace("\\", "")
    assert not [button for button in app.button if button.key == "push-now" and not button.disabled]


def test_a_recording_is_drawn_and_what_is_none_is_said_so(open_page: Open) -> None:
    app = open_page(context(loads(SHOP)), "page_load")
    entry = {"request": {"url": "https://x.example/"}, "response": {"status": 200}, "timings": {"wait": 20}}
    content = json.dumps({"log": {"entries": [entry]}}).encode()
    app = app.file_uploader(key="har").set_value(("a.har", content, "application/json")).run()
    assert not app.exception
    assert "The load event was not measured; 1 request" in text(app)
    app = app.file_uploader(key="har").set_value(("a.har", b"garbage", "application/json")).run()
    assert "not JSON" in text(app).replace("\\", "")


def test_what_visitors_browsers_sent_is_counted(open_page: Open) -> None:
    beacons = Beacons(origins=["https://shop.example"], pages=(), metrics=(), limiter=Limiter(lambda: b"x"))
    beacons.admits("https://evil.example", "192.0.2.1", now=0)
    app = open_page(replace(context(loads(SHOP)), beacons=beacons), "page_load")
    assert "0 page loads taken since this process began; dropped: 1 from a site that is not on the list" in text(
        app
    ).replace("\\", "")
