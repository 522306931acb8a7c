"""What the tests of the spool share: a board that has one, and an outage that fills it."""

from virtual_board import NOW_MS, Board, flash, time

# 16 bytes a number: a ring of 1 KB holds 64, and a record of 512 bytes some 30.
SMALL = {"buffer_bytes": 1024, "batch_bytes": 512, "spool_bytes": 64000, "flush_interval": 0}


def spooling(**settings):
    given = dict(SMALL)
    given["spool_file"] = flash()
    given.update(settings)
    board = Board(**given)
    board.path = given["spool_file"]
    board.true_ms = {}  # when each was logged
    return board


# The first reading of an outage() is in the batch when that begins: pending there, not `spooled`,
# but in flash as well once anything is.
BATCH = 1


def outage(board, count, first=0):
    """Log `count` readings, one a second, while no server is there."""
    board.server.down = True
    for i in range(first, first + count):
        board.true_ms[i] = NOW_MS + time.up_ms()
        board.log("t", i)
        board.run(1)
    board.server.down = False


def check_times(board):
    for value, at_ms in zip(board.values(), board.times_ms()):
        assert abs(at_ms - board.true_ms[value]) <= 20
