"""What the settings make of the service: addresses, headers, limits, the bucket's id."""

import initial_state
from virtual_board import Board


def test_the_bucket_id_is_the_same_after_a_reboot():
    first = Board().logger.bucket_id
    assert Board().logger.bucket_id == first
    assert Board(bucket_name="another").logger.bucket_id != first
    mine = "123e4567-e89b-12d3-a456-426614174000"
    assert Board(bucket_id=mine).logger.bucket_id == mine
    assert initial_state.is_guid(first)


def test_the_server_is_told_which_version_sends():
    import islog

    board = Board(flush_interval=0)
    board.log("t", 1)
    board.run(5)
    assert board.values() == [1]
    assert set(board.server.agents) == {"islog/" + islog.__version__}
