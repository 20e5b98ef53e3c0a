"""Alarm mute rules: put, read, list, delete."""

from __future__ import annotations

from typing import Any, Final

from moto.core.responses import ActionResult

from demo.aws.cloudwatch.base import CloudWatchBase, malformed, page
from demo.aws.encoding import Prepared
from demo.aws.errors import AwsError
from demo.mute_rules import MuteRule, Schedule

DEFAULT_RECORDS: Final = 50
MAX_TARGETS: Final = 100
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html"""


class MuteRuleOperations(CloudWatchBase):
    def put_alarm_mute_rule(self) -> ActionResult:
        given = self.params
        schedule = given["Rule"]["Schedule"]
        names = tuple((given.get("MuteTargets") or {}).get("AlarmNames") or ())
        unknown = [name for name in names if self.book.get(name) is None]
        if unknown:
            malformed(f"The alarm {unknown[0]} does not exist.")
        try:
            parsed = Schedule.parse(schedule["Expression"], schedule["Duration"], schedule.get("Timezone"))
        except ValueError as error:
            malformed(str(error))
        self.book.put_rule(
            MuteRule(
                name=given["Name"],
                schedule=parsed,
                alarm_names=names,
                updated=self.now,
                description=given.get("Description"),
                starts=given.get("StartDate"),
                expires=given.get("ExpireDate"),
                tags={tag["Key"]: tag["Value"] for tag in given.get("Tags") or ()},
            )
        )
        return Prepared({})

    def get_alarm_mute_rule(self) -> ActionResult:
        name = self.params["AlarmMuteRuleName"]
        rule = next((rule for rule in self.book.rules() if rule.name == name), None)
        if rule is None:
            raise AwsError("ResourceNotFoundException", f"Alarm mute rule {name} does not exist.", status=404)
        schedule = rule.schedule
        spoken = {"Expression": schedule.expression, "Duration": schedule.duration_text, "Timezone": schedule.timezone}
        return Prepared(
            {
                "Name": rule.name,
                "Description": rule.description,
                "Rule": {"Schedule": spoken},
                "MuteTargets": {"AlarmNames": list(rule.alarm_names)},
                "StartDate": rule.starts,
                **self._summary(rule),
            }
        )

    def list_alarm_mute_rules(self) -> ActionResult:
        given = self.params
        found = [
            rule
            for rule in self.book.rules()
            if (not given.get("AlarmName") or given["AlarmName"] in rule.alarm_names)
            and (not given.get("Statuses") or str(rule.status(self.now)) in given["Statuses"])
        ]
        shown, token = page(found, given.get("NextToken"), int(given.get("MaxRecords") or DEFAULT_RECORDS))
        return Prepared({"AlarmMuteRuleSummaries": [self._summary(rule) for rule in shown], "NextToken": token})

    def delete_alarm_mute_rule(self) -> ActionResult:
        self.book.delete_rule(self.params["AlarmMuteRuleName"])
        return Prepared({})

    def _summary(self, rule: MuteRule) -> dict[str, Any]:
        where = f"{self.scope.region}:{self.scope.account}"
        return {
            "AlarmMuteRuleArn": f"arn:aws:cloudwatch:{where}:alarm-mute-rule:{rule.name}",
            "ExpireDate": rule.expires,
            "Status": str(rule.status(self.now)),
            "MuteType": rule.mute_type,
            "LastUpdatedTimestamp": rule.updated,
        }
