"""The fleet runs in this process: islog on the fakes."""

import sys
from pathlib import Path

from host_tests import on_cpython

on_cpython.install()
sys.path.insert(0, str(Path(__file__).parent))
