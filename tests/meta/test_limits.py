"""Limits that AWS decides, where botocore's service models can confirm them."""

from __future__ import annotations

import re

import botocore.session
import pytest
from botocore.model import ServiceModel

from collectors.logs.metric_filters import MOST_MESSAGES
from collectors.logs.publishing import RETENTIONS
from core.filter_pattern import MAX_LENGTH
from core.timespan import RETENTION, SUB_MINUTE_PERIODS, check_period


def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def test_retention_only_coarsens_with_age() -> None:
    ages = [age for age, _ in RETENTION]
    periods = [period for _, period in RETENTION]
    assert ages == sorted(ages)
    assert periods == sorted(periods)


@pytest.mark.parametrize("period", [*SUB_MINUTE_PERIODS, 60, 120, 3600, 86_400])
def test_periods_that_cloudwatch_takes(period: int) -> None:
    assert check_period(period) == period
    assert period >= model("cloudwatch").shape_for("Period").metadata["min"]


@pytest.mark.parametrize("period", [0, -60, 2, 45, 61, 90])
def test_periods_that_cloudwatch_refuses(period: int) -> None:
    with pytest.raises(
        ValueError, match=f"period {period} s is not accepted; use 1, 5, 10, 20, 30 or a multiple of 60"
    ):
        check_period(period)


def test_the_days_that_log_lines_can_be_kept_are_those_of_the_model() -> None:
    logs = model("logs")
    said = re.sub(r"<[^>]+>", "", logs.shape_for("Days").documentation).partition("Possible values are: ")[2]
    days = [int(number) for number in re.findall(r"\d+", said.partition(". ")[0].partition("To set")[0])]
    assert tuple(days) == RETENTIONS
    assert logs.shape_for("TestEventMessages").metadata["max"] == MOST_MESSAGES
    assert logs.shape_for("FilterPattern").metadata["max"] == MAX_LENGTH
