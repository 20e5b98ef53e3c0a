"""A service of ours in front of moto's own: what moto answers well stays moto's, the rest is overridden."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from botocore.model import OperationModel
from moto.core.responses import ActionResult, BaseResponse
from moto.core.serialize import XFormedAttributePicker

from demo.aws.errors import Answer, AwsError, Protocol
from demo.aws.wire import SERIALIZERS, AwsService
from demo.fleets import Fleet
from demo.ground import Ground


class OverMoto(AwsService):
    """Inherit from this first and from moto's Response class second; methods found here win."""

    def __init__(self, ground: Ground) -> None:
        # moto's own Response classes take no arguments, so the chain of constructors cannot be followed.
        BaseResponse.__init__(self, service_name=self.SERVICE)
        self.automated_parameter_parsing = False
        self.params: dict[str, Any] = {}
        self._ground = ground

    @property
    def now(self) -> datetime:
        return self._ground.clock.now()

    @property
    def fleet(self) -> Fleet:
        return self._ground.fleets.of(self.scope)

    def _written(self, result: ActionResult, operation: OperationModel, protocol: Protocol) -> Answer:
        """Write moto's objects as moto does, with its own way of picking their attributes."""
        picker = XFormedAttributePicker(response_transformers=self.RESPONSE_KEY_PATH_TO_TRANSFORMER)
        model: Any = operation  # moto's own subclass, as far as moto's hints go
        serializer = SERIALIZERS[protocol](operation_model=model, value_picker=picker)
        written = serializer.serialize(result.result)
        return written["status_code"], dict(written["headers"]), written["body"]


def refused(message: str, *, code: str = "ValidationError") -> AwsError:
    return AwsError(code, message)
