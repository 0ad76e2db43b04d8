"""A container with a real systemd: it needs root and, the first time, the network."""

import pytest

from tests.systemd.host import Host


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
