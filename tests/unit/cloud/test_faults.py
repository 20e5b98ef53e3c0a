"""What botocore raises, in the house's words."""

from __future__ import annotations

import botocore.session
import pytest
from botocore import exceptions as aws
from botocore.parsers import create_parser

from cloud.faults import (
    EXPECTED,
    AccessDenied,
    CloudError,
    ExpiredLogin,
    InvalidRequest,
    NotFree,
    ServiceFailure,
    Throttled,
    Unreachable,
    fault_of,
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


def test_an_answer_that_is_none_of_aws_s_is_an_expected_failure() -> None:
    """A guest network's sign-in page in place of STS's XML."""
    shape = botocore.session.Session().get_service_model("sts").operation_model("GetCallerIdentity").output_shape
    assert shape is not None
    page = {"status_code": 200, "headers": {}, "body": b"<html>Sign in<br></html>"}
    with pytest.raises(EXPECTED) as raised:
        create_parser("query").parse(page, shape)
    fault = fault_of(raised.value, SCOPE, "sts:GetCallerIdentity")
    assert (fault.kind, fault.retryable) == (FaultKind.SERVICE_FAILURE, True)
    assert "a proxy on the way" in fault.message


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
