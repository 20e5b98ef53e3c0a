"""SEARCH's terms, by the documentation's examples.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-examples.html
"""

import pytest

from core.math_values import MathError
from core.search_terms import select
from core.series import MetricId

METRICS = {
    "cpu-1": MetricId("AWS/EC2", "CPUUtilization", (("InstanceId", "i-1"),)),
    "cpu-asg": MetricId("AWS/EC2", "CPUUtilization", (("AutoScalingGroupName", "web-asg"),)),
    "packets-2": MetricId("AWS/EC2", "NetworkPacketsIn", (("InstanceId", "i-2"),)),
    "requests": MetricId("AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/web/1"),)),
    "requests-a": MetricId(
        "AWS/ApplicationELB", "RequestCount", (("AvailabilityZone", "us-east-1a"), ("LoadBalancer", "app/web/1"))
    ),
    "own": MetricId("My App", "page load", ()),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{AWS/EC2,InstanceId}", "cpu-1 packets-2"),
        ('{AWS/EC2,InstanceId} MetricName="CPUUtilization"', "cpu-1"),
        ("{AWS/ApplicationELB,LoadBalancer}", "requests"),
        ("{AWS/ApplicationELB, LoadBalancer, AvailabilityZone}", "requests-a"),
        ('{"My App"}', "own"),
        ("{AWS/EC2}", ""),
        ("CPU", "cpu-1 cpu-asg"),
        ("cpuutilization", "cpu-1 cpu-asg"),
        ("utiliz", ""),
        ("Network", "packets-2"),
        ("networkpackets", ""),
        ("NetworkPackets", "packets-2"),
        ('"CPU"', ""),
        ('"CPUUtilization"', "cpu-1 cpu-asg"),
        ('"InstanceId"', "cpu-1 packets-2"),
        ("InstanceId=i-2", "packets-2"),
        ("CPU web", "cpu-asg"),
        ("CPU AND web", "cpu-asg"),
        ("CPU OR Network", "cpu-1 cpu-asg packets-2"),
        ("CPU NOT web", "cpu-1"),
        ("MetricName=(CPU OR Request) NOT InstanceId=i", "cpu-asg requests requests-a"),
        ('Namespace="AWS/EC2" AND NOT (Network OR web)', "cpu-1"),
        ("page load", "own"),
    ],
)
def test_search(text: str, expected: str) -> None:
    found = select(text, METRICS.values())
    assert [name for name, metric in METRICS.items() if metric in found] == expected.split()


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("{AWS/EC2", 8, "in the search, the text ends where one of these is expected: ,, }"),
        ("CPU OR", 6, "in the search, the text ends where one of these is expected: (, NOT, a place to look such as"),
        ("", 0, "a search needs a schema such as {AWS/EC2,InstanceId}, a term, or both"),
    ],
)
def test_a_search_that_cannot_be_read_says_where(text: str, position: int, message: str) -> None:
    with pytest.raises(MathError) as caught:
        select(text, METRICS.values())
    assert (caught.value.position, caught.value.message[: len(message)]) == (position, message)


def test_a_search_gives_five_hundred_series_at_most() -> None:
    many = [MetricId("N", "x", (("Id", str(number)),)) for number in range(501)]
    assert len(select("{N,Id}", many)) == 500
