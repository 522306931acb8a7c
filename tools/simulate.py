#!/usr/bin/env python3
"""`tools/simulate.py --help`: runs the simulated board, which is in tools/simulator.

Other programs take `Board` from either place.
"""

import sys
from pathlib import Path

if not __package__:  # run as a program
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.simulator import *  # noqa: E402, F403
from tools.simulator.__main__ import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
