"""A server, and a desk to put a board on."""

import pytest

from tools.server import LocalServer

from .desk import KEY, Desk


@pytest.fixture
def server():
    with LocalServer(key=KEY) as server:
        yield server


@pytest.fixture
def desk(server, tmp_path):
    return Desk(server, tmp_path)
