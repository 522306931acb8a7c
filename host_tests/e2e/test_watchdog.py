"""A board whose islog feeds its watchdog, before a server that takes 2.5 s for each line of an
answer, as one on a loaded machine or behind a bad link does; and one that restarts itself."""

import re
import time

import pytest

from tools.server.front import Front

from .rig import KEPT

PACE_S = 2.5
SETTINGS = {"transport": "kept", "timeout": 6, "watchdog": 8, "flush_interval": 1}


class SlowAnswer:
    """For a Front: the usual answer with so many more headers, line by line."""

    def __init__(self, headers=0):
        self.headers = headers

    def __call__(self, connection, store):
        lines = [b"HTTP/1.1 %d Slow" % store()] + [b"Server: slow"] * self.headers + [b""]
        for line in lines:
            time.sleep(PACE_S)
            connection.send(line + b"\r\n")
        return False


@pytest.fixture
def slow(server):
    with Front(server) as front:
        front.answer = SlowAnswer()
        yield front


def board_before(rig, front, **settings):
    urls = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
    return rig.board_with("guarded", "rp2", **{**SETTINGS, **urls, **settings})


def restarts(rig):
    return [line for line in rig.board.lines if line.startswith("board: reset")]


@pytest.mark.parametrize("way", [KEPT])
def test_a_slow_server_gets_everything_and_the_board_is_never_reset(rig, slow):
    with board_before(rig, slow):
        rig.until(lambda: rig.server.accepted >= 3, "a first batch")
        rig.until(lambda: len(rig.notes()) >= 30, "a few more readings")
        rig.stop()
    assert restarts(rig) == []
    rig.check_arrivals(rig.notes())
    rig.check_books()
    longest_ms = int(re.search(r"longest poll: (\d+)", rig.console())[1])
    assert longest_ms < 1000


@pytest.mark.parametrize("way", [KEPT])
def test_a_server_slower_than_timeout_gets_everything_again_but_resets_nothing(rig, slow):
    slow.answer.headers = 3  # 12.5 s, where the board gives up after 6
    with board_before(rig, slow):
        rig.until(lambda: rig.server.accepted >= 1, "a first batch")
        rig.until_said("not done in 6 s")
        slow.answer.headers = 0
        rig.stop()
    assert restarts(rig) == []
    rig.check_arrivals(rig.notes())


def test_a_program_that_stands_still_is_reset_and_told_so(rig):
    rig.way = KEPT
    with rig.board_with("stands_still", "rp2", watchdog=4, timeout=1):
        rig.until(lambda: len(restarts(rig)) == 1, "the watchdog's reset")
        rig.until_said("the board was reset by a watchdog")
        rig.until(lambda: "restarted: a watchdog 3" in rig.board.lines, "what status() says")
        rig.wait_for_end()
