"""An exception or a callback at any line of a day leaves no wreck: some of the places, and that
the day notices what is wrong (`python -m host_tests.model --help`: the long form)."""

import memory_flash
import pytest
from day import Day, Failure

from . import runs

PLACES = 160
SEED = 1


@pytest.fixture(scope="module", autouse=True)
def injections():
    """Under way on both cores, behind the other tests."""
    return runs.injections(SEED, PLACES)


@pytest.fixture
def day():
    memory_flash.install()
    yield Day(("kept", True, "batch_logs"), SEED, memory_flash.FOLDER + "spool")
    memory_flash.uninstall()


def test_a_day_without_any_injection_passes(day):
    day.whole()
    assert len(day.readings) > 100 and day.recovered > 0 and day.server.requests > 40


def test_a_reading_that_a_server_forgets_is_missed(day):
    store = day.server.heard
    day.server.heard = lambda signal, value, e: value == 20 or store(signal, value, e)
    with pytest.raises(Failure, match="the server has|missing"):
        day.whole()


def test_a_reading_that_was_never_logged_is_seen(day):
    store = day.server.heard
    day.server.heard = lambda signal, value, e: store(signal, 1e9 if value == 20 else value, e)
    with pytest.raises(Failure, match="never logged"):
        day.whole()


def test_a_time_that_is_wrong_is_seen(day):
    day.ntp.change = lambda packet: packet.__setitem__(43, packet[43] ^ 1)  # a second
    with pytest.raises(Failure, match="ms off"):
        day.whole()


def test_what_leaves_a_call_is_seen(day):
    def full(*_):
        raise MemoryError

    day.start()
    day.log.poll = full
    with pytest.raises(Failure, match="poll.. raised MemoryError"):
        day.run(1)


def test_books_that_do_not_balance_are_seen(day):
    day.start()
    day.log.log("n", 1)  # of which the day does not know
    with pytest.raises(Failure, match="0 logged, and the books: sent 0, .* pending 1"):
        day.run(1)


def test_a_day_goes_on_wherever_an_exception_or_a_callback_comes(injections):
    places = callbacks = 0
    results = [run.result() for run in injections]
    assert [status for status, _ in results] == [0, 0], "".join([text for _, text in results])
    for _, output in results:
        told = {name: int(n) for name, n in (part.split() for part in output.split(", "))}
        assert told["lines"] > 1000 * 4
        places += told["places"]
        callbacks += told["callbacks"]
    assert places >= PLACES and callbacks > 10 * PLACES
