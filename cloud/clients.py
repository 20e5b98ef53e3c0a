"""How AWS is reached: one session per scope, metered clients, and who we are there.

The only import of boto3 in the product.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from cloud.faults import EXPECTED, translate
from cloud.metering import Meter
from cloud.settings import DEFAULT_REGION, Account, Settings
from core.reading import Scope

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sts import STSClient

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30
ATTEMPTS: Final = 3
CONNECTIONS: Final = 16
"""Connections a client keeps open; also the most threads that make sense to read with."""
SESSION_NAME: Final = "watchkeeper"
_NO_DELAY: Final = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]

_DEMO_VARIABLES: Final[dict[str, Any]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""The demo neither reads the files in `~/.aws` nor the variables that name others."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says that the credentials belong to."""

    account: str
    arn: str


class Clients:
    """Clients for every scope that the settings name. Safe to share between threads."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self.settings = settings
        self.meter = meter
        self._lock = threading.RLock()
        self._cores: dict[str, botocore.session.Session] = {}
        self._clients: dict[tuple[Scope, str], Any] = {}
        self._transports: dict[str, URLLib3Session] = {}
        self._identity: Identity | None = None
        # botocore logs a failed refresh with its traceback and raises it too; the fault that we make of it is enough.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)

    @overload
    def client(self, scope: Scope, service: Literal["cloudwatch"]) -> CloudWatchClient: ...
    @overload
    def client(self, scope: Scope, service: Literal["autoscaling"]) -> AutoScalingClient: ...
    @overload
    def client(self, scope: Scope, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
    @overload
    def client(self, scope: Scope, service: Literal["ec2"]) -> EC2Client: ...
    @overload
    def client(self, scope: Scope, service: Literal["sns"]) -> SNSClient: ...
    @overload
    def client(self, scope: Scope, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, scope: Scope, service: str) -> Any: ...

    def client(self, scope: Scope, service: str) -> Any:
        """Give the metered client of `service` in `scope`; the same one every time."""
        with self._lock:
            client = self._clients.get((scope, service))
            if client is None:
                client = self._make(self._core(scope.account), service, scope.region)
                self._clients[scope, service] = client
            return client

    def reader(self, scope: Scope) -> CloudWatchClient:
        """Give a CloudWatch client for reads that a plan made: it does not check each parameter again.

        botocore's check is a third of the time of a request for 500 metrics.
        """
        with self._lock:
            client = self._clients.get((scope, "cloudwatch reader"))
            if client is None:
                config = self._config(parameter_validation=False)
                client = self._make(self._core(scope.account), "cloudwatch", scope.region, config=config)
                self._clients[scope, "cloudwatch reader"] = client
            found: CloudWatchClient = client
            return found

    def transport(self, url: str) -> URLLib3Session:
        """Give an HTTP session like our clients' own, for a `before-send` handler that sends by itself.

        It has their proxies, TLS verification and time limits, and TCP_NODELAY: without that each request waits 40 ms
        for a delayed acknowledgement.
        """
        origin = "/".join(url.split("/", 3)[:3])
        with self._lock:
            if origin not in self._transports:
                bundle = self._core("").get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
                make: Any = URLLib3Session  # its stubs know fewer types than it takes
                self._transports[origin] = make(
                    verify=bundle or True,
                    proxies={} if self.settings.is_demo else get_environ_proxies(url),
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    max_pool_connections=CONNECTIONS,
                    socket_options=_NO_DELAY,
                )
            return self._transports[origin]

    def identity(self) -> Identity:
        """Ask AWS, once, who the caller's own credentials belong to. Raises a `cloud.faults.CloudError`."""
        if self._identity is None:
            try:
                answer = self._make(self._core(""), "sts", self._home_region()).get_caller_identity()
            except EXPECTED as error:
                raise translate(error) from error
            self._identity = Identity(answer["Account"], answer["Arn"])
        return self._identity

    def scopes(self) -> tuple[Scope, ...]:
        """List every account and region that is watched.

        Asks AWS for the caller's account where settings name none, and then may raise a `cloud.faults.CloudError`.
        """
        accounts = self.settings.accounts or (self._callers_account(),)
        return tuple(
            Scope(account.id, region)
            for account in accounts
            for region in account.regions or self.settings.regions or (self._home_region(),)
        )

    def account_name(self, account: str) -> str:
        """Give what people call `account`; its number where settings give no name."""
        return next((known.name for known in self.settings.accounts if known.id == account), account)

    def close(self) -> None:
        """Close connections and write the ledger."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            for transport in self._transports.values():
                transport.close()
            self._clients.clear()
            self._transports.clear()
        self.meter.close()

    # -- sessions ---------------------------------------------------------------------------------------------------

    def _callers_account(self) -> Account:
        account = self.identity().account
        return Account(id=account, name=account)

    def _home_region(self) -> str:
        try:
            return self._core("").get_config_variable("region") or DEFAULT_REGION
        except EXPECTED as error:  # a profile that does not exist
            raise translate(error) from error

    def _core(self, account: str) -> botocore.session.Session:
        """Give the session of `account`; of the caller's own credentials for one that names no role, or for ''."""
        known = next((known for known in self.settings.accounts if known.id == account), None)
        role_arn = known.role_arn if known else None
        with self._lock:
            key = account if role_arn else ""
            if key not in self._cores:
                self._cores[key] = self._assuming(account, role_arn) if role_arn else self._own()
            return self._cores[key]

    def _own(self) -> botocore.session.Session:
        core = self._bare(self._own_account())
        if self.settings.is_demo:
            core.set_credentials("demo", "demo")
        return core

    def _assuming(self, account: str, role_arn: str) -> botocore.session.Session:
        """Make a session that takes on `role_arn` when first used, and again before each expiry."""
        own = self._core("")
        fetcher = AssumeRoleCredentialFetcher(
            partial(self._make_sts, own),
            own.get_credentials(),
            role_arn,
            extra_args={"RoleSessionName": SESSION_NAME},
        )
        core = self._bare(account)
        # botocore has no public way to give a session refreshable credentials; boto3's own users set this attribute.
        core._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001
            fetcher.fetch_credentials, "assume-role"
        )
        return core

    def _bare(self, account: str) -> botocore.session.Session:
        core = botocore.session.Session(_DEMO_VARIABLES if self.settings.is_demo else None)
        self.meter.attach(core, account=account)
        return core

    def _own_account(self) -> str:
        """Name the caller's account for the ledger without asking AWS: the one that settings reach without a role."""
        return next((known.id for known in self.settings.accounts if known.role_arn is None), "caller")

    def _make_sts(self, core: botocore.session.Session, service: str, **credentials: Any) -> Any:
        return self._make(core, service, self._home_region(), **credentials)

    def _make(self, core: botocore.session.Session, service: str, region: str, **options: Any) -> Any:
        session = boto3.Session(botocore_session=core)
        endpoint = self.settings.demo_endpoint if self.settings.is_demo else None
        return session.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=endpoint,
            **{"config": self._config(), **options},
        )

    def _config(self, **more: Any) -> Config:
        common: dict[str, Any] = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"mode": "standard", "total_max_attempts": ATTEMPTS},
            "max_pool_connections": CONNECTIONS,
            "user_agent_extra": "watchkeeper",
        }
        if self.settings.is_demo:
            # One loopback address serves every host name that AWS would give, and no proxy stands before it.
            common |= {"proxies": {}, "inject_host_prefix": False, "s3": {"addressing_style": "path"}}
        return Config(**common, **more)
