"""Tests of what a plain machine lacks run only when asked for: `pytest -m systemd`, `-m browser`.

Without root and a container, or Chromium, they fail then: they are never skipped. No test fails by
the clock of a busy machine: drawn examples have no deadline.
"""

from hypothesis import settings

if settings().deadline is not None:  # else a profile was chosen before
    settings.register_profile("tests", deadline=None)
    settings.load_profile("tests")
ASKED_FOR = ("systemd", "browser")


def pytest_collection_modifyitems(config, items):
    others = [name for name in ASKED_FOR if name not in config.option.markexpr]
    unasked = [item for item in items if any(item.get_closest_marker(name) for name in others)]
    if unasked:
        config.hook.pytest_deselected(items=unasked)
        items[:] = [item for item in items if item not in unasked]
