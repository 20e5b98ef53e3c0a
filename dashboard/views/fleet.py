"""Fleets: which load balancer, target groups and Auto Scaling groups belong together, found in any account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collectors.inventory import Inventory, LoadBalancer, ScalingGroup, TargetGroup
from core.series import MetricId
from dashboard.charts.view import Axis, LineKind, Tone
from dashboard.views.panels import Panel, PanelLine
from dashboard.wording import count

MOST_INSTANCES = 12
"""Lines of single instances on one chart; more cannot be told apart, the group's mean and maximum stand for them."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What serves one stream of requests."""

    name: str
    """Of its load balancer, or of its Auto Scaling group where nothing stands in front; foreign text."""
    load_balancer: LoadBalancer | None
    """What takes the requests; None where nothing stands in front."""
    target_groups: tuple[TargetGroup, ...]
    """Where the load balancer sends requests."""
    groups: tuple[ScalingGroup, ...]
    """The Auto Scaling groups behind the target groups."""

    @property
    def key(self) -> str:
        """Tells the fleet from others of its account and region."""
        return self.load_balancer.arn if self.load_balancer else self.groups[0].name

    @property
    def instance_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(instance for group in self.groups for instance in group.instance_ids))


def discover(inventory: Inventory) -> tuple[Fleet, ...]:
    """Give every fleet, the largest first: load balancers with what serves them, then groups that serve none."""
    served: set[str] = set()
    fleets: list[Fleet] = []
    for balancer in inventory.load_balancers:
        targets = tuple(group for group in inventory.target_groups if balancer.arn in group.load_balancer_arns)
        arns = {group.arn for group in targets}
        groups = tuple(group for group in inventory.scaling_groups if arns & set(group.target_group_arns))
        served.update(group.name for group in groups)
        fleets.append(Fleet(balancer.name, balancer, targets, groups))
    alone = [group for group in inventory.scaling_groups if group.name not in served]
    fleets.extend(Fleet(group.name, None, (), (group,)) for group in alone)
    return tuple(sorted(fleets, key=lambda fleet: (-len(fleet.groups), -len(fleet.instance_ids), fleet.name)))


def looked_for(inventory: Inventory) -> str:
    """Say what was looked for and found, for an account without a fleet."""
    return (
        "Looked for load balancers and Auto Scaling groups: found "
        f"{count(len(inventory.load_balancers), 'load balancer')}, "
        f"{count(len(inventory.scaling_groups), 'Auto Scaling group')} and "
        f"{count(len(inventory.instances), 'instance')}. The explorer shows any metric that reports here."
    )


def balancer_metric(balancer: LoadBalancer, name: str) -> MetricId:
    """Give a metric of a load balancer; its dimension is the end of its ARN."""
    namespace = "AWS/NetworkELB" if "/net/" in balancer.arn else "AWS/ApplicationELB"
    return MetricId(namespace, name, (("LoadBalancer", balancer.arn.partition(":loadbalancer/")[2]),))


def group_metric(group: ScalingGroup, name: str, *, namespace: str = "AWS/EC2") -> MetricId:
    """Give a metric of an Auto Scaling group."""
    return MetricId(namespace, name, (("AutoScalingGroupName", group.name),))


def instance_metric(instance_id: str, name: str) -> MetricId:
    """Give a metric of an instance."""
    return MetricId("AWS/EC2", name, (("InstanceId", instance_id),))


def latency_panel(balancer: LoadBalancer) -> Panel:
    """Latency as the load balancer measured it, in percentiles."""
    metric = balancer_metric(balancer, "TargetResponseTime")
    lines = tuple(PanelLine(metric, statistic, statistic, emphasis=statistic == "p99") for statistic in PERCENTILES)
    return Panel("latency", "Latency", "Seconds", lines, subtitle="TargetResponseTime")


PERCENTILES = ("p50", "p95", "p99")


def requests_panel(balancer: LoadBalancer) -> Panel:
    """Requests, and on the right axis the errors among them."""
    total = balancer_metric(balancer, "RequestCount")

    def errors(code: str, name: str, tone: Tone) -> PanelLine:
        metric = balancer_metric(balancer, code)
        return PanelLine(metric, "Sum", name, LineKind.BAR, Axis.RIGHT, tone, per_second=True, zero_beside=total)

    return Panel(
        "requests",
        "Requests and errors",
        "Count/Second",
        (
            PanelLine(total, "Sum", "Requests/s", LineKind.AREA, per_second=True),
            errors("HTTPCode_Target_4XX_Count", "4xx/s", Tone.WARNING),
            errors("HTTPCode_Target_5XX_Count", "5xx/s", Tone.ALARM),
            errors("HTTPCode_ELB_5XX_Count", "ELB 5xx/s", Tone.MUTED),
        ),
        right_unit="Count/Second",
        right_share=0.1,
    )


def cpu_panel(group: ScalingGroup, *, gone: Sequence[str] = ()) -> Panel:
    """CPU of the group, and of each instance while there are few; `gone` are instances that left in the span shown."""
    whole = PanelLine(group_metric(group, "CPUUtilization"), "Average", "group average", emphasis=True)
    shown = tuple(dict.fromkeys((*group.instance_ids, *gone)))
    if len(shown) > MOST_INSTANCES:
        return Panel(
            "cpu",
            "CPU",
            "Percent",
            (whole, PanelLine(group_metric(group, "CPUUtilization"), "Maximum", "busiest instance")),
            subtitle=group.name,
        )
    single = tuple(PanelLine(instance_metric(instance, "CPUUtilization"), "Average", instance) for instance in shown)
    return Panel("cpu", "CPU", "Percent", (whole, *single), subtitle=group.name)


def capacity_panel(group: ScalingGroup) -> Panel:
    """Capacity that was asked for and that is in service."""
    metric = "AWS/AutoScaling"
    return Panel(
        "capacity",
        "Auto Scaling",
        "Count",
        (
            PanelLine(
                group_metric(group, "GroupDesiredCapacity", namespace=metric), "Maximum", "Desired", LineKind.STEP
            ),
            PanelLine(
                group_metric(group, "GroupInServiceInstances", namespace=metric),
                "Minimum",
                "In service",
                LineKind.STEP,
                emphasis=True,
            ),
        ),
        subtitle=group.name,
        y_max=float(group.maximum),
    )


def network_panel(group: ScalingGroup) -> Panel:
    """Bytes in and out of the group."""
    return Panel(
        "network",
        "Network",
        "Bytes/Second",
        (
            PanelLine(group_metric(group, "NetworkIn"), "Sum", "In", LineKind.AREA, per_second=True),
            PanelLine(group_metric(group, "NetworkOut"), "Sum", "Out", per_second=True),
        ),
        subtitle=group.name,
    )


MOST_PAGES = 5


def page_load_panel(known: Iterable[MetricId]) -> Panel | None:
    """Page load time as browsers reported it: percentiles of all pages, or p75 of each; None where nobody reports."""
    found = page_load_metrics(known)
    if not found:
        return None
    if len(found) == 1:
        lines = tuple(PanelLine(found[0], statistic, statistic) for statistic in ("p50", "p75", "p95"))
    else:
        lines = tuple(PanelLine(metric, "p75", _values(metric)) for metric in found[:MOST_PAGES])
    subtitle = f"{found[0].namespace} {found[0].name}" + (" p75" if len(found) > 1 else "")
    return Panel("page-load", "Page load", None, lines, subtitle=subtitle)


def page_load_metrics(known: Iterable[MetricId]) -> tuple[MetricId, ...]:
    """Give the page-load metrics among those known that are cut the least: of all pages, else one a page."""
    named = [metric for metric in known if "pageload" in metric.name.replace("_", "").replace(" ", "").lower()]
    least = min((len(metric.dimensions) for metric in named), default=0)
    return tuple(sorted(metric for metric in named if len(metric.dimensions) == least))


def _values(metric: MetricId) -> str:
    return " ".join(value for _, value in metric.dimensions)


def table_panels(known: Iterable[MetricId]) -> tuple[Panel, ...]:
    """Give the DynamoDB panel of each table among the known metrics."""
    return tuple(_table_panel(name) for name in _values_of(known, "AWS/DynamoDB", "TableName"))


def _table_panel(name: str) -> Panel:
    def line(metric: str, words: str) -> PanelLine:
        return PanelLine(MetricId("AWS/DynamoDB", metric, (("TableName", name),)), "Sum", words, per_second=True)

    return Panel(
        f"table-{name}",
        "DynamoDB",
        "Count/Second",
        (
            line("ConsumedReadCapacityUnits", "read units/s"),
            line("ConsumedWriteCapacityUnits", "write units/s"),
        ),
        subtitle=name,
    )


def function_panels(known: Iterable[MetricId]) -> tuple[Panel, ...]:
    """Give the Lambda panel of each function among the known metrics."""
    return tuple(_function_panel(name) for name in _values_of(known, "AWS/Lambda", "FunctionName"))


def _function_panel(name: str) -> Panel:
    def metric(of: str) -> MetricId:
        return MetricId("AWS/Lambda", of, (("FunctionName", name),))

    return Panel(
        f"function-{name}",
        "Lambda",
        "Count",
        (
            PanelLine(metric("Invocations"), "Sum", "invocations", LineKind.BAR),
            PanelLine(metric("Errors"), "Sum", "errors", LineKind.BAR, tone=Tone.ALARM),
            PanelLine(metric("Duration"), "p95", "duration p95", axis=Axis.RIGHT),
        ),
        subtitle=name,
        right_unit="Milliseconds",
    )


def _values_of(known: Iterable[MetricId], namespace: str, dimension: str) -> list[str]:
    return sorted(
        {
            metric.dimension_map[dimension]
            for metric in known
            if metric.namespace == namespace and dimension in metric.dimension_map
        }
    )


MOST_SIDE_PANELS = 4
"""Tables and functions that the wall shows; the explorer has the rest."""


def panels(fleet: Fleet, known: Sequence[MetricId], *, gone: Sequence[str] = ()) -> tuple[Panel, ...]:
    """Give the wall's panels for a fleet, most important first; `gone` are instances that left in the span shown."""
    found: list[Panel] = []
    if fleet.load_balancer is not None:
        found += [latency_panel(fleet.load_balancer), requests_panel(fleet.load_balancer)]
    if fleet.groups:
        group = fleet.groups[0]
        found += [capacity_panel(group), cpu_panel(group, gone=gone)]
    page_load = page_load_panel(known)
    found += [page_load] if page_load else []
    found += [network_panel(group) for group in fleet.groups[:1]]
    side = [*table_panels(known), *function_panels(known)]
    return (*found, *side[:MOST_SIDE_PANELS])
