"""A real board at the end of a cable: put islog on it, watch it, take it off again.

`python -m tools.device --help` (and `make flash`, `watch`, `unflash`, `pull-spool` and
`bench-board`).
All of it goes through mpremote's own transport; what the board does itself is on_board.py.
"""


class DeviceError(Exception):
    """What is wrong with the board or with what it is to get: a sentence, and what to do."""
