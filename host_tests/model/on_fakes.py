"""`python -m host_tests.model.on_fakes PROGRAM ...`: a program of this folder on CPython."""

import runpy
import sys
from pathlib import Path

from host_tests import on_cpython

if __name__ == "__main__":
    on_cpython.install()
    here = Path(__file__).parent
    sys.path.insert(0, str(here))
    del sys.argv[0]
    runpy.run_path(str(here / f"{sys.argv[0]}.py"), run_name="__main__")
