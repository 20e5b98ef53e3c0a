"""What botocore raises, in the house's words."""

from __future__ import annotations

import pytest
from botocore import exceptions as aws

from cloud.faults import (
    AccessDenied,
    CloudError,
    ExpiredLogin,
    InvalidRequest,
    NotFree,
    ServiceFailure,
    Throttled,
    Unreachable,
    translate,
)
from core.reading import FaultKind, Scope

SCOPE = Scope("111111111111", "us-east-1")


def answered(code: str, status: int, message: str = "so it is") -> aws.ClientError:
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(error, "DescribeAlarms")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answered("AccessDenied", 403), AccessDenied),
        (answered("UnauthorizedOperation", 403), AccessDenied),
        (answered("SomethingElse", 403), AccessDenied),
        (answered("ExpiredToken", 403), ExpiredLogin),
        (answered("InvalidClientTokenId", 403), ExpiredLogin),
        (answered("Throttling", 400), Throttled),
        (answered("AnyName", 429), Throttled),
        (answered("ValidationError", 400), InvalidRequest),
        (answered("InternalFailure", 500), ServiceFailure),
        (answered("500", 500, "<!doctype html><title>500</title>"), ServiceFailure),
        (aws.NoCredentialsError(), ExpiredLogin),
        (aws.ProfileNotFound(profile="prod"), ExpiredLogin),
        (aws.UnauthorizedSSOTokenError(), ExpiredLogin),
        (aws.EndpointConnectionError(endpoint_url="http://x"), Unreachable),
        (aws.ReadTimeoutError(endpoint_url="http://x"), Unreachable),
        (aws.ParamValidationError(report="no such field"), InvalidRequest),
        (aws.UnknownServiceError(service_name="x", known_service_names="y"), InvalidRequest),
        (aws.BotoCoreError(), ServiceFailure),
        (NotFree("x"), NotFree),
    ],
)
def test_each_kind_has_one_word(error: Exception, expected: type[CloudError]) -> None:
    assert type(translate(error)) is expected


def test_a_fault_names_action_and_place_calmly() -> None:
    fault = translate(answered("AccessDenied", 403)).to_fault(SCOPE, "cloudwatch:DescribeAlarms")
    assert (fault.kind, fault.retryable) == (FaultKind.ACCESS_DENIED, False)
    assert fault.message == (
        "The role in use may not cloudwatch:DescribeAlarms in 111111111111/us-east-1;"
        " allow that action in its IAM policy"
    )


def test_a_page_of_html_says_nothing_to_people() -> None:
    fault = translate(answered("500", 500, "<!doctype html>\n<title>500</title>")).to_fault(SCOPE, "x:Y")
    assert fault.message == "AWS could not answer x:Y in 111111111111/us-east-1: 500"
