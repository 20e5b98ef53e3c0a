"""Every page in five states: loading, empty, stale, refused, and an error nobody foresaw."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from access.identity import Role
from cloud.deaths import Death
from cloud.pricing import PriceBook
from collectors.inventory import Inventory
from collectors.pins import Pins
from collectors.store import Store
from dashboard import cached
from dashboard.cached import Context
from dashboard.views.pins import PinDesk
from tests.pages import fakes, seen
from tests.pages.conftest import MAIN, Open
from tests.pages.fakes import HOSTILE, NOW, PROD, FakeSources, FakeStage, context

PAGES = (
    "wall",
    "explorer",
    "resources",
    "alarms",
    "alarm",
    "alarm_health",
    "workbench",
    "stories",
    "own_bill",
    "page_load",
    "logs",
    "log_groups",
)
READING = ("wall", "explorer", "resources", "alarms", "alarm", "alarm_health", "workbench")
CPU = f"AWS/EC2~CPUUtilization~Average~InstanceId~{fakes.INSTANCES[0]}"


def test_every_page_is_opened_by_some_test() -> None:
    here = Path(__file__).parent
    pages = {path.stem for path in (here.parents[1] / "dashboard" / "app_pages").glob("*.py")}
    tests = "".join(path.read_text() for path in here.glob("test_*.py"))
    assert [page for page in pages if f'"{page}"' not in tests] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_which_cloud_account_and_region_it_shows(open_page: Open, page: str) -> None:
    app = open_page(context(stage=FakeStage()), page, metric=CPU)
    assert not app.exception
    assert not app.error
    text = seen.text(app)
    assert "Demo cloud" in text
    assert "directory-prod 111111111111 · us-east-1" in text


@pytest.mark.parametrize("page", READING)
def test_loading(open_page: Open, page: str) -> None:
    sources = FakeSources()
    sources.gate.clear()
    app = open_page(context(sources, patience=0.2), page, metric=CPU)
    sources.gate.set()
    assert not app.exception
    assert not app.error
    assert app.get("skeleton")
    assert not seen.components(app)


@pytest.mark.parametrize(
    ("action", "stays"),
    [
        ("cloudwatch:GetMetricStatistics", "Health checks failed with these codes: [502]"),
        ("elasticloadbalancing:DescribeTargetHealth", "Alarm web-cpu-high, policy web-out"),
        ("autoscaling:DescribeScalingActivities", "Threshold Crossed: 3 datapoints"),
        ("cloudwatch:DescribeAlarms", "Alarm web-cpu-high, policy web-out"),
        ("cloudwatch:ListMetrics", "2 / 3"),
    ],
)
def test_one_denied_action_takes_one_part_of_the_wall(open_page: Open, action: str, stays: str) -> None:
    app = open_page(context(FakeSources(deny=frozenset({action}))))
    assert not app.exception
    assert [code.value for code in app.code] == [action]
    assert stays in seen.text(app)


def test_stories_have_nothing_to_load(open_page: Open) -> None:
    assert not open_page(context(stage=FakeStage()), "stories").get("skeleton")


@pytest.mark.parametrize("page", READING)
def test_refused_names_the_iam_action_and_the_page_stands(open_page: Open, page: str) -> None:
    app = open_page(context(FakeSources(denied=True)), page, metric=CPU)
    assert not app.exception
    text = seen.text(app)
    assert "AWS denied access" in text
    action = {
        "wall": "elasticloadbalancing:DescribeLoadBalancers",
        "explorer": "cloudwatch:ListMetrics",
        "alarms": "cloudwatch:DescribeAlarms",
        "alarm": "cloudwatch:DescribeAlarms",
        "alarm_health": "cloudwatch:DescribeAlarms",
        "workbench": "cloudwatch:ListMetrics",
        "resources": "elasticloadbalancing:DescribeLoadBalancers",
    }[page]
    assert action in [code.value for code in app.code]


@pytest.mark.parametrize("page", READING)
def test_an_error_nobody_foresaw_has_a_reference_and_no_details(open_page: Open, page: str) -> None:
    app = open_page(context(FakeSources(broken=True)), page, metric=CPU)
    assert not app.exception
    assert any("Reference for the log: " in error.value for error in app.error)
    assert "secret" not in seen.text(app)
    assert app.title[0].value


def test_without_a_login_the_page_says_what_to_do(open_page: Open) -> None:
    def nobody() -> Context:
        raise cached.NotReady("The login for the caller's account/any region was not found; sign in again")

    cached.provide(nobody)
    app = AppTest.from_file(str(MAIN), default_timeout=30).run()
    assert not app.exception
    assert "sign in again" in seen.text(app)
    app.button(key="try-again").click().run()
    assert not app.exception


def test_empty_wall_says_what_was_looked_for(open_page: Open) -> None:
    app = open_page(context(FakeSources(found=Inventory())))
    text = seen.text(app)
    assert "Looked for load balancers and Auto Scaling groups: found 0 load balancers" in text


def test_empty_explorer_says_what_to_do(open_page: Open) -> None:
    app = open_page(context(FakeSources(found=Inventory())), "explorer")
    assert "Pick a metric from the list" in seen.text(app)
    assert "0 metrics of 0" in seen.text(app)


def test_the_explorer_offers_the_fleets_own_charts_to_begin_with(open_page: Open) -> None:
    app = open_page(context(), "explorer")
    labels = [button.label for button in app.button if str(button.key).startswith("explorer-start-")]
    assert len(labels) >= 4
    assert "Requests and errors" in labels
    next(button for button in app.button if button.label == "Requests and errors").click()
    app.run()
    assert not app.exception
    assert app.query_params["metric"] == "AWS/ApplicationELB~RequestCount~Sum~LoadBalancer~app/web-alb/50dc6c495c0c9188"
    assert "Or begin with" not in seen.text(app)


@pytest.mark.parametrize("page", ["explorer", "alarm_health", "page_load", "budgets"])
def test_a_pick_of_what_is_open_already_comes_to_an_end(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """A table keeps its pick while its key stays; a page that ran again for it once ran without end."""
    picked = SimpleNamespace(selection=SimpleNamespace(cells=[(0, "")], rows=[]))
    monkeypatch.setattr("streamlit.dataframe", lambda *_, **__: picked)
    assert not open_page(context(), page).exception


def test_empty_resources_show_empty_tables(open_page: Open) -> None:
    app = open_page(context(FakeSources(found=Inventory())), "resources")
    assert [len(frame.value) for frame in app.dataframe] == [0, 0, 0, 0]


def test_a_resource_that_is_gone_says_so(open_page: Open) -> None:
    app = open_page(context(), "resources", resource="instance~i-gone")
    assert "This resource is not there" in seen.text(app)


def test_stories_without_a_demo_cloud_are_not_in_the_navigation(open_page: Open) -> None:
    app = open_page(context())
    with pytest.raises(ValueError, match="stories"):
        app.switch_page("app_pages/stories.py")


def test_stories_whose_control_is_silent_say_so(open_page: Open) -> None:
    app = open_page(context(stage=FakeStage(silent=True)), "stories")
    assert "did not answer" in app.error[0].value


@pytest.mark.parametrize(
    ("lag", "words"), [(timedelta(seconds=20), "Updated 11:31:10"), (timedelta(minutes=7), "Stale")]
)
def test_stale_says_how_old(open_page: Open, lag: timedelta, words: str) -> None:
    app = open_page(context(FakeSources(lag=lag)))
    assert any(words in badge.value.replace("\\", "").replace("\u2060", "") for badge in app.markdown)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (1, "Collector ended by itself at 11:31:29 UTC, starts again at 11:31:33"),
        (300, "Collector ended by itself at 11:26:30 UTC, was started again"),
        (700, ""),
    ],
)
def test_a_process_that_died_is_said_for_a_while(open_page: Open, ago: int, words: str) -> None:
    at = NOW - timedelta(seconds=ago)
    death = Death("collector", at, -9, at + timedelta(seconds=4))
    app = open_page(replace(context(), deaths=lambda: (death,)), "wall")
    text = seen.text(app).replace("\\", "").replace("\u2060", "")
    assert words in text
    assert ("ended by itself" in text) is bool(words)


def test_stale_figures_stay_on_screen(open_page: Open) -> None:
    app = open_page(context(FakeSources(lag=timedelta(minutes=7))))
    assert [metric.value for metric in app.metric][5] == "2 / 3"


def test_no_datapoints_is_a_dash_and_never_a_zero(open_page: Open) -> None:
    app = open_page(context(FakeSources(silent=True)))
    assert [metric.value for metric in app.metric][:5] == ["–"] * 5
    assert "No datapoints" in seen.text(app)


def test_the_wall_shows_six_numbers_in_their_order(open_page: Open) -> None:
    app = open_page(context())
    assert [metric.label for metric in app.metric] == [
        "Requests",
        "Errors \\(5xx\\)",
        "p99 latency",
        "Page load p75",
        "CPU\\, group average",
        "Healthy targets",
    ]


def test_the_wall_says_why_a_target_is_sick_and_why_the_group_grew(open_page: Open) -> None:
    text = seen.text(open_page(context()))
    assert "Health checks failed with these codes: [502]" in text
    assert "since 11:22, 9 min" in text
    assert "Alarm web-cpu-high, policy web-out" in text
    assert "do not have sufficient t2.micro capacity" in text


def test_one_read_serves_every_viewer_of_the_wall(open_page: Open) -> None:
    sources = FakeSources()
    shared = context(sources)
    for _ in range(4):
        open_page(shared)
    assert sources.reads.count("cloudwatch:GetMetricStatistics") == 1


@pytest.mark.parametrize("page", PAGES)
def test_a_kiosk_has_no_navigation(open_page: Open, page: str) -> None:
    app = open_page(context(stage=FakeStage()), page, kiosk="1", metric=CPU)
    assert not app.exception
    assert any("No navigation" in str(element.proto) or "wall: no" in str(element.proto) for element in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "url",
    [
        {"from_": "x", "to": "y", "range": "forever", "scope": HOSTILE, "live": HOSTILE, "kiosk": HOSTILE},
        {"metric": [HOSTILE, "a~b~c", "~~~~", "x" * 5_000], "period": "-1", "search": HOSTILE},
        {"resource": HOSTILE, "fleet": HOSTILE},
        {"resource": "instance~", "from_": "0001-01-01", "to": "9999-12-31"},
    ],
)
def test_no_link_breaks_a_page(open_page: Open, page: str, url: dict[str, str | list[str]]) -> None:
    app = open_page(context(stage=FakeStage()), page, **url)
    assert not app.exception
    assert not [error for error in app.error if "went wrong" in error.proto.title]


@pytest.mark.parametrize("page", PAGES)
def test_no_foreign_text_stands_bare_where_markdown_is_read(open_page: Open, page: str) -> None:
    app = open_page(context(stage=FakeStage()), page, metric=CPU, resource=f"instance~{fakes.INSTANCES[0]}")
    for element in app.main:
        if element.type in {"markdown", "caption", "metric", "error", "button", "title"}:
            bare = re.sub(r"\\\\.", "", f"{element.proto}")
            assert not re.search(r"!\[x|<img|:red\[ok|\$a\$", bare), element


def test_the_range_control_writes_the_link(open_page: Open) -> None:
    app = open_page(context())
    app.button_group(key="range").set_value("3h").run()
    assert app.query_params["range"] == "3h"
    app.toggle(key="live").set_value(False).run()
    assert app.query_params["live"] == "false"


def test_another_account_is_one_choice_away(open_page: Open) -> None:
    app = open_page(context())
    app.selectbox(key="scope").set_value("directory-dr 222222222222 · eu-west-1").run()
    assert app.query_params["scope"] == "222222222222/eu-west-1"


def test_another_fleet_is_one_choice_away(open_page: Open) -> None:
    whole = fakes.inventory()
    second = replace(whole.scaling_groups[0], name="batch", target_group_arns=())
    found = replace(whole, scaling_groups=(*whole.scaling_groups, second))
    app = open_page(context(FakeSources(found=found)))
    assert app.selectbox(key="fleet-batch").options == ["batch", "web-alb"]
    app.selectbox(key="fleet-batch").set_value(fakes.BALANCER_ARN).run()
    assert app.query_params["fleet"] == fakes.BALANCER_ARN
    assert app.metric[0].value != "–"


def test_a_pinned_span_offers_the_way_back(open_page: Open) -> None:
    app = open_page(context(), from_="2026-11-23T09:00:00Z", to="2026-11-23T10:00:00Z")
    assert any("Paused on 09" in badge.value for badge in app.markdown)
    app.button(key="back-to-live").click().run()
    assert "from" not in app.query_params
    assert app.toggle(key="live").value


def test_what_was_chosen_goes_along_to_the_next_page(open_page: Open) -> None:
    app = open_page(context(), "wall", range="12h")
    app.switch_page("app_pages/resources.py").run()
    assert app.button_group(key="range").value == "12h"


def test_back_and_links_are_taken_at_their_word(open_page: Open) -> None:
    app = open_page(context(), "wall", range="12h", live="false")
    del app.query_params["range"]
    del app.query_params["live"]
    app.run()
    assert app.button_group(key="range").value == "1h"
    assert app.toggle(key="live").value


def test_the_explorer_draws_what_the_link_says(open_page: Open) -> None:
    app = open_page(context(), "explorer", metric=CPU, range="3h", period="300")
    figures = next(frame.value for frame in app.dataframe if "Newest" in frame.value)
    assert list(figures["Series"]) == ["CPUUtilization Average"]
    assert any("expected price \\$0.00" in caption.value for caption in app.caption)


def test_the_explorer_says_how_many_values_changed(open_page: Open) -> None:
    app = open_page(context(FakeSources(changing=True)), "explorer", metric=CPU)
    assert any(caption.value.startswith("3 values changed after they were first read") for caption in app.caption)
    app = open_page(context(), "explorer", metric=CPU)
    assert not any("changed after" in caption.value for caption in app.caption)


def test_a_series_is_pinned_and_unpinned_with_its_price_beside_the_button(open_page: Open, tmp_path: Path) -> None:
    desk = PinDesk(Pins(Store(tmp_path)), timedelta(minutes=1), PriceBook())
    app = open_page(context(role=Role.OPERATOR, pins=desk), "explorer", metric=CPU)
    assert any("43,200 calls a month" in caption.value.replace("\\", "") for caption in app.caption)
    next(button for button in app.button if button.label == "Pin").click().run()
    assert [pin.metric.name for pin in desk.board.every([PROD])] == ["CPUUtilization"]
    assert app.expander[0].label == "Pinned series: 1 of 20 in this account"
    next(button for button in app.button if button.label == "Unpin").click().run()
    assert desk.board.every([PROD]) == ()


def test_a_viewer_may_not_pin_and_reads_why(open_page: Open, tmp_path: Path) -> None:
    desk = PinDesk(Pins(Store(tmp_path)), timedelta(minutes=1), PriceBook())
    app = open_page(context(role=Role.VIEWER, pins=desk), "explorer", metric=CPU)
    button = next(button for button in app.button if button.label == "Pin")
    assert button.disabled
    assert "takes an operator" in button.help


def test_what_costs_money_is_read_when_somebody_who_may_spend_agrees(open_page: Open) -> None:
    sources = FakeSources(paid=True)
    app = open_page(context(sources), "explorer", metric=CPU)
    before = sources.reads.count("cloudwatch:GetMetricStatistics")
    button = app.button(key="explorer-pay")
    assert button.label == "Read for \\$0.00001"
    button.click().run()
    assert any("Newest" in frame.value for frame in app.dataframe)
    assert sources.reads.count("cloudwatch:GetMetricStatistics") == before + 1


def test_a_viewer_may_not_spend_and_reads_why(open_page: Open) -> None:
    app = open_page(context(FakeSources(paid=True), role=Role.VIEWER), "explorer", metric=CPU)
    assert app.button(key="explorer-pay").disabled
    assert "takes an administrator" in app.button(key="explorer-pay").help


def test_a_statistic_that_cloudwatch_does_not_know_is_named(open_page: Open) -> None:
    app = open_page(context(), "explorer", metric=[CPU, CPU.replace("Average", "p101")])
    assert any("is not a CloudWatch statistic" in caption.value.replace("\\", "") for caption in app.caption)


def test_telling_a_story_reaches_the_demo(open_page: Open) -> None:
    stage = FakeStage()
    app = open_page(context(stage=stage), "stories")
    app.button(key="tell-traffic-spike").click().run()
    assert stage.told == ["traffic-spike"]
    assert app.button(key="tell-traffic-spike").disabled
    app.button(key="calm").click().run()
    assert stage.told == []


def test_a_viewer_may_not_tell_and_reads_why(open_page: Open) -> None:
    app = open_page(context(stage=FakeStage(), role=Role.VIEWER), "stories")
    button = app.button(key="tell-traffic-spike")
    assert button.disabled
    assert "takes an operator" in button.help


def test_the_clock_of_the_fakes_stands_still() -> None:
    assert context().now() == NOW
