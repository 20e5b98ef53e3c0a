"""Which log group explains what is on screen: rules, reasons, and no guess between equals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collectors.inventory import Instance, Inventory, LoadBalancer, ScalingGroup, TargetGroup
from collectors.logs.groups import LogGroup
from core.reading import Scope
from core.series import MetricId
from dashboard.views import log_links
from dashboard.views.log_links import Clue, clear, clues, suggested
from tests.pages.fakes import alarms

NOW = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
PROD = Scope("111111111111", "us-east-1")
ELB = "arn:aws:elasticloadbalancing:us-east-1:111111111111"
BALANCER = f"{ELB}:loadbalancer/app/shop-alb/50dc6c495c0c9188"
TARGETS = f"{ELB}:targetgroup/shop-tg/73e2d6bc24d8a067"
STOCK = Inventory(
    (LoadBalancer(BALANCER, "shop-alb", "application", "internal", "x", "active", (), None, (("Service", "shop"),)),),
    (TargetGroup(TARGETS, "shop-tg", "HTTP", 80, "instance", (BALANCER,), "HTTP:80/"),),
    (ScalingGroup("shop-web", "arn:asg", 1, 2, 1, (), (), (TARGETS,), 60, "ELB", None),),
    (Instance("i-1", "web-1", "t2.micro", "running", "a", None, None, "shop-web"),),
)


def groups(*names: str, tags: dict[str, str] | None = None) -> list[LogGroup]:
    return [LogGroup(PROD, name, f"arn:{name}", 0, None, NOW, tags=tags) for name in names]


@pytest.mark.parametrize(
    ("metric", "group", "reason"),
    [
        (
            MetricId("AWS/Lambda", "Errors", (("FunctionName", "thumbs"),)),
            "/aws/lambda/thumbs",
            "Lambda writes the lines of the function thumbs here.",
        ),
        (
            MetricId("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/shop-alb/50dc6c495c0c9188"),)),
            "/shop/web",
            "Its name shares “shop” and “web” with the Auto Scaling group shop-web.",
        ),
        (
            MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),)),
            "/shop/web",
            "Its name shares “shop” and “web” with the Auto Scaling group shop-web.",
        ),
        (
            MetricId("AWS/RDS", "CPUUtilization", (("DBInstanceIdentifier", "orders"),)),
            "/aws/rds/instance/orders/error",
            "RDS writes the logs of the instance orders here.",
        ),
    ],
)
def test_a_rule_finds_the_group_and_says_why(metric: MetricId, group: str, reason: str) -> None:
    offered = groups("/aws/lambda/thumbs", "/aws/rds/instance/orders/error", "/shop/access", "/shop/web", "/other/app")
    found = suggested(offered, clues([metric], STOCK))
    best = clear(found)
    assert best is not None
    assert (best.group, best.reason) == (group, reason)


def test_between_equals_nothing_is_guessed() -> None:
    found = suggested(groups("/shop/a1", "/shop/b1"), [Clue("load balancer", "shop-alb")])
    assert len(found) == 2
    assert clear(found) is None


def test_a_shared_tag_is_a_reason_but_not_one_that_everything_has() -> None:
    clue = Clue("load balancer", "x1", tags=(("Service", "shop"), ("Environment", "production")))
    (found,) = suggested(groups("/one", tags={"Service": "shop"}), [clue])
    assert found.reason == "It and the load balancer x1 are tagged Service=shop."
    assert suggested(groups("/one", tags={"Environment": "production"}), [clue]) == ()


def test_common_words_and_ids_are_no_reason() -> None:
    clue = Clue("load balancer", "prod-app-service/50dc6c495c0c9188")
    assert suggested(groups("/aws/lambda/prod-app", "/service/50dc6c495c0c9188"), [clue]) == ()


def test_a_group_that_cannot_be_searched_is_not_offered() -> None:
    (group,) = groups("/shop/web")
    assert suggested([replace(group, log_class="INFREQUENT_ACCESS")], [Clue("group", "shop-web")]) == ()


def test_a_firing_is_shown_with_what_was_evaluated_and_some_time_around_it() -> None:
    firing = alarms()[0]
    span = log_links.around(firing.since, firing, now=NOW)
    assert span.start == firing.since - timedelta(minutes=13)
    assert span.end == min(NOW, firing.since + timedelta(minutes=10))
    later = log_links.around(firing.since, firing, now=NOW + timedelta(days=1))
    assert later.end == firing.since + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("balancer~shop-alb", "shop-alb"),
        ("targets~shop-tg", "shop-tg"),
        ("group~shop-web", "shop-web"),
        ("instance~i-1", "web-1"),
        ("balancer~gone", ""),
    ],
)
def test_a_resource_is_known_by_its_name_and_what_it_belongs_to(key: str, first: str) -> None:
    found = log_links.of_resource(key, STOCK)
    assert (found[0].name if found else "") == first
    assert not found or found[-1].name == "shop-web"
