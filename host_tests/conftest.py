"""Options of more than one kind of test, so that plain `pytest` knows them for any selection."""


def pytest_addoption(parser):
    parser.addoption(
        "--long",
        action="store_true",
        help="many more power cuts, for minutes; a month of deep sleeps instead of days",
    )
    parser.addoption(
        "--watch-floats",
        action="store_true",
        help="run the unit tests under the watch for floats in time computations",
    )
