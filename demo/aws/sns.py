"""SNS: subscriptions that people have to confirm first. What is not here is moto's, which confirms all at once.

https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html and "Confirm the subscription" of e-mail
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.sns.models import sns_backends
from moto.sns.responses import SNSResponse

from demo.aws.errors import AwsError
from demo.aws.over_moto import OverMoto, refused

CONFIRMED_BY_PEOPLE: Final = frozenset({"email", "email-json", "http", "https"})
PENDING: Final = "PendingConfirmation"
"""What stands in place of the ARN in lists; Subscribe itself answers `pending confirmation`."""


class _NobodyYet:
    """The filter of a subscription that is not confirmed: no message passes."""

    def matches(self, *_: Any) -> bool:
        return False


class SnsService(OverMoto, SNSResponse):
    """sns with confirmation. `GET /_demo/mail` shows the tokens that AWS would send."""

    SERVICE = "sns"

    def get_topic_attributes(self) -> ActionResult:
        """Describe as moto does, with how many are told and how many have not confirmed."""
        answered = super().get_topic_attributes()
        document: Any = answered.result
        found = [kept for kept in self._subscriptions() if kept.topic.arn == self.params["TopicArn"]]
        waiting = sum(is_pending(kept) for kept in found)
        counts = {"SubscriptionsPending": waiting, "SubscriptionsConfirmed": len(found) - waiting}
        return ActionResult({"Attributes": document["Attributes"] | counts})

    def subscribe(self) -> ActionResult:
        """Subscribe; people confirm before they are told, queues and functions are told at once."""
        before = set(self._backend().subscriptions)
        answered: Any = super().subscribe()
        subscription = self._backend().subscriptions[answered.result["SubscriptionArn"]]
        if subscription.arn not in before and subscription.protocol in CONFIRMED_BY_PEOPLE:
            _hold(subscription)
        if is_pending(subscription) and not self.params.get("ReturnSubscriptionArn"):
            return ActionResult({"SubscriptionArn": "pending confirmation"})
        return ActionResult({"SubscriptionArn": subscription.arn})

    def confirm_subscription(self) -> ActionResult:
        """Confirm with the token that was sent to the subscriber."""
        for subscription in self._subscriptions():
            same_topic = subscription.topic.arn == self.params["TopicArn"]
            if same_topic and is_pending(subscription) and token_of(subscription) == self.params["Token"]:
                _release(subscription)
                return ActionResult({"SubscriptionArn": subscription.arn})
        raise refused("Invalid parameter: Token", code="InvalidParameter")

    def unsubscribe(self) -> ActionResult:
        """Unsubscribe; what is not confirmed cannot be, and goes by itself after two days."""
        subscription = self._backend().subscriptions.get(self.params["SubscriptionArn"])
        if subscription is not None and is_pending(subscription):
            raise AwsError("InvalidParameter", "Invalid parameter: This subscription is pending confirmation.")
        return super().unsubscribe()

    def list_subscriptions(self) -> ActionResult:
        """List as moto does, without the ARNs of those that are not confirmed."""
        return self._listed(super().list_subscriptions())

    def list_subscriptions_by_topic(self) -> ActionResult:
        """List as moto does, without the ARNs of those that are not confirmed."""
        return self._listed(super().list_subscriptions_by_topic())

    def _listed(self, answered: ActionResult) -> ActionResult:
        document: Any = answered.result
        shown = [_shown(subscription) for subscription in document["Subscriptions"]]
        return ActionResult({**document, "Subscriptions": shown})

    def _backend(self) -> Any:
        return sns_backends[self.scope.account][self.scope.region]

    def _subscriptions(self) -> list[Any]:
        return list(self._backend().subscriptions.values())


def is_pending(subscription: Any) -> bool:
    """Tell whether a subscription of moto's waits for its confirmation."""
    return bool(subscription.attributes.get(PENDING))


def token_of(subscription: Any) -> str:
    """Give the token that AWS would send to the subscriber, and to nobody else."""
    return hashlib.sha256(str(subscription.arn).encode()).hexdigest()


def mail(_: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
    """Give the confirmations that AWS would have sent and that wait: who, for which topic, with which token."""
    return 200, {"confirmations": list(_waiting())}


def _waiting() -> Iterator[dict[str, str]]:
    for regions in sns_backends.values():
        for backend in regions.values():
            for kept in backend.subscriptions.values():
                if is_pending(kept):
                    yield {"to": kept.endpoint, "topic": kept.topic.arn, "token": token_of(kept)}


def _hold(subscription: Any) -> None:
    subscription.attributes |= {PENDING: True, "ConfirmationWasAuthenticated": False}
    subscription._filter_policy_matcher = _NobodyYet()  # noqa: SLF001 - the only gate before moto's delivery


def _release(subscription: Any) -> None:
    subscription.attributes[PENDING] = False
    subscription._filter_policy_matcher = None  # noqa: SLF001


def _shown(subscription: Any) -> dict[str, str]:
    return {
        "SubscriptionArn": PENDING if is_pending(subscription) else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic_arn,
    }
