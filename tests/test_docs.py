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
