"""A simulated board: the real MicroPython of a PC, with stand-ins for what a PC lacks.

board.py starts one, on_board.py is what then runs on MicroPython; `stand_ins` are the modules that
a board has built in (radio, clock, `machine`), `sensors` what is at its pins.
"""
