"""A month of an ESP32 that sleeps deeply, with a reading each five minutes and an upload an hour,
in virtual time: `--long` plays all of it, else it is a tenth.

For CPython only; what of deep sleep MicroPython plays, too: test_deep_sleep.py.
"""

from deep_sleepers import DAY_S, HOUR_S, SLEEP_S, Sleeper


def test_in_a_month_of_deep_sleeps_each_reading_arrives_once_in_order_with_its_time(request):
    days = 30 if request.config.getoption("--long") else 3
    board = Sleeper(rtc_ppm=-30000)
    board.live(days * DAY_S)
    assert len(board.true_ms) == board.boot > days * DAY_S // SLEEP_S * 0.96
    board.check_all_there(1000, but=HOUR_S // SLEEP_S + 1)
    board.check_books()
    posts = board.server.posts
    assert len(posts) <= days * 24 + 2 and posts.count(("/buckets", 204)) == 1
    now = board.statuses[-1]
    assert now["dropped"] == now["rejected"] == now["lost"] == now["retries"] == 0
