"""log() from another thread than the one that polls, which on a PC runs at the same time."""


def test_two_threads_that_log_get_their_values_under_their_signals_and_right_books(rig):
    with rig.board_with("two_threads", buffer_bytes=4096, max_signals=127):
        rig.until(lambda: rig.server.accepted > 1000, "a thousand readings arrive")
        rig.server.stop()
        rig.until(lambda: rig.board.lines and "no answer" in rig.console(), "an outage")
        rig.server.start()
        before = rig.server.accepted
        rig.until(lambda: rig.server.accepted > before + 1000, "readings arrive again")
        rig.stop()
    status = rig.board.status
    (logged,) = [int(line.split()[-1]) for line in rig.board.lines if "logged in all" in line]
    assert logged == status["sent"] + status["dropped"] and status["rejected"] == 0
    latest = {}
    for reading in rig.first_arrivals():
        signal, value = reading["signal"], reading["value"]
        which = int(signal[-1]) % 2
        if signal.startswith("new"):
            assert value == f"text {which}"
            continue
        assert value % 2 == which and value > latest.get(signal, -1)
        latest[signal] = value
    assert len(latest) == 2
