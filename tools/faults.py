"""`python -m tools.faults`: the faults of tools/server/faults.py, by name."""

import sys

from tools.server.faults import main

if __name__ == "__main__":
    sys.exit(main())
