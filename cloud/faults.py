"""What botocore raises, in the house's words: which kind, whether to try again, and a calm sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from core.reading import Fault, FaultKind, Scope


class CloudError(Exception):
    """A call to AWS that brought nothing. `to_fault` gives it an address."""

    kind: ClassVar[FaultKind] = FaultKind.SERVICE_FAILURE
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"AWS could not answer {operation} in {scope}" + _because(self.detail)

    def to_fault(self, scope: Scope, operation: str) -> Fault:
        """Say where and what is missing; `operation` is an IAM action such as `cloudwatch:GetMetricStatistics`."""
        return Fault(scope, operation, self.kind, self.sentence(scope, operation), self.retryable)


class AccessDenied(CloudError):  # noqa: N818 - the house's word for it
    kind = FaultKind.ACCESS_DENIED

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"The role in use may not {operation} in {scope}; allow that action in its IAM policy"


class Throttled(CloudError):  # noqa: N818 - the house's word for it
    kind = FaultKind.THROTTLED
    retryable = True

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"AWS asks for fewer {operation} calls in {scope}; the next refresh tries again"


class Crowded(Throttled):
    """A call that our own pace left no place for in good time; it was not made."""

    def sentence(self, scope: Scope, operation: str) -> str:
        return (
            f"{operation} in {scope} was not called, too many wait before it; the next refresh tries again"
            + _because(self.detail)
        )


class ExpiredLogin(CloudError):  # noqa: N818 - the house's word for it
    kind = FaultKind.EXPIRED_LOGIN

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"The login for {scope} has run out or was not found, so {operation} was not answered; sign in again"


class Unreachable(CloudError):  # noqa: N818 - the house's word for it
    kind = FaultKind.UNREACHABLE
    retryable = True

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"The endpoint for {operation} in {scope} could not be reached; the next refresh tries again"


class InvalidRequest(CloudError):  # noqa: N818 - the house's word for it
    kind = FaultKind.INVALID_REQUEST

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"AWS did not accept {operation} in {scope}" + _because(self.detail)


class NotFound(InvalidRequest):
    """What was asked about is not there."""


class ServiceFailure(CloudError):  # noqa: N818 - the house's word for it
    retryable = True


class NotFree(CloudError):  # noqa: N818 - the house's word for it
    """A call that would cost more than the cap leaves; it was not made."""

    kind = FaultKind.NOT_FREE

    def sentence(self, scope: Scope, operation: str) -> str:
        return f"{operation} in {scope} was not called{_because(self.detail)}"


EXPECTED: Final = (aws.ClientError, aws.BotoCoreError, ResponseParserError, CloudError)
"""What a collector catches: everything that AWS, the network or the cap may do to a call."""

_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden", "403"}
)
_EXPIRED: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "AuthFailure",
        "RequestExpired",
        "MissingAuthenticationToken",
    }
)
_MISSING: Final = frozenset({"NotFound", "ResourceNotFound", "ResourceNotFoundException", "NotFoundException"})
_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "RequestThrottled",
        "LimitExceededException",
        "SlowDown",
    }
)
_NO_LOGIN: Final = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
    aws.SSOError,
    aws.ProfileNotFound,
    aws.MetadataRetrievalError,
)
_NO_ANSWER: Final = (aws.HTTPClientError, aws.ConnectionError)
_OURS: Final = (aws.ParamValidationError, aws.ValidationError, aws.OperationNotPageableError, aws.DataNotFoundError)


def translate(error: Exception) -> CloudError:
    """Give the house's word for what botocore raised."""
    if isinstance(error, CloudError):
        return error
    if isinstance(error, aws.ClientError):
        return _from_answer(error)
    if isinstance(error, _NO_LOGIN):
        return ExpiredLogin(str(error))
    if isinstance(error, _NO_ANSWER):
        return Unreachable(str(error))
    if isinstance(error, ResponseParserError):
        return ServiceFailure("its answer is not one that AWS gives; a proxy on the way may have put it there")
    if isinstance(error, _OURS):
        return InvalidRequest(_one_line(str(error)))
    return ServiceFailure(_one_line(str(error)))


def fault_of(error: Exception, scope: Scope, operation: str) -> Fault:
    """Give what botocore raised an address."""
    return translate(error).to_fault(scope, operation)


def _from_answer(error: aws.ClientError) -> CloudError:
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), _one_line(str(answer.get("Message", "")))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if is_throttling(error.response):
        return Throttled(message)
    if code in _EXPIRED:
        return ExpiredLogin(message)
    if code in _DENIED or status == 403:
        return AccessDenied(message)
    if status >= 500:
        return ServiceFailure(message or code)
    if code in _MISSING:
        return NotFound(message or code)
    return InvalidRequest(message or code)


def is_throttling(answer: Mapping[str, Any]) -> bool:
    """Say whether AWS asks for fewer calls in an answer that botocore parsed."""
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return answer.get("Error", {}).get("Code") in _THROTTLED or status == 429


def _one_line(text: str) -> str:
    if text.lstrip().startswith("<"):  # a proxy's or a crashed server's page says nothing to people
        return ""
    return re.sub(r"\s+", " ", text).strip()[:300]


def _because(detail: str) -> str:
    return f": {detail}" if detail else ""
