"""--long: what takes minutes."""

import pytest


@pytest.fixture
def long(request):
    return request.config.getoption("--long")
