"""Random alarms, as request parameters that AWS accepts, and random time lines."""

from typing import Any

from hypothesis import strategies as st

words = st.text("abcXYZ019_-./ ", min_size=1, max_size=12).map(lambda text: f"n{text}")
arns = st.sampled_from(
    [
        "arn:aws:sns:us-east-1:111111111111:ops",
        "arn:aws:lambda:us-east-1:111111111111:function:page",
        "arn:aws:ssm:us-east-1:111111111111:opsitem:1",
    ]
)
action_lists = st.lists(arns, max_size=3)
tags = st.dictionaries(words, st.text(max_size=8), max_size=3).map(
    lambda pairs: [{"Key": key, "Value": value} for key, value in pairs.items()]
)
plain_comparisons = st.sampled_from(
    ["GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"]
)
band_comparisons = st.sampled_from(
    ["LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"]
)
periods = st.sampled_from([10, 20, 30, 60, 120, 300])
treatments = st.sampled_from(["missing", "ignore", "breaching", "notBreaching"])
statistics = st.sampled_from(["Average", "Sum", "Minimum", "Maximum", "SampleCount"])
extended = st.sampled_from(["p99.9", "tm90", "IQM", "TM(10%:90%)", "PR(:300)", "wm95"])


@st.composite
def dimensions(draw: st.DrawFn) -> list[dict[str, str]]:
    drawn = draw(st.dictionaries(words, words, max_size=2))
    return [{"Name": name, "Value": value} for name, value in sorted(drawn.items())]


@st.composite
def common(draw: st.DrawFn) -> dict[str, Any]:
    """Members that every alarm may have."""
    propagation = {"AlarmTagsPropagation": {"Enabled": True, "IncludedTagKeys": ["team"]}}
    return {
        "AlarmName": draw(words),
        "ActionsEnabled": draw(st.booleans()),
    } | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "AlarmDescription": st.text(max_size=20),
                "OKActions": action_lists,
                "AlarmActions": action_lists,
                "InsufficientDataActions": action_lists,
                "Tags": tags,
                "ActionConfiguration": st.just(propagation),
            },
        )
    )


@st.composite
def counting(draw: st.DrawFn) -> dict[str, Any]:
    """M of N, missing data, window and warm-up."""
    n = draw(st.integers(1, 6))
    warm_up = {"WarmUpPeriodDurationInMinutes": 5, "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True}
    return {"EvaluationPeriods": n} | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "DatapointsToAlarm": st.integers(1, n),
                "TreatMissingData": treatments,
                "WarmUpConfiguration": st.sampled_from([warm_up, {"WarmUpPeriodDurationInMinutes": 2880}]),
            },
        )
    )


@st.composite
def single_metric(draw: st.DrawFn) -> dict[str, Any]:
    """An alarm on one metric."""
    statistic = draw(
        st.one_of(statistics.map(lambda s: {"Statistic": s}), extended.map(lambda s: {"ExtendedStatistic": s}))
    )
    request = {
        "Namespace": draw(st.sampled_from(["AWS/EC2", "AWS/DynamoDB", "Own"])),
        "MetricName": draw(words),
        "Period": draw(periods),
        "Threshold": draw(st.integers(0, 9)),
        "ComparisonOperator": draw(plain_comparisons),
    }
    optional: dict[str, Any] = {"Dimensions": dimensions(), "Unit": st.sampled_from(["Percent", "Count"])}
    if str(statistic.get("ExtendedStatistic")).startswith("p"):
        optional["EvaluateLowSampleCountPercentile"] = st.sampled_from(["evaluate", "ignore"])
    request |= draw(st.fixed_dictionaries({}, optional=optional))
    if request["Period"] in {60, 300}:
        window = st.sampled_from(
            [{"SlidingWindow": {}}, {"WallClockWindow": {"Timezone": "+05:30"}}, {"WallClockWindow": {}}]
        )
        request |= draw(st.fixed_dictionaries({}, optional={"EvaluationWindow": window}))
    return draw(common()) | draw(counting()) | statistic | request


@st.composite
def metric_math(draw: st.DrawFn) -> dict[str, Any]:
    """An alarm on an expression, a Metrics Insights query or a band."""
    stat = {
        "Metric": {"Namespace": "AWS/EC2", "MetricName": draw(words), "Dimensions": draw(dimensions())},
        "Period": draw(periods),
        "Stat": draw(st.one_of(statistics, extended)),
    }
    first: dict[str, Any] = {"Id": "m1", "MetricStat": stat, "ReturnData": False}
    if draw(st.booleans()):
        bounds = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "Label": "expected", "ReturnData": True}
        request: dict[str, Any] = {
            "Metrics": [first | {"ReturnData": True}, bounds],
            "ThresholdMetricId": "ad1",
            "ComparisonOperator": draw(band_comparisons),
        }
    else:
        expression = draw(
            st.sampled_from(["m1 * 100", "IF(m1 > 2, m1, 0)", 'SELECT AVG(CPUUtilization) FROM "AWS/EC2"'])
        )
        watched = {"Id": "e1", "Expression": expression, "ReturnData": True}
        if expression.startswith("SELECT"):
            watched["Period"] = 60
        request = {
            "Metrics": [first, watched],
            "Threshold": draw(st.floats(-1e6, 1e6)),
            "ComparisonOperator": draw(plain_comparisons),
        }
    return draw(common()) | draw(counting()) | request


@st.composite
def promql(draw: st.DrawFn) -> dict[str, Any]:
    criteria = {"Query": "up == 0"} | draw(
        st.fixed_dictionaries({}, optional={"PendingPeriod": st.integers(0, 86_400), "RecoveryPeriod": st.just(60)})
    )
    return draw(common()) | {"EvaluationCriteria": {"PromQLCriteria": criteria}, "EvaluationInterval": draw(periods)}


@st.composite
def composite(draw: st.DrawFn) -> dict[str, Any]:
    """A composite alarm, with or without suppressor."""
    rules = ["ALARM(a) AND NOT OK(b)", "AT_LEAST(50%, NOT OK, (a, b, c))", "TRUE", 'INSUFFICIENT_DATA("x y")']
    request = draw(common()) | {"AlarmRule": draw(st.sampled_from(rules))}
    if draw(st.booleans()):
        request |= {
            "ActionsSuppressor": "deploying",
            "ActionsSuppressorWaitPeriod": draw(st.integers(0, 600)),
            "ActionsSuppressorExtensionPeriod": draw(st.integers(0, 600)),
        }
    return request


requests = st.one_of(single_metric(), metric_math(), promql(), composite())
"""Requests that PutMetricAlarm or PutCompositeAlarm accepts."""
