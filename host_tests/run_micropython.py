"""Runs on MicroPython: the test files named as arguments, as pytest runs them on CPython.

Prints a line for each test that fails, with its traceback, and `N passed, N failed` at the end.
"""

import gc
import sys

import virtual_board


def main(names):
    passed = failed = 0
    for name in names:
        module = __import__(name)
        for test in sorted(dir(module)):
            if not test.startswith("test_"):
                continue
            virtual_board.reset()
            gc.collect()
            try:
                getattr(module, test)()
                passed += 1
            except Exception as e:
                failed += 1
                print("FAILED %s.%s" % (name, test))
                sys.print_exception(e)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
