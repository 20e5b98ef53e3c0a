"""Settings: where they come from, what is accepted, and how a mistake is explained."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from cloud.caps import Caps
from cloud.setting_fields import DEMO_ACCOUNTS
from cloud.settings import CREDENTIALS_IN_ENVIRONMENT, SettingsError, load, sources
from core.money import Money


def explained() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load()
    return list(caught.value.lines)


def test_nothing_set_is_the_demo_on_loopback_for_nothing() -> None:
    settings = load()
    assert (settings.cloud, settings.address, settings.port, settings.demo_port) == ("demo", "127.0.0.1", 8501, 4566)
    assert settings.monthly_cap_usd == 0
    assert settings.accounts == DEMO_ACCOUNTS
    assert settings.billing_export == "s3://directory-billing-exports-111111111111/exports"
    assert settings.access_logs == "s3://employee-directory-access-logs-111111111111"
    assert settings.role_name == "administrator"
    assert settings.data_dir == Path(".var/demo")
    assert (settings.demo_endpoint, settings.dashboard_url) == ("http://127.0.0.1:4566", "http://127.0.0.1:8501")


@pytest.mark.parametrize("name", CREDENTIALS_IN_ENVIRONMENT)
def test_credentials_in_the_environment_mean_a_real_account(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    settings = load()
    assert (settings.cloud, settings.role_name, settings.accounts) == ("aws", "viewer", ())
    assert settings.data_dir == Path(".var/aws")


def test_but_a_chosen_demo_stays_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "demo")
    assert load().cloud == "demo"


def test_environment_wins_over_file_over_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "watchkeeper.toml").write_text(
        'port = 9000\nmonthly_cap_usd = "1.50"\nregions = ["eu-west-1"]\n'
        '[[accounts]]\nid = "123456789012"\nname = "prod"\n'
    )
    monkeypatch.setenv("WATCHKEEPER_PORT", "9001")
    settings = load()
    assert (settings.port, settings.monthly_cap_usd, settings.regions) == (9001, Decimal("1.50"), ("eu-west-1",))
    assert [(account.id, account.name) for account in settings.accounts] == [("123456789012", "prod")]
    rows = {name: (value, source) for name, value, source in sources(settings, os.environ)}
    assert rows["port"] == ("9001", "WATCHKEEPER_PORT")
    assert rows["regions"] == ("eu-west-1", "watchkeeper.toml")
    assert rows["demo_port"] == ("4566", "default")


def test_accounts_and_regions_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_REGIONS", "us-east-1, eu-west-1")
    monkeypatch.setenv(
        "WATCHKEEPER_ACCOUNTS",
        '[{"id": "123456789012", "name": "prod", "regions": "us-west-2",'
        ' "role_arn": "arn:aws:iam::123456789012:role/w"}]',
    )
    settings = load()
    assert settings.regions == ("us-east-1", "eu-west-1")
    assert settings.accounts[0].regions == ("us-west-2",)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "abc", "WATCHKEEPER_PORT: 'abc' is not accepted; give a whole number from 1 to 65535"),
        ("PORT", "65536", "WATCHKEEPER_PORT: '65536' is not accepted; give a whole number from 1 to 65535"),
        ("DEMO_PORT", "0", "WATCHKEEPER_DEMO_PORT: '0' is not accepted; give a whole number from 1 to 65535"),
        ("CLOUD", "gcp", "WATCHKEEPER_CLOUD: 'gcp' is not accepted; give auto, demo or aws"),
        ("ROLE", "root", "WATCHKEEPER_ROLE: 'root' is not accepted; give viewer, operator, engineer or administrator"),
        ("MONTHLY_CAP_USD", "-1", "WATCHKEEPER_MONTHLY_CAP_USD: '-1' is not accepted; give dollars such as 0 or 2.50"),
        ("DAILY_CAP_USD", "x", "WATCHKEEPER_DAILY_CAP_USD: 'x' is not accepted; give dollars such as 0 or 0.10"),
        (
            "BILLING_EXPORT",
            "s3:/bucket",
            (
                "WATCHKEEPER_BILLING_EXPORT: 's3:/bucket' is not accepted; "
                "give a folder such as /data/exports, or s3://bucket/prefix"
            ),
        ),
        (
            "REGIONS",
            "us-east-1,mars",
            "WATCHKEEPER_REGIONS.1: 'mars' is not accepted; give region names such as us-east-1,eu-west-1",
        ),
        (
            "ACCOUNTS",
            '[{"id": "12", "name": "x"}]',
            "WATCHKEEPER_ACCOUNTS.0.id: '12' is not accepted; give twelve digits",
        ),
        ("ACCOUNTS", '[{"id": "123456789012"}]', "WATCHKEEPER_ACCOUNTS.0.name: is missing; give 1 to 60 characters"),
    ],
)
def test_a_mistake_is_explained_by_field_value_and_what_is_accepted(
    name: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WATCHKEEPER_{name}", value)
    assert explained() == [line]


@pytest.mark.parametrize(("value", "cap"), [(None, None), ("0", "0"), ("0.10", "0.10")])
def test_the_cap_of_a_day_may_be_unset(value: str | None, cap: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_MONTHLY_CAP_USD", "2.50")
    if value:
        monkeypatch.setenv("WATCHKEEPER_DAILY_CAP_USD", value)
    assert load().caps == Caps(Money(Decimal("2.50")), None if cap is None else Money(Decimal(cap)))


@pytest.mark.parametrize(
    ("value", "place"), [("", None), ("/data/x", "/data/x"), ("s3://my.bucket/a/b", "s3://my.bucket/a/b")]
)
def test_a_billing_export_is_a_folder_or_a_prefix(
    value: str, place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHKEEPER_BILLING_EXPORT", value)
    assert load().billing_export == place


def test_only_the_demo_has_an_export_that_nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_CLOUD", "aws")
    assert (load().billing_export, load().access_logs) == (None, None)


@pytest.mark.parametrize("value", ["1", "65535"])
def test_ports_at_their_limits(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_PORT", value)
    assert load().port == int(value)


def test_every_mistake_has_a_line(tmp_path: Path) -> None:
    (tmp_path / "watchkeeper.toml").write_text(
        'port = "x"\nprot = 1\n[[accounts]]\nid = "123456789012"\nnme = "prod"\n'
    )
    lines = explained()
    assert any(line.startswith("port: 'x' is not accepted") for line in lines)
    assert any(
        line.startswith("prot: is not a setting; the settings are access_logs, accounts, address") for line in lines
    )
    assert any(
        line.startswith("accounts.0.nme: is not a setting; the settings are guard_at, id, name") for line in lines
    )


def test_a_named_file_must_exist_and_be_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_CONFIG", "nowhere.toml")
    assert explained() == ["WATCHKEEPER_CONFIG: there is no file nowhere.toml; name one that exists or unset it"]
    (tmp_path / "nowhere.toml").write_text("port =")
    assert explained()[0].startswith("nowhere.toml is not TOML: ")


SECRET = "s3cr3t"
ACCEPTED = "a URL such as postgresql://watchkeeper:secret@db.example.com/watchkeeper, an @ in the password as %40"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://wk:{SECRET}@db.example.com:5432/wk?sslmode=require", "postgresql://wk@db.example.com:5432/wk"),
        (f"postgres://wk:{SECRET}@one,two/wk", "postgresql://wk@one,two/wk"),
        (f"postgresql:///wk?host=/run/postgresql&password={SECRET}", "postgresql:///run/postgresql/wk"),
        ("postgresql://wk:%40s3cr3t%3F@db/wk", "postgresql://wk@db/wk"),
        ("", "none"),
    ],
)
def test_a_database_is_shown_without_its_password(url: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_DATABASE_URL", url)
    settings = load()
    assert settings.place.url == url
    assert {name: value for name, value, _ in sources(settings, os.environ)}["database_url"] == shown
    assert SECRET not in repr(settings) + str(settings) + repr(settings.place)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://wk:{SECRET}@db/wk",
        f"postgresql://wk:{SECRET}%zz@db/wk",
        f"postgresql://wk:{SECRET}@db/wk?bogus=1",
        f"postgresql://wk:a@{SECRET}@db/wk",
        f"host=db password={SECRET}",
    ],
)
def test_a_url_that_cannot_be_used_is_not_quoted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHKEEPER_DATABASE_URL", url)
    assert explained() == [
        f"WATCHKEEPER_DATABASE_URL: what it holds is not accepted; give {ACCEPTED}",
    ]
