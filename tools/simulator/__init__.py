"""A simulated board: the real MicroPython of a PC, with stand-ins for what a PC lacks.

As a program, `tools/simulate.py --help`; for other programs and tests, `Board`. board.py starts
one, and on_board.py is what then runs on MicroPython. `stand_ins` are the modules that a board has
built in (its radio, its clock, `machine`), `sensors` are what can be at its pins.
"""

from .board import (
    BOARDS,
    FLUSH_S,
    Board,
    bring_interpreter,
    heed_signals,
)
from .recordings import UserError, read_attached, read_recording

__all__ = [
    "BOARDS",
    "FLUSH_S",
    "Board",
    "UserError",
    "bring_interpreter",
    "heed_signals",
    "read_attached",
    "read_recording",
]
