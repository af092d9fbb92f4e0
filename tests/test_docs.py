"""Docs that lag behind the program fail here."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined
from typer.main import get_command

from spanledger.cli.commands import app
from spanledger.settings import Settings, variable

ROOT = Path(__file__).resolve().parents[1]
SETTINGS_PAGE = ROOT / "docs" / "settings.md"
HEAD = """# Settings

Each setting is an environment variable, or the same name without `SPANLEDGER_`, in lower case, in a TOML file:
`./spanledger.toml`, or the file that `SPANLEDGER_CONFIG` names. The environment wins. A wrong name or value stops the
start with a sentence that says which.

| variable | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """docs/settings.md as it must be."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        assert default is not PydanticUndefined, f"{name} has no default"
        value = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        shown = "" if value in ("", ()) else f"`{value}`"
        rows.append(f"| `{variable(name)}` | {shown} | {field.description} |")
    return HEAD + "\n".join(rows) + "\n"


def test_settings_page() -> None:
    if os.environ.get("REGENERATE"):
        SETTINGS_PAGE.write_text(settings_page())
    assert SETTINGS_PAGE.read_text() == settings_page(), "run REGENERATE=1 pytest tests/test_docs.py"


def commands() -> list[str]:
    """All commands, those of groups with the group's name."""
    found = []
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found += [f"{name} {sub}" for sub in inner] if inner else [name]
    return found


@pytest.mark.parametrize("command", commands())
def test_each_command_is_in_the_docs(command: str) -> None:
    assert f"spanledger {command}" in (ROOT / "docs" / "commands.md").read_text()


def test_links_in_the_docs_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    assert len(pages) > 5
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http://", "https://")):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_no_registry_is_named() -> None:
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "debian" + ".org")
    pages = [path for path in ROOT.rglob("*") if path.suffix in {".md", ".lock", ".json", ".toml", ".yml"}]
    for page in pages:
        if not {".venv", ".venv-instrumentations", "node_modules", ".git", "data"} & set(page.relative_to(ROOT).parts):
            assert not [host for host in hosts if host in page.read_text(errors="replace")], page
