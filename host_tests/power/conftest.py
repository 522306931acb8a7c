"""--long: what takes minutes."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="many more power cuts, for minutes")


@pytest.fixture
def long(request):
    return request.config.getoption("--long", default=False)
