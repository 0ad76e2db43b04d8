"""What the documents name is there: files they link to, verbs they tell people to type."""

import re
from pathlib import Path

import pytest

from cli.main import VERBS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "data/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_commands_to_verbs(page):
    text = page.read_text()
    links = [link.partition("#")[0] for link in re.findall(r"\]\((?!https?:)([^)]+)\)", text)]
    assert not [link for link in links if not (page.parent / link).exists()]
    typed = re.findall(r"(?:^ {4}|`)(?:\S*/)?tradebot ([a-z-]+)", text, re.MULTILINE)
    assert not set(typed) - VERBS.keys()


def test_what_a_verb_lacks_is_installed_by_a_target_of_make():
    """One way of saying so, and it is there."""
    sources = [path for name in ("cli", "research") for path in (ROOT / name).rglob("*.py")]
    texts = [line for path in sources for line in path.read_text().splitlines()]
    said = [line for line in texts if "needs {error.name}" in line or "needs distributed" in line]
    named = {found for line in said for found in re.findall(r": run `make (\w+)`\"", line)}
    assert all(": run `make " in line for line in said) and len(said) > 10
    assert all(f"\n{name}: .venv/" in (ROOT / "Makefile").read_text() for name in named)
