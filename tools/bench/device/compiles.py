"""Compiles one module in a heap of a given size, on the 32-bit build.

Prints the bytes of heap that were taken before, and whether it was enough: where it is not, this
build adds to its heap. No garbage is collected meanwhile, as it would be on a board.
"""

import gc

GROWTH = (1 << 27) - 1  # gc.mem_free() adds 128 MB, by which this build's heap could still grow


def size():
    return gc.mem_alloc() + gc.mem_free() & GROWTH


def main(name):
    before = gc.mem_alloc()
    total = size()
    try:  # noqa: SIM105
        __import__(name)
    except ImportError:
        pass  # what it imports is not here: it was compiled by then
    print(before, size() == total)
    yield
