"""Secrets are hidden; ordinary ids of real logs are let be."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masking import SecretKind, masked, masked_value, secrets

LOGS = Path(__file__).parents[4] / "shared" / "data" / "loghub"
real_logs = pytest.mark.skipif(
    not LOGS.is_dir(), reason="the sample data (../shared/data/loghub) are not on this machine"
)

# Made of two halves, so that no scanner takes this file for a leak.
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
SLACK = "xoxb-" + "123456789012-1234567890123-AbCdEfGhIjKl"
PEM = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "kind", "hidden"),
    [
        (f"using {KEY_ID} now", SecretKind.ACCESS_KEY, KEY_ID),
        (f"{KEY_ID}:{SECRET_KEY}", SecretKind.ACCESS_KEY, KEY_ID),
        (f"keys {KEY_ID} {SECRET_KEY}", SecretKind.SECRET_KEY, SECRET_KEY),
        (f"aws_secret_access_key = {SECRET_KEY}", SecretKind.SECRET_KEY, SECRET_KEY),
        (f'{{"SecretAccessKey": "{SECRET_KEY}"}}', SecretKind.SECRET_KEY, SECRET_KEY),
        ("AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEJr", SecretKind.SESSION_TOKEN, "IQoJb3JpZ2luX2VjEJr"),
        (f"got IQoJb3JpZ2lu{'aB3' * 20}==", SecretKind.SESSION_TOKEN, "aB3aB3"),
        (f"Authorization: Bearer {JWT}", SecretKind.BEARER, "dozjgNryP4J3jVmNHl0w5N"),
        ("Authorization: Basic dXNlcjpwYXNz", SecretKind.BEARER, "dXNlcjpwYXNz"),
        ("curl -H 'bearer 4f9c2b7a1e8d4f9c2b7a'", SecretKind.BEARER, "4f9c2b7a1e8d4f9c2b7a"),
        (f"cookie jwt {JWT}", SecretKind.JWT, "dozjgNryP4J3jVmNHl0w5N"),
        ("Cookie: session=9f8e; theme=dark", SecretKind.TOKEN, "theme=dark"),
        ("postgres://app:p4ss:w0rd@db:5432/x", SecretKind.PASSWORD, "p4ss:w0rd"),
        ("GET /login?user=ann&password=hunter2&x=1", SecretKind.PASSWORD, "hunter2"),
        ('{"user":"ann","dbPassword":"hun\\"ter2"}', SecretKind.PASSWORD, 'hun\\"ter2'),
        (r'body="{\"password\":\"hunter2\"}"', SecretKind.PASSWORD, "hunter2"),
        ("DB_PASSWORD=hunter2", SecretKind.PASSWORD, "hunter2"),
        ("db.password: hunter2", SecretKind.PASSWORD, "hunter2"),
        ("{'passwd': 'it\"s me'}", SecretKind.PASSWORD, 'it"s me'),
        ("X-Api-Key: 0a1b2c3d4e5f", SecretKind.SECRET, "0a1b2c3d4e5f"),
        ("client_secret=0a1b2c3d4e5f", SecretKind.SECRET, "0a1b2c3d4e5f"),
        (f"push with {GITHUB}", SecretKind.TOKEN, GITHUB),
        (f"slack {SLACK}", SecretKind.TOKEN, SLACK),
        (f"loaded {PEM} done", SecretKind.PRIVATE_KEY, "MIIEowIBAAKCAQEA"),
        (PEM[:60], SecretKind.PRIVATE_KEY, "MIIEow"),
        ("paid by 4111 1111 1111 1111.", SecretKind.CARD, "4111 1111 1111 1111"),
        ("paid by 4111-1111-1111-1111", SecretKind.CARD, "4111-1111-1111-1111"),
        ('{"pan":"378282246310005"}', SecretKind.CARD, "378282246310005"),
    ],
)  # fmt: skip
def test_a_secret_is_hidden_and_named(text: str, kind: SecretKind, hidden: str) -> None:
    assert hidden in text
    shown = masked(text).text
    assert hidden not in shown
    assert f"[hidden: {kind}]" in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "request 6ba7b810-9dad-11d1-80b4-00c04fd430c8 done in 12 ms",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Root=1-58337262-36d228ad5d99923122bbe354",
        "arn:aws:secretsmanager:us-east-1:111111111111:secret:prod/db-AbCdEf",
        "secretArn=arn:aws:secretsmanager:us-east-1:111111111111:secret:prod/db-AbCdEf",
        "account 111111111111 event 36934834728347283472834728347283472834728347283472834728",
        "id 4111111111111112 at 1764150000123 order 5500-0000",
        "arn 41111111111111111111 a4111111111111111 0x4111111111111111",
        "Failed password for root from 173.234.31.186 port 38926 ssh2",
        "password: incorrect",
        "Unexpected token: x1",
        "prompt tokens: 512, completion_tokens=64, max_tokens=4096, token=12",
        "nextToken=AAAAAXz9b7F/4kq next_page_token: abc123",
        '"uploadSequenceToken": "49609538486258003219375262998828380693436133092895373906"',
        "PWD=/home/app",
        "passwordResetRequired=true password=${DB_PASSWORD} secret: {{ vault }} token=null",
        "tokenType=Bearer secretName=prod/db passwordPolicy=strict",
        "Bearer authentication failed, bearer token missing",
        "/usr/lib/python3/dist/Packages/Site/aB1/x",
        "http://host:8080/path?at=user@example.com",
        "see https://example.com/a:b/c@d",
    ],
)
def test_what_is_no_secret_is_let_be(text: str) -> None:
    assert masked(text).text == text


@real_logs
@pytest.mark.parametrize("name", ["Apache/Apache_2k.log", "OpenSSH/OpenSSH_2k.log"])
def test_real_logs_hold_no_secret_and_none_is_found(name: str) -> None:
    lines = (LOGS / name).read_text(errors="replace").splitlines()
    assert len(lines) == 2_000
    assert [line for line in lines if secrets(line)] == []


def test_a_field_is_hidden_by_its_name_or_by_what_it_holds() -> None:
    assert masked_value("user.password", "hunter2") == "[hidden: password]"
    assert masked_value("note", f"uses {KEY_ID}") == "uses [hidden: AWS access key]"
    assert masked_value("status", "200") == "200"
    assert masked_value("nextToken", "abc12345") == "abc12345"


OPEN = ("*", "!0", "!1", "ok", "no", "yes", "set", "xxxx", "nil")
SECRETS = st.text(string.ascii_letters + string.digits + "!#%*+_~-", min_size=8, max_size=60).filter(
    lambda text: any(map(str.isdigit, text)) and any(map(str.isalpha, text)) and not text.lower().startswith(OPEN)
)
NOISE = st.text(string.ascii_lowercase + " ", max_size=30)


@given(NOISE, SECRETS, NOISE, st.sampled_from(["password", "db_passwd", "clientSecret", "api-key", "accessToken"]))
def test_a_named_secret_never_shows_and_json_stays_json(before: str, secret: str, after: str, name: str) -> None:
    text = json.dumps({"a": before, name: secret, "z": after})
    shown = json.loads(masked(text).text)
    assert shown["a"] == before
    assert shown["z"] == after
    assert secret not in shown[name]


@given(st.text(max_size=200) | st.text('password="\\:/@=eyJ.AKI4- \n', max_size=80))
def test_places_ascend_and_do_not_overlap(text: str) -> None:
    found = secrets(text)
    ends = [0, *(each.end for each in found)]
    assert all(end <= each.start < each.end for end, each in zip(ends, found, strict=False))
