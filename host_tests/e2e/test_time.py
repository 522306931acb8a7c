"""A reading's time is when it was logged, whatever the program does meanwhile."""

import pytest

from tools.simulate import BOARDS


@pytest.mark.parametrize("kind", BOARDS)
def test_readings_from_before_the_first_sync_have_their_own_times(desk, kind):
    with desk.board_with("late", kind):
        desk.ended()
    notes = desk.notes()
    assert len(notes) == 60
    desk.check_arrivals(notes)
    desk.check_books()
    assert desk.server.buckets() == [
        {"id": desk.board.status["bucket_id"], "name": "end to end"},
    ]


def test_readings_of_an_asyncio_task_arrive_while_the_log_runs_in_another(desk):
    with desk.board_with("tasks"):
        desk.until(lambda: "all sent" in desk.console(), "all is sent")
        assert desk.board.finish() == 0
    notes = desk.notes()
    assert len(notes) == 30
    desk.check_arrivals(notes)
    desk.check_books()
