"""A board on a battery with the other parts of islog: asyncio, a watchdog, a restart, rare polls,
errors that come out of nowhere, a program that uses the radio as well. In virtual time."""

import internet
import machine
import network
import virtual_board
from batteries import DAY_S, HOME, HOUR_S, Battery
from guarded import Notes
from islog import task as under_asyncio
from islog.wifi import WiFi
from programs import ended, run
from samples import paired
from virtual_board import time

asyncio = under_asyncio.asyncio


def test_under_asyncio_the_radio_is_off_as_well():
    async def measure(board, count):
        for _ in range(count):
            board.measure()
            await asyncio.sleep_ms(60000)

    async def watch(board, on):
        while True:
            await asyncio.sleep_ms(200)
            on[board.is_on()] += 200

    for transport in ("kept", "requests"):
        virtual_board.reset()
        board, on = Battery(transport=transport, upload_interval=600), {True: 0, False: 0}
        run(board, board.logger.run(), measure(board, 50), watch(board, on), seconds=2400)
        assert on[True] < 10000 and len(board.server.posts) < 20
        assert board.values("n") == list(range(len(board.values("n"))))
        assert len(board.values("n")) > 25 and not board.is_on()


def test_aflush_and_aclose_leave_the_radio_off():
    async def program(board):
        board.measure()
        assert await board.logger.aflush() and not board.is_on()
        board.measure()
        network.air.clear()
        assert not await board.logger.aflush(20) and not board.is_on()
        network.air["home"] = HOME["password"]
        board.measure()
        runner = asyncio.create_task(board.logger.run())
        await asyncio.sleep_ms(200)
        assert await board.logger.aclose() and not board.is_on()
        await ended(runner)

    asyncio.new_event_loop()
    board = Battery()
    asyncio.run(program(board))
    board.check_all_there(100)


def test_a_watchdog_is_fed_while_the_radio_is_off_and_on():
    for style in ("esp32", "rp2"):
        virtual_board.reset()
        board = Battery(style, watchdog=8, timeout=5)
        board.live(3 * HOUR_S)
        board.server.always = "drop"
        board.live(3 * HOUR_S)
        assert not machine.bitten() and machine.resets == []
        assert not board.logger.flush(30) and not machine.bitten()


def test_time_with_the_radio_off_is_no_trouble_and_time_in_uploads_is():
    with Notes():
        board = Battery(restart_after=600, timeout=5)
        board.live(2 * HOUR_S)
        network.air.clear()
        board.live(8 * HOUR_S)
        assert machine.resets == []
        try:
            board.live(6 * HOUR_S)
        except machine.Reset:
            pass
        assert machine.resets == ["reset"]
        network.air["home"] = HOME["password"]
        board.reboot(wifi=WiFi([HOME]))
        assert board.logger.status()["restarts"] == 1


def test_a_server_that_answers_again_ends_the_count_of_trouble():
    with Notes():
        board = Battery(restart_after=300, timeout=5)
        for _ in range(3):
            board.server.always = "drop"
            board.live(3 * HOUR_S)
            board.server.always = None
            board.live(2 * HOUR_S)
        assert machine.resets == []


def test_a_step_that_goes_wrong_for_ever_does_not_keep_the_radio_on():
    board = Battery()
    board.live(2 * HOUR_S)

    def fails(*_):
        raise RuntimeError("a driver")

    internet.during_call = fails
    board.on_ms = 0
    board.live(6 * HOUR_S)
    assert 0 < board.on_ms < 7 * 65000
    internet.during_call = None
    board.live(2 * HOUR_S)
    board.check_all_there(500, but=14)


def test_a_radio_that_raises_whatever_it_is_asked_does_not_end_the_uploads():
    errors = OSError("Wifi Internal Error"), RuntimeError("Wifi Unknown Error 0x0101")
    names = "active", "connect", "isconnected", "config", "status", "disconnect"
    for name, error in paired(names, errors):
        virtual_board.reset()
        board = Battery()
        board.live(HOUR_S)
        network.failing[name] = error
        board.live(2 * HOUR_S)
        network.failing.clear()
        board.live(2 * HOUR_S + 600)
        board.check_all_there(500, but=14)


def test_the_uptime_passes_the_wrap_of_ticks_between_two_uploads():
    time.reset(ticks=(1 << 30) - HOUR_S * 1000 * 3 // 2)
    board = Battery()
    board.live(6 * HOUR_S)
    board.check_all_there(100, but=14)
    assert board.joins in (6, 7)


def test_a_program_that_sleeps_longer_than_the_interval_sends_with_flush():
    for transport in ("kept", "requests"):
        virtual_board.reset()
        board = Battery(transport=transport)
        for _ in range(48):
            board.measure()
            assert board.logger.flush()
            board.sleep(2 * HOUR_S * 1000)
        board.check_all_there(200)
        assert board.on_ms == 0 and not board.is_on()


def test_what_the_program_has_set_on_the_radio_is_set_again_for_each_upload():
    board = Battery()
    board.live(60)
    wlan = network.WLAN(network.STA_IF)
    board.logger.log("n", 1)
    while not wlan.isconnected():
        time.advance(max(1, board.logger._poll(True)))
    wlan.config(txpower=8)
    while board.is_on():
        time.advance(max(1, board.logger._poll(True)))
    board.logger.log("n", 2)
    while not wlan.isconnected():
        time.advance(max(1, board.logger._poll(True)))
    assert wlan.config("txpower") == 8


def test_days_of_hourly_uploads_end_with_what_they_began_with():
    board = Battery(buffer_bytes=2048)
    board.live(3 * DAY_S, every_s=1800, poll_s=10)
    board.check_all_there(1500, but=10)
    assert internet.open_sockets == 0 and len(board.server.buckets) == 1
    assert 68 < board.joins < 74
