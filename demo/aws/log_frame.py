"""What every part of CloudWatch Logs shares: finding groups and streams, refusing as AWS refuses, tokens."""

from __future__ import annotations

import base64
import json
from datetime import UTC
from typing import Any, Final

from botocore.model import OperationModel
from moto.core.responses import ActionResult
from moto.logs.responses import LogsResponse

from demo.aws.encoding import Prepared, encode
from demo.aws.errors import Answer, AwsError, Protocol
from demo.aws.over_moto import OverMoto
from demo.logs.book import LogBook, LogGroup

JSON: Final = "application/x-amz-json-1.1"
STANDARD: Final = "STANDARD"
TOKEN_SECONDS: Final = 24 * 3600
"""A page's token expires after a day."""


class LogFrame(OverMoto, LogsResponse):
    """The frame; each file beside this one adds the operations of one concern."""

    SERVICE = "logs"
    INVALID = "InvalidParameterException"

    def _written(self, result: ActionResult | str, operation: OperationModel, protocol: Protocol) -> Answer:
        """Write our answers, and moto's, which are JSON already."""
        if isinstance(result, str):
            return 200, {"Content-Type": JSON}, result or "{}"
        if isinstance(result, Prepared):
            document: Any = result.result
            status, headers, body = encode(document, operation, protocol)
        else:
            status, headers, body = super()._written(result, operation, protocol)
        return status, headers | {"Content-Type": JSON}, body

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    @property
    def book(self) -> LogBook:
        return self._ground.logs.of(self.scope)

    @property
    def groups(self) -> dict[str, Any]:
        """moto's log groups by name."""
        found: dict[str, Any] = self.fleet.moto.logs.groups
        return found

    def named(self, name: str) -> Any:
        """Give moto's group of this name or ARN; refuse one that there is not."""
        found = self.groups.get(name_of(name))
        if found is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return found

    def asked_name(self) -> str:
        """Give the name of the group that the request is about, by name or by identifier."""
        name, identifier = self.params.get("logGroupName"), self.params.get("logGroupIdentifier")
        if (name is None) == (identifier is None):
            which = "Either" if name is None else "Only one of"
            raise invalid(f"{which} logGroupName or logGroupIdentifier must be specified.")
        return str(self.named(str(name or identifier)).name)

    def group(self, name: str) -> LogGroup:
        """Give a group as it can be read now."""
        kept = self.named(name)
        retention = kept.retention_in_days
        return self.book.group(
            kept.name,
            label=f"{self.scope.account}:{kept.name}",
            created=created_ms(kept),
            retention=int(retention) if retention else None,
            now=self.now.timestamp(),
        )

    def readable(self, operation: str) -> LogGroup:
        """Give the group that is asked for; a class that cannot be read by `operation` is refused."""
        name = self.asked_name()
        self.refuse_class(self.groups[name], operation)
        return self.group(name)

    def refuse_class(self, kept: Any, operation: str) -> None:
        """Refuse an operation that only the standard class has."""
        log_class = class_of(kept)
        if log_class != STANDARD:
            raise AwsError(
                "InvalidOperationException",
                f"The log group {kept.name} is of log-group-class {log_class}. "
                f"{operation} is not supported for this log class.",
            )

    def paged(self, found: list[Any], *, about: str, most: int) -> tuple[list[Any], dict[str, str]]:
        """Cut a list into pages of `limit`, `most` at most; `about` is what the token is good for."""
        token = self.params.get("nextToken")
        start = self.said(token, about=about)["at"] if token else 0
        size = min(int(self.params.get("limit") or most), most)
        more = {"nextToken": self.token(about=about, at=start + size)} if len(found) > start + size else {}
        return found[start : start + size], more

    def token(self, **what: Any) -> str:
        """Give a token that says where to go on; it is good for this caller's question alone, for a day."""
        document = json.dumps({**what, "until": int(self.now.timestamp()) + TOKEN_SECONDS}, separators=(",", ":"))
        return base64.urlsafe_b64encode(document.encode()).decode()

    def said(self, token: str, **must: Any) -> dict[str, Any]:
        """Read a token back; refuse one that was not given for this question, or has expired."""
        refusal = invalid("The specified nextToken is invalid.")
        try:
            found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token))
            good = found["until"] >= self.now.timestamp() and all(found[name] == must[name] for name in must)
        except (ValueError, KeyError, TypeError) as error:
            raise refusal from error
        if not good:
            raise refusal
        return found


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def answer(**document: Any) -> Prepared:
    return Prepared(document)


def name_of(identifier: str) -> str:
    """Give the group's name of a name or an ARN."""
    _, found, name = identifier.partition(":log-group:")
    return name.removesuffix(":*") if found else identifier


def created_ms(kept: Any) -> int:
    return int(kept.creation_time.replace(tzinfo=UTC).timestamp() * 1000)


def class_of(kept: Any) -> str:
    return str(getattr(kept, "log_group_class", STANDARD))
