"""No setting or credential of the machine reaches these tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "WATCHKEEPER_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
