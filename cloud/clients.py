"""How AWS is reached: one session per scope, metered clients, and who we are there.

The only import of boto3 in the product. Clients that read cannot write, whatever their credentials may do: only
`Clients.writer` gives one that can, for one change of one person.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, overload

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from cloud.faults import EXPECTED, InvalidRequest, translate
from cloud.guarding import allow_only, session_name
from cloud.line_pushing import LinePusher
from cloud.metering import Meter
from cloud.permissions import LINE_PUSHES, PUSHES, READS, WRITES, Call
from cloud.pushing import READ_SECONDS as PUSH_SECONDS
from cloud.pushing import Pusher
from cloud.setting_fields import Account
from cloud.settings import DEFAULT_REGION, Settings
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


@dataclass(frozen=True, slots=True)
class _Session:
    """One session of botocore and its one of boto3: a second would put boto3's parts into S3's clients twice."""

    core: botocore.session.Session
    boto: boto3.Session


class Writer:
    """What can change one scope, for as long as one change is applied.

    It never repeats a call by itself: after a call without an answer, what is live has to be read first.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._clients: dict[str, Any] = {}

    def write(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make one call, `operation` in AWS's spelling, and give its answer; raises a `cloud.faults.CloudError`."""
        try:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            answer: Mapping[str, Any] = getattr(self._clients[service], xform_name(operation))(**params)
        except EXPECTED as error:
            raise translate(error) from error
        except UnicodeEncodeError as error:
            raise InvalidRequest(f"{error.object!r} holds half a character, which cannot be sent") from error
        return answer

    def close(self) -> None:
        """End the change: close its connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()


class Clients:
    """Clients for every scope that the settings name, which make the calls in `reads`; threads may share them."""

    def __init__(self, settings: Settings, meter: Meter, *, reads: AbstractSet[Call] = READS) -> None:
        self._reads = reads
        self.settings = settings
        self.meter = meter
        self._lock = threading.RLock()
        self._sessions: dict[str, _Session] = {}
        self._clients: dict[tuple[Scope, str], Any] = {}
        self._transports: dict[str, URLLib3Session] = {}
        self._loader: Any = None
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
                client = self._make(self._reading(scope.account), service, scope.region)
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
                client = self._make(self._reading(scope.account), "cloudwatch", scope.region, config=config)
                self._clients[scope, "cloudwatch reader"] = client
            found: CloudWatchClient = client
            return found

    def read(self, scope: Scope, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the whole answer, every page of it, to one question; raises a `cloud.faults.CloudError`."""
        try:
            client, method = self.client(scope, service), xform_name(operation)
            if client.can_paginate(method):
                whole: Mapping[str, Any] = client.get_paginator(method).paginate(**params).build_full_result()
                return whole
            answer: Mapping[str, Any] = getattr(client, method)(**params)
        except EXPECTED as error:
            raise translate(error) from error
        return answer

    @contextmanager
    def writer(self, scope: Scope, actor_name: str) -> Iterator[Writer]:
        """Give what can write in `scope`, for one change by the person of that name.

        It has a session of its own, with the account's `write_role_arn`, else with the credentials that read; a role is
        assumed under the person's name, so that CloudTrail says who it was.
        """
        session = self._writing(scope.account, session_name(actor_name))
        once = self._config(retries={"mode": "standard", "total_max_attempts": 1})
        writer = Writer(lambda service: self._make(session, service, scope.region, config=once))
        try:
            yield writer
        finally:
            writer.close()

    def pusher(self, region: str | None = None) -> Pusher:
        """Give what puts metrics, with the caller's own credentials, into `region` or the first that settings name.

        It makes no other call, and never repeats one by itself: what is put twice is counted twice.
        """
        config = self._config(
            read_timeout=PUSH_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1},
            disable_request_compression=True,  # the body is compressed when it is made
        )
        session = self._session("", None, name=SESSION_NAME, calls=PUSHES, use="pushing metrics")
        return Pusher(lambda: self._make(session, "cloudwatch", region or self._pushed_region(), config=config))

    def line_pusher(self, region: str | None = None) -> LinePusher:
        """Give what sends log lines, with the caller's own credentials, into `region` or the first that settings name.

        It never repeats a call by itself: a line that is sent twice counts its metrics twice.
        """
        config = self._config(read_timeout=PUSH_SECONDS, retries={"mode": "standard", "total_max_attempts": 1})
        core = self._session("", None, name=SESSION_NAME, calls=LINE_PUSHES, use="sending log lines")
        return LinePusher(lambda: self._make(core, "logs", region or self._pushed_region(), config=config))

    def _pushed_region(self) -> str:
        """Give the region of what is pushed, without asking AWS."""
        own = next((known for known in self.settings.accounts if known.role_arn is None), None)
        named = (*(own.regions if own else ()), *self.settings.regions)
        return named[0] if named else self._home_region()

    def transport(self, url: str) -> URLLib3Session:
        """Give an HTTP session like our clients' own, for a `before-send` handler that sends by itself.

        It has their proxies, TLS verification and time limits, and TCP_NODELAY: without that each request waits 40 ms
        for a delayed acknowledgement.
        """
        origin = "/".join(url.split("/", 3)[:3])
        with self._lock:
            if origin not in self._transports:
                bundle = self._reading("").core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
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
                answer = self._make(self._reading(""), "sts", self._home_region()).get_caller_identity()
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
            return self._reading("").core.get_config_variable("region") or DEFAULT_REGION
        except EXPECTED as error:  # a profile that does not exist
            raise translate(error) from error

    def _reading(self, account: str) -> _Session:
        """Give the reading session of `account`; of the caller's own credentials where it names no role, or for ''."""
        known = self._known(account)
        role_arn = known.role_arn if known else None
        with self._lock:
            key = account if role_arn else ""
            if key not in self._sessions:
                made = self._session(account, role_arn, name=SESSION_NAME, calls=self._reads, use="reading")
                self._sessions[key] = made
            return self._sessions[key]

    def _writing(self, account: str, name: str) -> _Session:
        """Make a session for one change; it shares no client and no credentials with those that read."""
        known = self._known(account)
        role_arn = (known.write_role_arn or known.role_arn) if known else None
        return self._session(account, role_arn, name=name, calls=WRITES, use="writing")

    def _known(self, account: str) -> Account | None:
        return next((known for known in self.settings.accounts if known.id == account), None)

    def _session(
        self, account: str, role_arn: str | None, *, name: str, calls: AbstractSet[Call], use: str
    ) -> _Session:
        """Make a session that can make `calls`, and takes on `role_arn`, if any, under `name` when first used."""
        core = self._bare((lambda: account) if role_arn else self._own_account, calls, use)
        if role_arn is None:
            if self.settings.is_demo:
                core.set_credentials("demo", "demo")
            return _Session(core, boto3.Session(botocore_session=core))
        own = self._reading("")
        fetcher = AssumeRoleCredentialFetcher(
            partial(self._make_sts, own),
            own.core.get_credentials(),
            role_arn,
            extra_args={"RoleSessionName": name},
        )
        # botocore has no public way to give a session refreshable credentials; boto3's own users set this attribute.
        core._credentials = DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001
            fetcher.fetch_credentials, "assume-role"
        )
        return _Session(core, boto3.Session(botocore_session=core))

    def _bare(self, account: Callable[[], str], calls: AbstractSet[Call], use: str) -> botocore.session.Session:
        core = botocore.session.Session(_DEMO_VARIABLES if self.settings.is_demo else None)
        # Service models are large: read from disk once, not for each session.
        self._loader = self._loader or core.get_component("data_loader")
        core.register_component("data_loader", self._loader)
        allow_only(core, calls, use=use)
        self.meter.attach(core, account=account)
        return core

    def _own_account(self) -> str:
        """Name the caller's account for the ledger without asking AWS: the one that settings reach without a role.

        Where they name none, it is known as soon as AWS was asked who we are; that call itself is the `caller`'s.
        """
        named = next((known.id for known in self.settings.accounts if known.role_arn is None), None)
        return named or (self._identity.account if self._identity else "caller")

    def _make_sts(self, session: _Session, service: str, **credentials: Any) -> Any:
        return self._make(session, service, self._home_region(), **credentials)

    def _make(self, session: _Session, service: str, region: str, **options: Any) -> Any:
        endpoint = self.settings.demo_endpoint if self.settings.is_demo else None
        return session.boto.client(
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
        return Config(**{**common, **more})
