"""What few programs use of a Logger is there when it is asked for."""

from islog import late
from virtual_board import Board, raises


def test_only_what_a_logger_has_is_there():
    log = Board().logger
    for name in ("run", "aflush", "aclose", "slept"):
        assert callable(getattr(log, name))
    for name in ("sleep", "uploading", "anything"):
        assert not hasattr(log, name)
        assert name in str(raises(AttributeError, late.get, log, name))
