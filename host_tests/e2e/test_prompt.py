"""Ctrl-C anywhere, again and again, and each time a new Logger in the same interpreter."""

import os
import random
import signal
import time

import pytest

from .desk import BATCH_LOGS, KEPT_EVENTS

ENDS = 40


@pytest.mark.parametrize("way", [BATCH_LOGS, KEPT_EVENTS])
def test_no_socket_or_file_stays_of_programs_that_ctrl_c_has_ended(desk):
    chance = random.Random(1)
    with desk.board_with("prompt", flush_interval=0, quiet=True) as board:
        process = board._process

        def opened():
            return len(os.listdir(f"/proc/{process.pid}/fd"))

        time.sleep(0.5)
        before = opened()
        (desk.flash / "go").touch()
        for i in range(ENDS):
            desk.until(lambda i=i: board.lines.count("begun") > i, "the next program")
            time.sleep(chance.choice((0, 0.002, 0.01, 0.05, 0.2)))
            process.send_signal(signal.SIGINT)
        desk.until(lambda: board.lines.count("begun") > ENDS, "the last program")
        time.sleep(0.5)
        held = desk.server.accepted
        desk.until(lambda: desk.server.accepted > held, "readings of the last program")
        (desk.flash / "stop").touch()
        desk.until(lambda: "over" in board.lines, "its end")
        assert f"whole True ends {ENDS} pending 0" in board.lines, desk.console()
        assert opened() == before
        (desk.flash / "leave").touch()
        desk.ended()
