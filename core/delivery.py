"""What stands between an alarm and the person it calls: topics, their keys and their subscriptions, as AWS has them."""

from __future__ import annotations

from dataclasses import dataclass

from core.reading import Unknown


@dataclass(frozen=True, slots=True)
class Subscription:
    """One endpoint of a topic."""

    protocol: str
    """`email`, `https`, `sqs`, `lambda` …"""
    endpoint: str
    """Foreign text."""
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A KMS key that a topic is encrypted with."""

    arn: str
    aws_managed: bool
    """Its policy is AWS's and cannot be changed."""
    state: str
    """KMS's key state: `Enabled`, `Disabled`, `PendingDeletion` …"""
    policy: str | Unknown
    """The key policy, JSON text."""


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic."""

    arn: str
    policy: str
    """The topic policy, JSON text; empty where it has none."""
    key_id: str | None
    """The key as the topic names it (id, ARN or alias); None where it is not encrypted with KMS."""
    key: Key | Unknown | None
    subscriptions: tuple[Subscription, ...] | Unknown
