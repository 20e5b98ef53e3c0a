"""Every operation of a service, called with the least that its model asks for: never a crash."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.wire.clouds import AT, Cloud, bare_cloud

pytestmark = pytest.mark.wire

OURS = ("cloudwatch", "elbv2", "budgets", "ce", "freetier")
MOTO_S = ("autoscaling", "sns", "sts", "logs")
NOBODY_S = ("health", "pricing", "compute-optimizer", "cost-optimization-hub", "oam", "savingsplans")


def least(shape: Shape) -> Any:
    """Give the smallest value that botocore accepts for `shape`."""
    if isinstance(shape, StructureShape):
        needed = {name: least(shape.members[name]) for name in shape.required_members}
        if shape.is_tagged_union and not needed:
            name, member = next(iter(shape.members.items()))
            return {name: least(member)}
        return needed
    if isinstance(shape, ListShape):
        return [least(shape.member)] * max(1, int(shape.metadata.get("min", 1)))
    if isinstance(shape, MapShape):
        return {least(shape.key): least(shape.value)}
    if shape.type_name == "string":
        return (shape.metadata.get("enum") or ["a" * max(1, int(shape.metadata.get("min", 1)))])[0]
    plain = {"boolean": True, "timestamp": AT, "blob": b"x", "double": 1.0, "float": 1.0}
    return plain.get(shape.type_name, max(1, int(shape.metadata.get("min", 1))))


def operations(*services: str) -> list[tuple[str, str]]:
    session = botocore.session.get_session()
    return [(service, name) for service in services for name in session.get_service_model(service).operation_names]


@pytest.fixture(scope="module")
def swept() -> Any:
    with bare_cloud() as cloud:
        yield cloud


def call(cloud: Cloud, service: str, name: str) -> tuple[int, str]:
    """Give HTTP status and error code, empty where it was answered."""
    client = cloud.client(service)
    model = client.meta.service_model.operation_model(name)
    method = next(method for method, operation in client.meta.method_to_api_mapping.items() if operation == name)
    arguments = {} if model.input_shape is None else least(model.input_shape)
    try:
        answer = getattr(client, method)(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], ""


@pytest.mark.parametrize(("service", "name"), operations(*OURS))
def test_our_services_answer_or_refuse(swept: Cloud, service: str, name: str) -> None:
    status, code = call(swept, service, name)
    assert status < 500, code
    assert not code.isdigit()


@pytest.mark.parametrize(("service", "name"), operations(*MOTO_S))
def test_moto_s_services_answer_refuse_or_own_up(swept: Cloud, service: str, name: str) -> None:
    status, code = call(swept, service, name)
    assert status < 500 or code == "InternalFailure"
    assert not code.isdigit()


@pytest.mark.parametrize(("service", "name"), operations(*NOBODY_S))
def test_services_that_nobody_has_are_refused(swept: Cloud, service: str, name: str) -> None:
    status, code = call(swept, service, name)
    assert (status, code) == (400, "UnknownOperationException")
