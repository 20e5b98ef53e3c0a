"""The house rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "cloud", "access", "collectors", "alarms", "budgets", "dashboard", "demo")


def committed_files() -> list[Path]:
    """Every file that git knows, or every file of the tree where it is no checkout."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return [
            path for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).parts[0].startswith(".")
        ]
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def product_files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


FILES = product_files()


def test_no_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    hosts = "|".join(
        re.escape(".".join(parts)) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"))
    )
    foreign = re.compile(rf"{hosts}|/{'work'}/(main|shared)|/tmp/{'wk'}")
    guilty = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in committed_files()
        if path.suffix not in {".woff2", ".ttf", ".png", ".js"}
        for found in [foreign.search(path.read_text(encoding="utf-8", errors="replace"))]
        if found
    ]
    assert guilty == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body, f"{path.relative_to(ROOT)} has no module docstring"


def test_a_page_only_draws() -> None:
    """No page catches, computes money or knows boto; each fits on two screens."""
    for path in sorted((ROOT / "dashboard" / "app_pages").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert text.count("\n") <= 120, f"{path.name} has {text.count(chr(10))} lines; a page has at most 120"
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)], f"{path.name} catches exceptions"


def test_everything_is_caught_in_one_place_only() -> None:
    """`except Exception` stands once: at the page boundary."""
    places = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
        and not path.is_relative_to(ROOT / "demo")
    ]
    assert len(places) <= 1, places


def test_html_from_data_is_never_allowed() -> None:
    for path in FILES:
        assert not re.search(r"unsafe_allow_html\s*=\s*True", path.read_text(encoding="utf-8")), path


def test_there_are_no_rooms_that_say_nothing() -> None:
    for name in ("utils", "helpers", "services", "models", "common", "pages"):
        assert not list(ROOT.glob(f"*/{name}")) or name == "pages", (
            f"a folder named {name} says nothing of what is in it"
        )


def test_requirements_are_pinned_without_index_addresses() -> None:
    for name in ("requirements.txt", "constraints.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                assert re.fullmatch(r"[A-Za-z0-9_.\-\[\],]+==[^\s;]+", line), f"{name}: {line!r} is not an exact pin"
