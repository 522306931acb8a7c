"""A server, and a desk to put a board on."""

import pytest

from tools.server import LocalServer

from .rig import BATCH_LOGS, KEY, Desk


@pytest.fixture
def way():
    """How the board sends: desk.BATCH_LOGS, unless a test is parametrized with others."""
    return BATCH_LOGS


@pytest.fixture
def server(way):
    _, api, tls = way
    with LocalServer(key=KEY, api=api, tls=tls) as server:
        yield server


@pytest.fixture
def desk(server, tmp_path, way):
    return Desk(server, tmp_path, way)


def pytest_make_parametrize_id(val):
    return "-".join(str(part) for part in val if part) if isinstance(val, tuple) else None
