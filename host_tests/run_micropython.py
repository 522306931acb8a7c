"""Runs on MicroPython: the test files named as arguments, as pytest runs them on CPython.

Prints a line for each test that fails, with its traceback, and `N passed, N failed` at the end.
Before that, where the first argument is `--slowest=N`, the N tests that took most of the
processor's time.
"""

import gc
import sys

import utime  # MicroPython's own: `time` is a stand-in
import virtual_board


def main(names):
    passed = failed = 0
    took = []
    slowest = 0
    if names and names[0].startswith("--slowest="):
        slowest = int(names[0].split("=")[1])
        names = names[1:]
    # A collection looks through the heap up to the last piece in use: that is to be near.
    gc.threshold(500000)
    for name in names:
        module = __import__(name)
        for test in sorted(dir(module)):
            if not test.startswith("test_"):
                continue
            virtual_board.reset()
            gc.collect()
            began_s = utime.clock()
            try:
                getattr(module, test)()
                passed += 1
            except Exception as e:
                failed += 1
                print("FAILED %s.%s" % (name, test))
                sys.print_exception(e)
            took.append((utime.clock() - began_s, "%s.%s" % (name, test)))
    for s, test in sorted(took, reverse=True)[:slowest]:
        print("%6.2f s %s" % (s, test))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


sys.exit(main(sys.argv[1:]))
