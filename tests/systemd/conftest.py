"""Tests in a container with a real systemd run only when asked for: `pytest -m systemd`.

They need root and, the first time, the network; without these they fail, they are never skipped.
"""

import pytest

from tests.systemd.host import Host


def pytest_collection_modifyitems(config, items):
    if "systemd" in config.option.markexpr:
        return
    unasked = [item for item in items if item.get_closest_marker("systemd")]
    if unasked:
        config.hook.pytest_deselected(items=unasked)
        items[:] = [item for item in items if item not in unasked]


@pytest.fixture(scope="module")
def booted(tmp_path_factory):
    """A running container with the program and its unit installed, as docs/systemd.md says."""
    host = Host()
    host.boot(tmp_path_factory.mktemp("opt"))
    try:
        host.install()
        yield host
    finally:
        host.halt()


@pytest.fixture
def host(booted):
    """The same, with the unit stopped, no drop-in and no state."""
    booted.clean()
    yield booted
    booted.sh("systemctl stop tradebot tradebot-gateway 2>/dev/null || true")
