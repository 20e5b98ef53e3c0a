"""Load balancing: target health over time; everything else is moto's."""

from __future__ import annotations

import base64
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.elbv2.responses import ELBV2Response

from demo.aws.over_moto import OverMoto, refused
from demo.targets import Health, Registration

LARGEST_PAGE: Final = 400
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html"""


class ElbV2Service(OverMoto, ELBV2Response):
    """elbv2 with target states that AWS has and moto has not: initial, unhealthy, draining, unused."""

    SERVICE = "elbv2"

    def describe_load_balancers(self) -> ActionResult:
        """Describe as moto does, in pages."""
        return self._paged(super().describe_load_balancers(), "LoadBalancers")

    def describe_target_groups(self) -> ActionResult:
        """Describe as moto does, in pages."""
        return self._paged(super().describe_target_groups(), "TargetGroups")

    def describe_target_health(self) -> ActionResult:
        """Describe the targets asked for, or every registered and draining one."""
        arn = self.params["TargetGroupArn"]
        self._target_group(arn)
        self.fleet.take_over(at=self.now)
        found = list(self.fleet.health(arn, at=self.now))
        asked = self.params.get("Targets")
        if asked:
            known = {registration.target: (registration, health) for registration, health in found}
            documents = [self._asked(arn, target, known.get(target["Id"])) for target in asked]
        else:
            documents = [self._document(arn, r.target, r.port, health) for r, health in found]
        return ActionResult({"TargetHealthDescriptions": documents})

    def register_targets(self) -> ActionResult:
        """Register as moto does; the targets are `initial` first."""
        self._target_group(self.params["TargetGroupArn"])
        result = super().register_targets()
        self.fleet.take_over(at=self.now)
        return result

    def deregister_targets(self) -> ActionResult:
        """Deregister; the targets drain before they are gone."""
        target_group = self._target_group(self.params["TargetGroupArn"])
        for target in self.params.get("Targets") or ():
            target_group.targets.pop(target["Id"], None)  # AWS does not mind a target that is not registered
        self.fleet.take_over(at=self.now)
        return ActionResult({})

    def _paged(self, answered: ActionResult, member: str) -> ActionResult:
        """Cut an answer into pages of `PageSize`; moto gives all at once."""
        document: Any = answered.result
        found = list(document[member])
        start = _place(self.params.get("Marker"))
        size = int(self.params.get("PageSize") or LARGEST_PAGE)
        more = {"NextMarker": _marker(start + size)} if len(found) > start + size else {}
        return ActionResult({member: found[start : start + size]} | more)

    def _target_group(self, arn: str) -> Any:
        target_group = self.fleet.moto.elbv2.target_groups.get(arn)
        if target_group is None:
            raise refused("One or more target groups not found", code="TargetGroupNotFound")
        return target_group

    def _asked(self, arn: str, target: dict[str, Any], found: tuple[Registration, Health] | None) -> dict[str, Any]:
        if found is not None:
            return self._document(arn, found[0].target, found[0].port, found[1])
        port = int(target.get("Port") or self._target_group(arn).port or 80)
        return self._document(arn, target["Id"], port, self.fleet.health_of(arn, target["Id"], at=self.now))

    def _document(self, arn: str, target: str, port: int, health: Health) -> dict[str, Any]:
        checked = str(self._target_group(arn).health_check_port or port)
        reason = {"Reason": health.reason, "Description": health.description} if health.reason else {}
        return {
            "Target": {"Id": target, "Port": port},
            "HealthCheckPort": str(port) if checked == "traffic-port" else checked,
            "TargetHealth": {"State": health.state, **reason},
        }


def _marker(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def _place(marker: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(marker)) if marker else 0
    except ValueError as error:
        raise refused(f"Marker {marker!r} is not one that this service gave") from error
