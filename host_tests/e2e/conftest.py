"""A server, and a rig with a board that sends to it."""

import pytest

from tools.server import LocalServer

from .rig import BATCH_LOGS, KEY, Rig


@pytest.fixture
def way():
    """How the board sends: rig.BATCH_LOGS, unless a test is parametrized with others."""
    return BATCH_LOGS


@pytest.fixture
def server(way):
    _, api, tls = way
    with LocalServer(key=KEY, api=api, tls=tls) as server:
        yield server


@pytest.fixture
def rig(server, tmp_path, way):
    return Rig(server, tmp_path, way)


def pytest_make_parametrize_id(val):
    return "-".join(str(part) for part in val if part) if isinstance(val, tuple) else None
