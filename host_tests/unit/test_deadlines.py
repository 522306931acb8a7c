"""Nothing waits for days because nobody looked: ticks wrap, and what is counted must not."""

import internet
import network
import virtual_board
from clocks import DAY_MS, DAYS, let_days_pass
from islog.wifi import UP, WiFi
from samples import paired, spread
from virtual_board import Board, time


def power_up():
    virtual_board.reset()
    network.air["home"] = "home-password"


def wifi():
    return WiFi([{"ssid": "home", "password": "home-password"}])


def contact_lost():
    network.air.clear()
    internet.link_up = False


def contact_found():
    network.air["home"] = "home-password"
    internet.link_up = True


def test_a_radio_that_nobody_polled_for_days_is_joined_again_in_time():
    for style in ("esp32", "rp2"):
        for days in DAYS:
            for state in ("joining", "failed", "lost", "up"):
                power_up()
                network.style = style
                if state in ("joining", "failed"):
                    network.air.clear()
                radio = wifi()
                for _ in range({"joining": 20, "failed": 41}.get(state, 60)):
                    radio.poll(str)
                    time.advance(100)
                if state == "lost":
                    network.air.clear()
                    radio.poll(str)
                time.advance(days * DAY_MS)
                network.air["home"] = "home-password"
                start = time.up_ms()
                while radio.poll(str) != UP:
                    time.advance(100)
                assert time.up_ms() - start < 40000


def test_a_board_that_was_without_wifi_for_days_while_it_waited_sends_at_once():
    for days in spread(DAYS, 3):
        power_up()
        board = Board(wifi=wifi(), flush_interval=10)
        board.run(5)
        board.server.down = True
        board.log("t", 1)
        board.run(120)
        assert board.logger.retries > 2
        contact_lost()
        let_days_pass(days, board.logger.poll)
        board.server.down = False
        contact_found()
        board.run(150)
        assert board.values() == [1], days


def test_a_board_that_was_without_wifi_for_days_before_it_knew_the_time_gets_it_at_once():
    for days in spread(DAYS, 3):
        power_up()
        board = Board(wifi=wifi(), flush_interval=10)
        board.ntp.silent = board.server.down = True
        board.run(200)
        assert not board.logger.synced
        contact_lost()
        let_days_pass(days, board.logger.poll)
        board.ntp.silent = board.server.down = False
        contact_found()
        board.log("t", 1)
        board.run(60)
        assert board.values() == [1], days


def test_a_refused_board_that_was_without_wifi_for_days_asks_again_at_once():
    for days in spread(DAYS, 3):
        power_up()
        board = Board(wifi=wifi(), flush_interval=0, slow_retry=86400 // 2)
        board.server.key = "another"
        board.log("t", 1)
        board.run(60)
        assert board.logger.state == "refused"
        contact_lost()
        let_days_pass(days, board.logger.poll)
        board.server.key = "the-key"
        contact_found()
        board.run(60)
        assert board.values() == [1], days


def test_a_board_that_only_logs_for_days_goes_on_where_it_is_polled_again():
    for days, transport in paired(spread(DAYS, 2), ("requests", "kept")):
        power_up()
        board = Board(transport=transport, flush_interval=10, sync_interval=3600)
        board.run(5)
        board.log("t", -1)
        board.run(30)
        board.server.down = True
        board.log("t", 0)
        board.run(60)
        let_days_pass(days, board.log, "t", days)
        board.server.down = False
        board.run(200)
        assert len(board.values()) == 2 + days * 8 and not board.logger.pending


def test_a_flash_that_could_not_be_written_is_tried_again_after_days_without_a_poll():
    for days in spread(DAYS, 3):
        power_up()
        path = virtual_board.flash()
        folder = path.rpartition("/")[0]
        board = Board(spool_file=path, spool_bytes=64000, buffer_bytes=1024, batch_bytes=512)
        board.run(2)
        board.server.down = True
        board.logger._spool._path = folder + "/missing/spool"  # a card that is not in its slot
        for i in range(120):
            board.log("t", i)
            board.run(1)
        assert board.logger.spooled == 0
        board.logger._spool._path = path
        let_days_pass(days, board.log, "t", 0)
        board.run(5)
        for i in range(60):
            board.log("t", i)
            board.run(1)
        assert board.logger.spooled > 0, days


def test_an_idle_connection_is_closed_whenever_somebody_looks():
    for days in DAYS:
        power_up()
        board = Board(transport="kept", flush_interval=0)
        board.log("t", 1)
        board.run(5)
        assert internet.open_sockets == 1
        time.advance(days * DAY_MS)
        board.run(1)
        assert internet.open_sockets == 0, days
