"""What `requests` is kept to, by a real MicroPython's own: one deadline for all of an exchange."""

import pytest

from tools.server.front import Front, good

from .rig import HELD_S, hold
from .test_kept import endless_headers, endless_line, silence


def a_letter_at_a_time(connection):
    while True:
        connection.drip(b"HTTP/1.1 204 No Content in this answer, nor an end ", pause_s=0.2)


def a_line_at_a_time(connection):
    connection.send(b"HTTP/1.1 204 No Content\r\n", pause_s=0.4)
    while True:
        connection.send(b"X-More: and more\r\n", pause_s=0.4)


@pytest.mark.parametrize(
    "slow", [a_letter_at_a_time, a_line_at_a_time, endless_headers, endless_line, silence]
)
def test_an_answer_that_does_not_end_is_given_up_when_the_timeout_is_over(rig, slow):
    held = []

    def answer(connection, store):
        if held or rig.server.accepted < 3:
            return good(connection, store)
        store()
        hold(connection, slow, held)

    with Front(rig.server, answer) as front:
        settings = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
        settings |= {"flush_interval": 0, "timeout": 1, "wifi": None, "buffer_bytes": 65536}
        with rig.board_with("steady", **settings):
            rig.until(lambda: held, "the board hangs up", HELD_S)
            rig.stop()
    rig.check_books()


def test_a_server_that_takes_longer_than_the_timeout_for_its_headers_has_accepted(rig):
    # Its status line is there in time: what comes behind it is not waited for.
    def answer(connection, store):
        store()
        return a_line_at_a_time(connection)

    with Front(rig.server, answer) as front:
        settings = {"bucket_url": front.bucket_url, "ingest_url": front.ingest_url}
        settings |= {"flush_interval": 0, "timeout": 3, "wifi": None, "buffer_bytes": 65536}
        with rig.board_with("steady", **settings):
            rig.until(lambda: rig.server.accepted > 2, "readings arrive")
            rig.stop()
    assert rig.board.status["retries"] == 0 and rig.server.duplicates == 0
    rig.check_books()
