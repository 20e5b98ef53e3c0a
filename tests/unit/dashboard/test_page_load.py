"""Page load: what was deployed is marked on the chart, once for each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collectors.scaling import Activity
from core.timespan import Timespan
from dashboard.charts.view import Mark
from dashboard.views.page_load import deployments

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPAN = Timespan(NOON - timedelta(hours=3), NOON)


def activity(minute: int, group: str = "web", *, cause: str = "in response to an instance refresh.") -> Activity:
    """One instance that was replaced, in the words that AWS has for it."""
    at = NOON + timedelta(minutes=minute)
    said = f"At {at:%Y-%m-%dT%H:%M:%SZ} an instance was taken out of service {cause}"
    return Activity(
        f"{group}-{minute}", group, at, None, "Successful", "Terminating EC2 instance: i-1", said,
        None, None, "i-1", "us-east-1a", None, None,
    )  # fmt: skip


def marked(*activities: Activity) -> list[tuple[str, int]]:
    return [(mark.label, round((mark.at - NOON).total_seconds() / 60)) for mark in deployments(activities, SPAN)]


def test_a_refresh_of_many_instances_is_one_deployment_and_marked_where_it_began() -> None:
    refresh = [activity(minute) for minute in (-29, -40, -58, -51)]  # the newest first, as they are read
    assert marked(*refresh) == [("deployed to web", -58)]


def test_the_next_one_and_that_of_another_group_are_marked_too() -> None:
    assert marked(activity(-100), activity(-50), activity(-49, "api")) == [
        ("deployed to web", -100),
        ("deployed to web", -50),
        ("deployed to api", -49),
    ]


def test_what_no_deployment_is_or_lies_elsewhere_is_not_marked() -> None:
    unhealthy = activity(-10, cause="in response to an EC2 health check indicating it has been terminated.")
    assert marked(unhealthy, activity(-500), activity(5)) == []
    assert marked(activity(-190), activity(-175)) == [], "it began before what is on screen"


def test_a_groups_name_is_only_text() -> None:
    (mark,) = deployments([activity(-1, "![x](y) :red[z]")], SPAN)
    assert mark == Mark(mark.at, "deployed to ![x](y) :red[z]", mark.detail, mark.tone)
