"""A board whose islog feeds its watchdog, before a server that takes 1.5 s for each line of an
answer, as one on a loaded machine or behind a bad link does; and one that restarts itself."""

import time

import pytest

from tools.server.front import Front

PACE_S = 1.5
WATCHDOG_S = TIMEOUT_S = 5  # the shortest watchdog that there is
READINGS = 14  # half a second each: longer than the watchdog waits


class SlowAnswer:
    """For a Front: the usual answer, line by line, `headers` of them, or nothing at all."""

    headers = 0
    is_silent = False

    def __call__(self, connection, store):
        if self.is_silent:
            time.sleep(PACE_S)
            return False
        for line in [b"HTTP/1.1 %d Slow" % store(), *[b"Server: slow"] * self.headers, b""]:
            time.sleep(PACE_S)
            connection.send(line + b"\r\n")
        return False


@pytest.fixture
def slow(server):
    with Front(server) as front:
        front.answer = SlowAnswer()
        yield front


def board_before(rig, front, program="guarded", **settings):
    urls = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
    return rig.board_with(program, "rp2", **{**urls, "flush_interval": 1, **settings})


def restarts(rig):
    return [line for line in rig.board.lines if line.startswith("board: reset")]


@pytest.mark.parametrize("headers", [0, 3])  # an answer takes 3 s and 7.5 s
def test_a_slow_server_gets_everything_and_the_board_is_never_reset(rig, slow, headers):
    slow.answer.headers = headers
    with board_before(rig, slow, watchdog=WATCHDOG_S, timeout=TIMEOUT_S):
        rig.until(lambda: rig.server.accepted >= 3, "a first batch")
        rig.until(lambda: len(rig.notes()) >= READINGS, "a few more readings")
        slow.answer.headers = 0
        rig.stop()
    assert restarts(rig) == []
    rig.check_arrivals(rig.notes())
    rig.check_books()


def test_a_silent_server_resets_nothing_and_gets_everything_later(rig, slow):
    slow.answer.is_silent = True
    with board_before(rig, slow, watchdog=WATCHDOG_S, timeout=TIMEOUT_S):
        rig.until_said("no answer")
        rig.until(lambda: len(rig.notes()) >= READINGS, "time goes by")
        slow.answer = SlowAnswer()
        rig.stop()
    assert restarts(rig) == []
    rig.check_arrivals(rig.notes())


def test_a_program_that_stands_still_is_reset_and_told_so(rig):
    with rig.board_with("stands_still", "rp2", watchdog=WATCHDOG_S):
        rig.until(lambda: len(restarts(rig)) == 1, "the watchdog's reset")
        rig.until_said("the board was reset by a watchdog")
        said = "restarted: a watchdog or machine.reset() 3"
        rig.until(lambda: said in rig.board.lines, "what status() says")
        rig.wait_for_end()


def test_under_asyncio_a_program_whose_tasks_stand_still_is_reset_as_well(rig):
    with rig.board_with("stands_still", "esp32", watchdog=WATCHDOG_S, arguments="asyncio"):
        rig.until(lambda: len(restarts(rig)) == 1, "the watchdog's reset")
        rig.until(lambda: "restarted: a watchdog 3" in rig.board.lines, "what status() says")
        rig.wait_for_end()
