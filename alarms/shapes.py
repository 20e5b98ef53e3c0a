"""What CloudWatch's model says of requests; what breaks it is found by `core.shapes`."""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore.model import ServiceModel, StructureShape

from core.shapes import Problem, problems

__all__ = ["Problem", "cloudwatch", "input_shape", "problems"]


@cache
def cloudwatch() -> ServiceModel:
    """Give CloudWatch's service model as the installed botocore has it."""
    return botocore.session.Session().get_service_model("cloudwatch")


def input_shape(operation: str) -> StructureShape:
    shape = cloudwatch().operation_model(operation).input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError(f"{operation} takes no structure; give an operation such as PutMetricAlarm")
    return shape
