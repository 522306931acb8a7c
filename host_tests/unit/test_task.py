"""A program of asyncio tasks, with the log in one of them: nothing that islog waits for holds up
the others, a task that is cancelled leaves nothing behind, and the board sleeps in between."""

import random

import internet
import virtual_board
from islog import task as under_asyncio
from programs import Ticker, ended, log_each_second, run
from virtual_board import Board, raises

asyncio = under_asyncio.asyncio
time = virtual_board.time
TRANSPORTS = ("requests", "kept")


def test_readings_arrive_while_other_tasks_go_on():
    for transport in TRANSPORTS:
        virtual_board.reset()
        board, ticker = Board(transport=transport), Ticker()
        run(board, board.logger.run(), ticker.run(), log_each_second(board, 20), seconds=40)
        assert board.values() == list(range(20)) and board.logger.pending == 0
        assert ticker.ticks > 3000


def hangs(board):
    board.server.always = "drop"


def drips(board):
    board.server.pieces = lambda raw, keep: [(300, raw[i : i + 1]) for i in range(len(raw))]


def answers_late(board):
    board.server.pieces = lambda raw, keep: [(3000, raw)]


def floods(board):
    board.server.always = "garbage", {}, bytes(range(128, 256)) * 20


def answers_badly(board):
    board.server.always = 500


def test_whatever_the_server_does_no_other_task_is_late():
    for trouble in (hangs, drips, answers_late, floods, answers_badly):
        virtual_board.reset()
        board, ticker = Board(transport="kept", backoff_max=2), Ticker()
        board.server.latency_ms = 0
        board.run(3)
        trouble(board)
        run(board, board.logger.run(), ticker.run(), log_each_second(board, 30), seconds=60)
        assert ticker.late_ms == 0
        assert board.logger.sent or board.logger.last_error
        assert internet.open_sockets == 0


def test_a_silent_server_is_given_up_in_time_and_woken_for_once_a_second():
    board = Board(transport="kept", timeout=5, flush_interval=0, ntp_hosts=[])
    board.server.date = "Tue, 24 Nov 2026 00:00:00 GMT"
    board.run(30)
    hangs(board)
    board.log("t", 1)
    began, seen = time.up_ms(), []

    async def watch():
        while not board.logger.retries:
            await asyncio.sleep_ms(10)
        seen.append((time.up_ms() - began, asyncio.wake_ups))

    run(board, board.logger.run(), watch(), seconds=8)
    took_ms, _ = seen[0]
    assert 5000 <= took_ms <= 6000 and "not done in 5 s" in board.logger.last_error

    # The same without anybody beside it: five seconds, and not many more times awake.
    board.server.always = None
    board.run(120)
    hangs(board)
    board.log("t", 2)
    retries = board.logger.retries
    run(board, board.logger.run(), seconds=7)
    assert board.logger.retries > retries and asyncio.wake_ups <= 7 + 10


def test_an_idle_program_wakes_once_a_second_and_sends_all_the_same():
    for transport in TRANSPORTS:
        virtual_board.reset()
        board = Board(transport=transport)
        board.server.latency_ms = 0
        board.run(60)
        run(board, board.logger.run(), seconds=60)
        assert asyncio.wake_ups <= 62
        board.log("t", 1)
        run(board, board.logger.run(), seconds=60)
        assert board.values() == [1] and asyncio.wake_ups <= 70


def test_the_answer_is_heard_as_soon_as_it_comes():
    board = Board(transport="kept", flush_interval=0)
    board.run(3)
    board.server.pieces = lambda raw, keep: [(777, raw)]
    board.log("t", 1)
    heard = []

    async def watch():
        began = time.up_ms()
        while not board.logger.sent:
            await asyncio.sleep_ms(1)
        heard.append(time.up_ms() - began)

    run(board, board.logger.run(), watch(), seconds=5)
    assert 777 <= heard[0] <= 777 + 50


async def cancelled_after(ms, board, first):
    """run(), and a task that logs, both cancelled."""
    tasks = [board.logger.run(), log_each_second(board, 4, first)]
    tasks = [asyncio.create_task(task) for task in tasks]
    await asyncio.sleep_ms(ms)
    for task in tasks:
        task.cancel()
        await ended(task)
        assert task.done()


def one_of_many_answers(board):
    which, ms = random.getrandbits(3), random.getrandbits(10)
    board.server.always = {0: "drop", 1: 500, 2: "lost"}.get(which)
    board.server.pieces = lambda raw, keep: [(ms, raw[:9]), (ms // 2, raw[9:])]


def test_cancelled_at_200_moments_nothing_is_left_open_and_nothing_is_lost():
    random.seed(17)
    for transport in TRANSPORTS:
        virtual_board.reset()
        board = Board(transport=transport, timeout=2, backoff_max=2, flush_interval=0)
        log = board.logger
        for _ in range(200):
            one_of_many_answers(board)
            asyncio.new_event_loop()
            asyncio.run(cancelled_after(random.getrandbits(11), board, board.logged))
            assert internet.open_sockets == 0
            assert not (log._uplink.doing or log._ring.pinned or log._busy)
            board.check_books()
        board.server.always = None
        run(board, log.run(), seconds=120)
        assert (log.pending, log.dropped, log.rejected) == (0, 0, 0)
        assert set(board.values()) == set(range(log.sent)) and log.sent == board.logged > 200
        assert log.retries > 10


def test_cancelled_while_the_server_is_silent_it_is_sent_when_run_is_called_again():
    settings = {"spool_file": virtual_board.flash(), "spool_bytes": 50000}
    board = Board(transport="kept", flush_interval=0, **settings)
    board.run(3)
    hangs(board)
    board.log("t", 1)
    run(board, board.logger.run(), seconds=2)
    assert internet.open_sockets == 0 and board.logger.pending == 1
    board.server.always = None
    run(board, board.logger.run(), seconds=10)
    assert board.values() == [1] and board.logger.sent == 1


async def told_by(awaited, told):
    """What came of it, and after how many milliseconds, at the end of `told`."""
    began = time.up_ms()
    came = await awaited
    told.append((came, time.up_ms() - began))


def test_aflush_waits_until_all_is_sent_or_its_time_is_over():
    for transport in TRANSPORTS:
        virtual_board.reset()
        board, told = Board(transport=transport, timeout=1), []
        log = board.logger
        board.run(3)
        for i in range(40):
            board.log("t", i)
        run(board, told_by(log.aflush(), told), Ticker().run(), seconds=20)
        board.server.always = 503
        board.log("t", 40)
        run(board, told_by(log.aflush(3), told), Ticker().run(), seconds=20)
        board.server.always = None
        run(board, told_by(log.aflush(None), told), seconds=200)
        assert [came for came, _ in told] == [True, False, True]
        assert told[0][1] < 1000 and 3000 <= told[1][1] < 3100
        assert board.values() == list(range(41))


def test_aflush_and_run_and_flush_do_not_get_into_each_others_way():
    board, ticker, told = Board(transport="kept", timeout=5), Ticker(), []
    board.server.pieces = lambda raw, keep: [(700, raw)]
    log = board.logger

    async def flush():
        for i in range(10):
            board.log("t", i)
            told.append(await log.aflush())
        board.log("t", 10)
        told.append(log.flush())
        board.log("t", 11)

    run(board, log.run(), flush(), ticker.run(), seconds=60)
    assert told == [True] * 11 and board.values() == list(range(12)) and log.retries == 0
    assert internet.open_sockets == 0


def test_a_flush_that_is_cancelled_leaves_the_rest_to_run():
    board = Board(transport="kept")
    board.run(3)
    board.server.pieces = lambda raw, keep: [(700, raw)]
    board.log("t", 1)

    async def impatient():
        task = asyncio.create_task(board.logger.aflush())
        await asyncio.sleep_ms(300)
        task.cancel()

    run(board, board.logger.run(), impatient(), seconds=20)
    assert board.values() == [1] and board.logger.sent == 1


def test_aclose_ends_run_and_closes_while_others_go_on():
    for transport in TRANSPORTS:
        for down in (False, True):
            virtual_board.reset()
            board, ticker, told = Board(transport=transport, timeout=2), Ticker(), []
            log = board.logger
            board.server.latency_ms = 0
            board.run(3)
            board.server.always = 503 if down else None
            board.log("t", 1)
            tasks = run(board, log.run(), told_by(log.aclose(), told), ticker.run(), seconds=6)
            assert told[0][0] is not down and log.state == "closed" and tasks[0].done()
            assert (log.sent, log.dropped, log.pending) == (not down, down, 0)
            assert ticker.late_ms == 0 and internet.open_sockets == 0
            run(board, told_by(log.aclose(), told), log.run(), seconds=1)
            assert told[1] == (True, 0)


async def logged_in_a_with(board, wrong):
    log = board.logger
    assert await log.__aenter__() is log  # `async with log:`, which CPython looks for in the class
    board.log("t", 1)
    assert not await log.__aexit__(wrong, None, None)


def test_async_with_closes_at_the_end_and_after_an_error():
    for wrong in (None, ValueError):
        virtual_board.reset()
        board = Board(transport="kept")
        run(board, logged_in_a_with(board, wrong), seconds=9)
        assert board.values() == [1] and board.logger.state == "closed"
        assert internet.open_sockets == 0


def test_without_memory_for_its_tasks_it_looks_now_and_then():
    board = Board(transport="kept", flush_interval=0)
    board.run(3)
    board.server.pieces = lambda raw, keep: [(400, raw)]
    create_task, calls = asyncio.create_task, []

    def fails(coro):
        calls.append(1)
        if 3 < len(calls) < 12 and len(calls) % 3:
            coro.close()
            raise MemoryError
        return create_task(coro)

    asyncio.create_task = fails
    try:
        run(board, board.logger.run(), log_each_second(board, 5), seconds=20)
    finally:
        asyncio.create_task = create_task
    assert board.values() == list(range(5)) and len(calls) > 12
    assert internet.open_sockets == 0


def test_callbacks_that_log_while_the_task_waits_are_sent_in_their_order():
    board = Board(transport="kept", flush_interval=0)
    board.run(3)
    board.server.pieces = lambda raw, keep: [(500, raw)]
    called = []

    def callback():
        if len(called) < 50:
            called.append(board.logger.log("from a callback", len(called)))
            board.logged += 1

    internet.during_post = callback
    run(board, board.logger.run(), log_each_second(board, 10), seconds=60)
    assert called == [True] * 50
    assert board.values("from a callback") == list(range(50))
    assert board.values("t") == list(range(10))


def test_the_time_is_right_though_the_answer_took_long():
    """Without NTP the Date header is what there is, good to a second; the server takes 0.9."""
    board = Board(transport="kept", ntp_hosts=[], flush_interval=0)
    board.server.pieces = lambda raw, keep: [(900, raw)]
    board.server.date = "Mon, 30 Nov 2026 22:40:00 GMT"
    told = []

    async def look():
        while not board.logger.synced:
            await asyncio.sleep_ms(10)
        told.append(board.logger.status()["clock_error_ms"])

    run(board, board.logger.run(), look(), seconds=30)
    assert 1000 <= told[0] <= 2100


def test_a_name_that_the_log_does_not_have_is_an_attribute_error():
    board = Board()
    assert "polll" in str(raises(AttributeError, getattr, board.logger, "polll"))
    assert not hasattr(board.logger, "arun") and hasattr(board.logger, "aflush")


def test_after_a_program_stood_still_ntps_silence_holds_no_task_up():
    board, ticker = Board(), Ticker()
    board.ntp.silent = True

    async def stands_still():
        await asyncio.sleep_ms(300)
        time.advance(5000)  # a driver of the program's own
        await asyncio.sleep_ms(50)
        await ticker.run()

    run(board, board.logger.run(), stands_still(), seconds=60)
    assert board.ntp.asked > 2 and ticker.ticks > 1000
    assert ticker.late_ms <= 20
