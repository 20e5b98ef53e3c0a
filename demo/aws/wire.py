"""The frame of a service that the simulation answers: moto's anatomy, with CBOR and AWS's own checks added."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, ClassVar

import cbor2
import orjson
from botocore.utils import parse_timestamp
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import JSONParser, QueryParser
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.core.serialize import JSONSerializer, QuerySerializer, XFormedAttributePicker
from moto.core.utils import camelcase_to_underscores, get_service_model

from core.reading import Scope
from demo.aws.constraints import check
from demo.aws.encoding import CBOR_EPOCH, Prepared, encode, epoch
from demo.aws.errors import Answer, AwsError, Protocol, error_answer, protocol_of, unknown_operation

CREDENTIAL_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
"""The part of a SigV4 Authorization header that says who calls which service where.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html"""

RPC_PATH = re.compile(r"/service/[^/]+/operation/(?P<operation>\w+)")


def instant(value: Any) -> datetime:
    """Read a request's timestamp, in any of AWS's forms, as aware UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    parsed = parse_timestamp(value)
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class StrictJsonParser(JSONParser):
    """Reads a JSON request; moto's own takes a malformed one for an empty one."""

    def _parse_body_as_json(self, body_contents: bytes) -> Any:
        return orjson.loads(body_contents) if body_contents else {}


class CborParser(JSONParser):
    """Reads a smithy-rpc-v2-cbor request, which moto cannot."""

    def _parse_body_as_json(self, body_contents: bytes) -> Any:
        return cbor2.loads(body_contents) if body_contents else {}

    def _parse_blob(self, shape: Any, value: Any) -> Any:  # noqa: ARG002 - moto's signature
        return value


class CborSerializer(JSONSerializer):
    """Writes a smithy-rpc-v2-cbor answer, which moto cannot."""

    def _serialize_type_timestamp(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        self._default_serialize(serialized, cbor2.CBORTag(CBOR_EPOCH, epoch(instant(value))), shape, key)

    def _serialize_body(self, body: Any) -> Any:
        return cbor2.dumps(body)

    def _get_protocol_specific_content_type(self) -> str:
        return "application/cbor"


class FormParser(QueryParser):
    """Reads a query request; moto's own looks through every field for every structure, seconds for 500 queries."""

    def _do_parse(self, request_dict: Any, shape: Any) -> Any:
        fields = request_dict["values"]
        self._structures = {key[:place] for key in fields for place, char in enumerate(key) if char == "."}
        return super()._do_parse({**request_dict, "values": fields.to_dict()}, shape)  # type: ignore[no-untyped-call]

    def _gonna_recurse(self, query_params: Any, prefix: str) -> bool:  # noqa: ARG002 - moto's signature
        return prefix != "" and prefix not in self._structures


PARSERS = {Protocol.JSON: StrictJsonParser, Protocol.CBOR: CborParser, Protocol.QUERY: FormParser}
SERIALIZERS = {Protocol.JSON: JSONSerializer, Protocol.CBOR: CborSerializer, Protocol.QUERY: QuerySerializer}


class AwsService(BaseResponse):
    """One AWS service; a method a operation, named as botocore names it, that gives an `ActionResult`.

    Parameters are parsed by botocore's model and held against its constraints before the method runs; an `AwsError`
    that it raises becomes the modelled error.
    """

    SERVICE: ClassVar[str] = ""
    """botocore's name of the service."""
    INVALID: ClassVar[str] = "ValidationError"
    """The code with which the service refuses what breaks its model's constraints."""
    use_raw_body = True

    def __init__(self) -> None:
        super().__init__(service_name=self.SERVICE)
        self.automated_parameter_parsing = False
        self.params: dict[str, Any] = {}

    @property
    def scope(self) -> Scope:
        """The account and region that the request is for."""
        return Scope(str(self.current_account), str(self.region))

    @property
    def model(self) -> ServiceModel:
        return get_service_model(self.SERVICE)

    @property
    def protocol(self) -> Protocol:
        return protocol_of(
            content_type=self.headers.get("Content-Type") or "application/x-www-form-urlencoded",
            path=self.path,
            has_target="X-Amz-Target" in self.headers,
            service=self.SERVICE,
        )

    def get_region_from_url(self, request: Any, full_url: str) -> str:  # noqa: ARG002 - moto's signature
        """The region is the credential scope's: an endpoint on loopback has none in its name."""
        match = CREDENTIAL_SCOPE.search(request.headers.get("Authorization", ""))
        return match["region"] if match else self.default_region

    def call_action(self) -> Answer:
        """Parse, check, run, write: what moto does, with every refusal in the caller's protocol."""
        operation = self._get_action() or ""
        protocol = self.protocol
        try:
            model = self._operation(operation, protocol)
            handler = getattr(self, camelcase_to_underscores(operation), None)
            if handler is None:
                raise unknown_operation(operation, self.SERVICE, protocol)
            self.params = self._parsed(model, protocol)
            self.automated_parameter_parsing = True  # moto's own handlers read `params` then
            check(self.params, model.input_shape, code=self.INVALID)
            return self._written(handler(), model, protocol)
        except AwsError as error:
            return error_answer(error, protocol, model=self.model)
        except ServiceException as error:
            return error_answer(AwsError(error.code, error.message), protocol, model=self.model)

    def _get_action(self) -> str:
        match = RPC_PATH.fullmatch(self.path)
        return match["operation"] if match else str(super()._get_action() or "")

    def _operation(self, name: str, protocol: Protocol) -> OperationModel:
        if name not in self.model.operation_names:
            raise unknown_operation(name, self.SERVICE, protocol)
        operation: OperationModel = self.model.operation_model(name)
        return operation

    def _parsed(self, operation: OperationModel, protocol: Protocol) -> dict[str, Any]:
        request: Request = self.normalized_request
        parser = PARSERS[protocol](operation, timestamp_parser=instant)
        try:
            parsed = parser.parse(
                {
                    "method": request.method,
                    "values": request.values,
                    "headers": request.headers,
                    "body": request.data,
                    "url_path": request.path,
                    "url_params": {},
                }
            )
        except (ValueError, TypeError, AttributeError, cbor2.CBORDecodeError) as error:
            raise AwsError("SerializationException", f"The request cannot be read: {error}") from error
        return dict(parsed or {})

    def _written(self, result: ActionResult, operation: OperationModel, protocol: Protocol) -> Answer:
        if isinstance(result, Prepared):
            document = result.result if isinstance(result.result, dict) else {}
            return encode(document, operation, protocol)
        serializer = SERIALIZERS[protocol](operation_model=operation, value_picker=XFormedAttributePicker())
        written = serializer.serialize(result.result)
        headers = dict(written["headers"])
        if protocol is Protocol.CBOR:
            headers["smithy-protocol"] = "rpc-v2-cbor"
        return written["status_code"], headers, written["body"]
