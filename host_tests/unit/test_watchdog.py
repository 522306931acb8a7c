"""A watchdog that poll() feeds: what it ends, and what it does not. In virtual time."""

import internet
import islog
import machine
import network
import virtual_board
from configs import GOOD
from guarded import KEPT
from islog import config
from islog import task as under_asyncio
from virtual_board import Board, raises, time

asyncio = under_asyncio.asyncio


def test_a_program_without_the_settings_has_nothing_of_it():
    board = Board()
    assert "restarted" not in board.logger.status()
    assert not machine.bitten() and machine.resets == []


def test_a_watchdog_is_fed_by_polling_whatever_happens_to_the_server():
    for style in ("esp32", "rp2"):
        for always in (None, "drop", (500, {}, b"oops"), (401, {}, b"no")):
            virtual_board.reset()
            network.style = machine.style = style
            board = Board(watchdog=8, **KEPT)
            board.server.always = always
            for i in range(30):
                board.log("n", i)
                board.run(20)
                assert not machine.bitten()
            assert board.logger.flush(5) is (always is None)
            board.logger.close()
            assert not machine.bitten() and machine.resets == []


def test_a_program_that_stops_polling_is_reset_and_told_so():
    for style, told in (("esp32", "a watchdog"), ("rp2", "a watchdog or machine.reset()")):
        virtual_board.reset()
        machine.style = style
        board = Board(watchdog=8, **KEPT)
        board.run(60)
        assert board.logger.status()["restarted"] is None
        time.advance(9000)
        assert machine.bitten()
        assert raises(machine.Reset, board.logger.poll).args == ("watchdog",)
        board.reboot()
        status = board.logger.status()
        assert (status["restarted"], status["reset_cause"]) == (told, machine.WDT_RESET)
        assert status["said"][-1][1] == "the board was reset by " + told
        board.run(60)
        assert not machine.bitten()


def test_a_driver_that_hangs_is_not_fed_by_a_callback_that_polls_meanwhile():
    board = Board(watchdog=30)
    board.run(5)
    board.log("n", 1)

    def hangs(*_):
        for _ in range(40):
            time.advance(1000)
            board.logger.poll()

    internet.during_post = hangs
    raises(machine.Reset, board.run, 60)
    assert machine.resets == ["watchdog"]


def test_a_closed_log_still_feeds_for_nothing_stops_a_watchdog():
    board = Board(watchdog=8, **KEPT)
    board.run(5)
    board.logger.close()
    board.run(60)
    assert not machine.bitten()


def test_a_spool_that_takes_long_to_write_is_fed_after_each_record():
    path = virtual_board.flash()
    board = Board(watchdog=8, spool_file=path, spool_bytes=100000, buffer_bytes=32768, **KEPT)
    board.run(5)
    board.server.always = "drop"
    for i in range(1500):
        board.log("n", i)
    spool = islog.spool.Spool
    move = spool._move

    def slow_move(self, source):
        time.advance(2000)
        move(self, source)

    spool._move = slow_move
    try:
        board.logger.close()
    finally:
        spool._move = move
    assert not machine.bitten() and board.logger.spooled == 1500


def test_a_watchdog_that_the_board_cannot_have_is_refused():
    machine.style = "rp2"
    sentence = str(raises(islog.ConfigError, Board, watchdog=9, **KEPT))
    assert sentence.startswith("watchdog must be so many seconds as this board")
    assert "timeout exceeds 8388" in sentence
    machine.style = "esp32"
    Board(watchdog=3600, **KEPT)
    assert not machine.bitten()


def test_a_port_without_a_watchdog_or_reset_says_so():
    for name, setting, value in (("WDT", "watchdog", 8), ("reset", "restart_after", 300)):
        found = getattr(machine, name)
        delattr(machine, name)
        try:
            sentence = str(raises(islog.ConfigError, Board, **{setting: value}, **KEPT))
        finally:
            setattr(machine, name, found)
        assert sentence.startswith(setting) and "machine has no " + name in sentence


def test_with_a_watchdog_the_connection_is_kept_whose_steps_are_short():
    assert config.check(dict(GOOD, watchdog=8))["transport"] == "kept"
    sentence = str(raises(islog.ConfigError, Board, watchdog=8, transport="requests"))
    assert sentence.startswith("transport must be kept where watchdog is set")
    sentence = str(raises(islog.ConfigError, Board, watchdog=10, batch_bytes=4096))
    assert sentence.startswith("watchdog must be more than 10")
    Board(watchdog=11, batch_bytes=4096)
    Board(watchdog=8, timeout=300)


def test_a_long_flush_and_a_long_close_are_fed_as_well():
    board = Board(watchdog=8, timeout=60, **{"transport": "kept"})
    board.run(10)
    board.log("n", 1)
    board.server.always = "drop"
    assert not board.logger.flush(100) and not machine.bitten()
    assert not board.logger.close() and not machine.bitten()
    assert machine.resets == []


def test_under_asyncio_the_watchdog_is_fed_while_the_server_is_silent():
    async def program(board):
        runner = asyncio.create_task(board.logger.run())
        board.log("n", 1)
        await asyncio.sleep_ms(40000)
        assert not machine.bitten()
        assert not await board.logger.aflush(20) and not machine.bitten()
        runner.cancel()
        try:
            await runner
        except asyncio.CancelledError:
            pass

    asyncio.new_event_loop()
    board = Board(watchdog=5, timeout=30, flush_interval=0, transport="kept")
    board.run(3)
    board.server.always = "drop"
    asyncio.run(program(board))
    assert machine.resets == []


def test_a_task_that_holds_all_others_is_reset():
    async def program(board):
        runner = asyncio.create_task(board.logger.run())
        await asyncio.sleep_ms(3000)
        time.advance(6000)  # a task that computes
        await asyncio.sleep_ms(1000)
        runner.cancel()

    asyncio.new_event_loop()
    board = Board(watchdog=5, transport="kept")
    raises(machine.Reset, asyncio.run, program(board))
    assert machine.resets == ["watchdog"]
