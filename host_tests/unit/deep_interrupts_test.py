"""Ctrl-C, and a lack of memory, at any line of what comes before a deep sleep and after it: the
board sleeps all the same, or starts anew; every reading arrives.

For CPython only, whose sys.settrace() tells of each line.
"""

import machine
import pytest
import virtual_board
from at_line import AtLine, some
from deep_sleepers import HOME, HOUR_S, SLEEP_S, Sleeper
from islog import leaps, rtc_memory, rtc_recall, sleep
from islog.wifi import WiFi
from virtual_board import flash

WANTS_MEMORY = (
    "_keep fits packed write told tables put look mark stamp unknown sync sync_at due".split()
)
FILES = (sleep.__file__, rtc_memory.__file__, rtc_recall.__file__, leaps.__file__)


class Interrupted(Sleeper):
    """A Sleeper with a spool; `at`: an AtLine for one of its lives."""

    def __init__(self):
        super().__init__(spool_file=flash(), spool_bytes=65536, batch_bytes=512)
        self.at = None

    def main(self):
        at, self.at = self.at, None
        log = self.start(wifi=WiFi([HOME]))
        self.measure()
        self.statuses.append(log.status())
        if not at:
            log.sleep(SLEEP_S, deep=True)
        try:
            with at:
                log.sleep(SLEEP_S, deep=True)
        except KeyboardInterrupt:
            machine.reset()


def interrupted(kind, number):
    virtual_board.reset()
    board = Interrupted()
    board.live(1500)
    functions = WANTS_MEMORY if kind is MemoryError else None
    at = board.at = AtLine(number, kind, FILES, functions)
    then = len(board.true_ms)
    board.live(1)
    board.live(2 * HOUR_S + 1500)
    there = board.values("n")
    missing = set(range(max(there) + 1)) - set(there)
    assert missing <= ({then} if kind is KeyboardInterrupt else set())  # it was in RAM only
    assert len(board.true_ms) - len(set(there)) <= 13
    assert len(there) - len(set(there)) <= 6  # after a reset some come twice
    return at.left < 0


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_at_any_line_before_a_deep_sleep(kind):
    numbers = some(40)
    while interrupted(kind, next(numbers)):
        pass
