"""When a board that gets no answer restarts itself, and when it does not. In virtual time: weeks
pass while it waits."""

import internet
import machine
import network
import virtual_board
from guarded import DAY_S, HOUR_S, KEPT, Notes, restarts
from islog.wifi import WiFi
from samples import paired
from virtual_board import Board, time

HOME = {"ssid": "home", "password": "home-password"}


def test_weeks_without_a_server_restart_a_board_ever_more_rarely():
    with Notes():
        board = Board(restart_after=HOUR_S, **KEPT)
        internet.dead.add("service.test:80")
        found = restarts(board, 14 * DAY_S)
        hours = [(seconds + 600) // HOUR_S for seconds in found]
        assert hours[:6] == [1, 2, 4, 8, 16, 24] and set(hours[6:]) == {24}
        assert 14 <= len(hours) <= 18
        assert board.logger.status()["restarts"] == len(hours)


def on_wifi(**settings):
    """A board whose radio has joined, and that has sent something."""
    network.air["home"] = HOME["password"]
    board = Board(wifi=WiFi([HOME]), **settings)
    board.run(60)
    board.log("first", 1)
    board.logger.flush()
    assert board.values() == [1]
    return board


def test_weeks_without_wifi_do_the_same_and_with_a_spool_nothing_is_lost():
    with Notes():
        network.style = machine.style = "rp2"
        flash = {"spool_file": virtual_board.flash(), "spool_bytes": 200000}
        board = on_wifi(restart_after=HOUR_S, **flash, **KEPT)
        for i in range(20):
            board.log("n", i)
        network.air.clear()
        network.WLAN(network.STA_IF).disconnect()
        total = 0
        for _ in range(4 * 24 * 30):
            try:
                board.logger.poll()
            except machine.Reset:
                total += 1
                board.reboot(wifi=WiFi([HOME]))
            time.advance(120000)
        assert board.logger.status()["restarts"] == total and 5 < total < 9
        assert board.logger.dropped == board.logger.lost == 0
        network.air["home"] = HOME["password"]
        board.run(3600)
        assert board.values("n") == list(range(20))


def test_a_dead_radio_of_the_programs_own_interface_counts_as_well():
    class Lan:
        def isconnected(self):
            return False

    with Notes():
        board = Board(wifi=Lan(), restart_after=300, **KEPT)
        assert len(restarts(board, 700)) == 1


def test_a_board_that_never_learns_the_time_over_tls_restarts():
    with Notes():
        board = Board(restart_after=300, **KEPT)
        board.logger._uplink.transport.verifies = True  # as with ca_file
        board.ntp.silent = True
        board.log("n", 1)
        try:
            board.run(400)
        except machine.Reset:
            pass
        assert machine.resets == ["reset"] and board.server.posts == []


def test_an_answer_of_any_kind_is_one_and_a_refused_key_never_restarts_a_board():
    answers = [(401, {}, b"no"), (403, {}, b"no"), (500, {}, b"oops"), (302, {}, b"")]
    answers.append(("garbage", {}, b"SSH-2.0"))
    for answer, transport in paired(answers, ("requests", "kept")):
        virtual_board.reset()
        with Notes() as notes:
            board = Board(restart_after=300, transport=transport, timeout=5)
            board.server.always = board.server.always_bucket = answer
            board.log("n", 1)
            assert restarts(board, 6 * HOUR_S) == [] and notes.writes == 0, (answer, transport)


def test_a_key_that_is_refused_after_years_ends_the_doubling():
    with Notes():
        board = Board(restart_after=HOUR_S, **KEPT)
        internet.dead.add("service.test:80")
        assert len(restarts(board, 8 * HOUR_S)) == 3
        board.server.always = board.server.always_bucket = (401, {}, b"no")
        internet.dead.clear()
        assert restarts(board, DAY_S) == []
        board.reboot()  # somebody pulls the plug
        assert board.logger.status()["restarted"] is None
        assert board.logger.status()["restarts"] == 3
        internet.dead.add("service.test:80")
        found = restarts(board, 4 * HOUR_S)
        assert [(at + 600) // HOUR_S for at in found] == [1, 2]


def test_a_board_that_has_nothing_to_say_is_not_restarted():
    with Notes():
        board = on_wifi(restart_after=300, flush_interval=DAY_S, **KEPT)
        board.log("n", 1)
        for _ in range(12):  # the radio is away for a moment, in every hour
            network.WLAN(network.STA_IF).disconnect()
            for _ in range(100):
                time.advance(max(1, min(200, board.logger.poll())))
            for _ in range(58):
                board.logger.poll()
                time.advance(60000)
        assert machine.resets == []


def test_one_lost_packet_and_a_long_pause_do_not_restart_a_board():
    with Notes():
        board = Board(restart_after=300, backoff_max=3600, **KEPT)
        board.run(30)
        board.server.answers = ["drop"]
        for i in range(5):
            board.log("n", i)
            board.run(600)
        assert board.values() == list(range(5)) and machine.resets == []


def test_a_step_that_goes_wrong_for_ever_ends_in_a_restart():
    with Notes() as notes:
        board = Board(restart_after=300, **KEPT)

        def fails(*_):
            raise RuntimeError("a driver")

        internet.during_call = fails
        board.log("n", 1)
        assert len(restarts(board, 800, 5)) == 1
        assert b"no answer for 3" in notes.data
