"""What we name ourselves is what botocore's service model names; what it can say, we can say."""

import pytest
from botocore.model import StringShape, StructureShape

from alarms.definition import Comparison, MissingData
from alarms.reasons import number
from alarms.requirements import BAND_COMPARISONS, LOW_SAMPLES, MISSING_DATA
from alarms.shapes import cloudwatch, input_shape
from alarms.state import StateValue
from alarms.suppression import Hold
from core.statistics import PLAIN
from tests.unit.alarms.lines import alarm


def enumerated(shape: str) -> set[str]:
    found = cloudwatch().shape_for(shape)
    assert isinstance(found, StringShape)
    return set(found.enum)


def test_names_are_those_of_the_model() -> None:
    assert {
        "ComparisonOperator": set(Comparison),
        "StateValue": set(StateValue),
        "ActionsSuppressedBy": set(Hold),
        "Statistic": set(PLAIN),
    } == {name: enumerated(name) for name in ("ComparisonOperator", "StateValue", "ActionsSuppressedBy", "Statistic")}
    assert {Comparison(name) for name in BAND_COMPARISONS} == {one for one in Comparison if one.takes_band}
    assert set(MISSING_DATA) == set(MissingData)


@pytest.mark.parametrize(
    ("operation", "member", "values"),
    [
        ("PutMetricAlarm", "TreatMissingData", MISSING_DATA),
        ("PutMetricAlarm", "EvaluateLowSampleCountPercentile", LOW_SAMPLES),
    ],
)
def test_values_that_the_model_does_not_enumerate_are_those_of_its_documentation(
    operation: str, member: str, values: tuple[str, ...]
) -> None:
    documentation = input_shape(operation).members[member].documentation
    for value in values:
        assert value in documentation


def test_every_member_of_a_request_is_known() -> None:
    """A new member of a newer botocore fails here, so that no alarm loses it unseen."""
    carried = {
        "PutMetricAlarm": "AlarmName AlarmDescription ActionsEnabled OKActions AlarmActions InsufficientDataActions "
        "MetricName Namespace Statistic ExtendedStatistic Dimensions Period Unit EvaluationPeriods DatapointsToAlarm "
        "Threshold ComparisonOperator TreatMissingData EvaluateLowSampleCountPercentile Metrics Tags ThresholdMetricId "
        "EvaluationWindow WarmUpConfiguration EvaluationCriteria EvaluationInterval ActionConfiguration",
        "PutCompositeAlarm": "ActionsEnabled AlarmActions AlarmDescription AlarmName AlarmRule InsufficientDataActions "
        "OKActions Tags ActionsSuppressor ActionsSuppressorWaitPeriod ActionsSuppressorExtensionPeriod "
        "ActionConfiguration",
    }
    for operation, members in carried.items():
        shape = input_shape(operation)
        assert isinstance(shape, StructureShape)
        assert set(shape.members) == set(members.split())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.0"),
        (-0.5, "-0.5"),
        (21, "21.0"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9_999_999, "9999999.0"),
        (10_000_000, "1.0E7"),
        (12_345_678.5, "1.23456785E7"),
        (-1.5e-10, "-1.5E-10"),
        (3.6266666666666665, "3.6266666666666665"),
        (1e300, "1.0E300"),
    ],
)
def test_numbers_are_written_as_java_writes_them(value: float, text: str) -> None:
    assert number(value) == text


def test_the_default_alarm_is_evaluable() -> None:
    assert alarm().evaluable.allowed
