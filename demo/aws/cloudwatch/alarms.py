"""What changes alarms: put, delete, state by hand, actions on and off, tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.core.responses import ActionResult

from alarms.definition import DefinitionErrors
from alarms.state import StateValue
from demo.alarm_entry import alarm_name
from demo.aws.cloudwatch.base import CloudWatchBase, invalid, malformed, not_found
from demo.aws.encoding import Prepared
from demo.aws.errors import AwsError

MAX_DELETED: Final = 100
"""Alarms a DeleteAlarms call. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html"""
MAX_TAGS: Final = 50


class AlarmOperations(CloudWatchBase):
    def put_metric_alarm(self) -> ActionResult:
        return self._put(self.params)

    def put_composite_alarm(self) -> ActionResult:
        return self._put(self.params)

    def put_log_alarm(self) -> ActionResult:
        return self._put(self.params)

    def delete_alarms(self) -> ActionResult:
        names = self._names(MAX_DELETED)
        kinds = {entry.kind for name in names if (entry := self.book.get(name)) is not None}
        if "CompositeAlarm" in kinds and len(names) > 1:
            malformed("Only one composite alarm can be deleted at a time.")
        for name in names:
            if any(parent.name not in names for parent in self.book.parents(name)):
                malformed(f"Alarm {name} cannot be deleted: a composite alarm depends on it.")
        self.book.delete(names, at=self.now)
        return Prepared({})

    def set_alarm_state(self) -> ActionResult:
        name = self.params["AlarmName"]
        data: Mapping[str, Any] = {}
        if self.params.get("StateReasonData"):
            try:
                data = json.loads(self.params["StateReasonData"])
            except ValueError as error:
                raise AwsError("InvalidFormat", "StateReasonData was not valid JSON.") from error
        if self.book.get(name) is None:
            not_found("Unknown")
        state = StateValue(self.params["StateValue"])
        self.book.set_state(name, state, self.params["StateReason"], at=self.now, reason_data=data)
        return Prepared({})

    def enable_alarm_actions(self) -> ActionResult:
        self.book.enable(self._names(MAX_DELETED), enabled=True, at=self.now)
        return Prepared({})

    def disable_alarm_actions(self) -> ActionResult:
        self.book.enable(self._names(MAX_DELETED), enabled=False, at=self.now)
        return Prepared({})

    def tag_resource(self) -> ActionResult:
        name = self._tagged()
        changes: dict[str, str | None] = {tag["Key"]: tag["Value"] for tag in self.params["Tags"]}
        entry = self.book.get(name)
        if entry is not None and len({*entry.tags, *changes}) > MAX_TAGS:
            invalid(f"The maximum number of tags is {MAX_TAGS}.")
        self.book.tag(name, changes)
        return Prepared({})

    def untag_resource(self) -> ActionResult:
        self.book.tag(self._tagged(), dict.fromkeys(self.params["TagKeys"]))
        return Prepared({})

    def list_tags_for_resource(self) -> ActionResult:
        entry = self.book.get(self._tagged())
        tags = {} if entry is None else entry.tags
        return Prepared({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})

    def _put(self, params: Mapping[str, Any]) -> ActionResult:
        try:
            self.book.put(params, at=self.now)
        except DefinitionErrors as error:
            malformed("; ".join(f"{field}: {sentence}" for field, sentence in error.fields.items()))
        return Prepared({})

    def _names(self, most: int) -> list[str]:
        names: list[str] = self.params["AlarmNames"]
        if len(names) > most:
            malformed(f"The collection AlarmNames must not have a size greater than {most}.")
        return names

    def _tagged(self) -> str:
        """Give the name of the alarm whose ARN the request names."""
        arn = self.params["ResourceARN"]
        prefix = f"arn:aws:cloudwatch:{self.scope.region}:{self.scope.account}:alarm:"
        if not arn.startswith("arn:"):
            invalid(f"The value {arn} for parameter ResourceARN is not an ARN.")
        if not arn.startswith(prefix) or self.book.get(arn) is None:
            raise AwsError("ResourceNotFoundException", f"{arn} does not exist.", status=404)
        return alarm_name(arn)
