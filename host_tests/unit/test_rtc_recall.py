"""What a board goes on with after a deep sleep. In virtual time."""

import internet
import machine
import network
from deep_sleepers import HOUR_S, Sleeper


def test_the_programs_own_part_stays_as_it_is():
    for part, own in (((64, 1024), b"x" * 64), ((256, 1700), b"count 17" + bytes(248))):
        board = Sleeper(rtc_memory=part)
        machine.rtc_memory = own
        board.live(3 * HOUR_S)
        board.check_all_there(1000, but=14)
        assert machine.rtc_memory[: part[0]] == own
    behind = b"what lies behind"
    board = Sleeper(rtc_memory=(0, 1024))
    machine.rtc_memory = bytes(1024) + behind
    board.live(3 * HOUR_S)
    board.check_all_there(1000, but=14)
    assert machine.rtc_memory[1024:] == behind


def test_what_is_kept_for_another_bucket_is_not_sent_to_this_one():
    board = Sleeper()
    board.live(HOUR_S)
    waiting = board.statuses[-1]["pending"]
    assert waiting > 5
    board._given["bucket_name"] = "another room"
    before = len(board.values())
    board.live(1)
    assert board.statuses[-1]["last_error"] is not None
    board.live(2 * HOUR_S)
    assert board.values("n")[before] >= before + waiting - 1
    assert board.statuses[-1]["sent"] < len(board.values())


def test_an_upload_after_sleep_makes_one_connection_and_asks_for_nothing_it_knows():
    board = Sleeper()
    board.live(4 * HOUR_S)
    asked, posts = len(internet.resolved), len(board.server.posts)
    assert "service.test" in internet.resolved
    board.live(4 * HOUR_S)
    assert [path for path, _ in board.server.posts[posts:]] == ["/batch_logs"] * 4
    assert set(internet.resolved[asked:]) <= {"time.test"}


def test_the_radio_begins_its_scan_where_it_was_let_in():
    board = Sleeper()
    network.channels["home"] = 11
    board.live(HOUR_S // 2)
    assert network.scans_from == [1]
    board.live(5 * HOUR_S)
    assert network.scans_from[-3:] == [11, 11, 11]


def test_the_servers_address_is_looked_up_again_after_a_day():
    board = Sleeper()
    board.sleep_s = 1800
    board.live(20 * HOUR_S)
    assert internet.resolved.count("service.test") == 2  # at the very first start, and after it
    board.live(10 * HOUR_S)
    assert internet.resolved.count("service.test") == 3
