"""Panels of one resource: a load balancer's connections, a target group, an instance."""

from __future__ import annotations

from collectors.inventory import LoadBalancer, TargetGroup
from core.series import MetricId
from dashboard.charts.view import LineKind, Tone
from dashboard.views import fleet
from dashboard.views.panels import Panel, PanelLine


def connections(each: LoadBalancer) -> Panel:
    """Connections of a load balancer."""

    def line(name: str, words: str) -> PanelLine:
        return PanelLine(fleet.balancer_metric(each, name), "Sum", words, per_second=True)

    lines = (line("ActiveConnectionCount", "active/s"), line("NewConnectionCount", "new/s"))
    return Panel("connections", "Connections", "Count/Second", lines)


def target_group(each: TargetGroup) -> tuple[Panel, ...]:
    """A target group's targets, latency and requests; empty where no load balancer has it."""
    if not each.load_balancer_arns:
        return ()
    dimensions = (
        ("LoadBalancer", each.load_balancer_arns[0].partition(":loadbalancer/")[2]),
        ("TargetGroup", f"targetgroup/{each.arn.partition(':targetgroup/')[2]}"),
    )

    def metric(name: str) -> MetricId:
        return MetricId("AWS/ApplicationELB", name, dimensions)

    hosts = (
        PanelLine(metric("HealthyHostCount"), "Minimum", "healthy", LineKind.STEP, emphasis=True),
        PanelLine(metric("UnHealthyHostCount"), "Maximum", "unhealthy", LineKind.STEP, tone=Tone.ALARM),
    )
    latency = tuple(PanelLine(metric("TargetResponseTime"), percent, percent) for percent in fleet.PERCENTILES)
    asked = (PanelLine(metric("RequestCount"), "Sum", "Requests/s", LineKind.AREA, per_second=True),)
    return (
        Panel("hosts", "Targets", "Count", hosts),
        Panel("latency", "Latency", "Seconds", latency),
        Panel("requests", "Requests", "Count/Second", asked),
    )


def instance(instance_id: str) -> tuple[Panel, ...]:
    """CPU, network and status checks of an instance."""

    def line(name: str, statistic: str, words: str, *, per_second: bool = False) -> PanelLine:
        return PanelLine(fleet.instance_metric(instance_id, name), statistic, words, per_second=per_second)

    return (
        Panel(
            "cpu",
            "CPU",
            "Percent",
            (line("CPUUtilization", "Average", "average"), line("CPUUtilization", "Maximum", "maximum")),
        ),
        Panel(
            "network",
            "Network",
            "Bytes/Second",
            tuple(line(f"Network{way}", "Sum", way.lower(), per_second=True) for way in ("In", "Out")),
        ),
        Panel(
            "checks",
            "Failed status checks",
            "Count",
            (
                line("StatusCheckFailed_Instance", "Maximum", "instance"),
                line("StatusCheckFailed_System", "Maximum", "system"),
            ),
        ),
    )
