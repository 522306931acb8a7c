"""Imitates the part of `uctypes` that islog uses (extmod/moductypes.c), for CPython: native arrays
of scalars laid over memory that somebody else owns and keeps."""

import ctypes

ARRAY = -0x40000000
INT64 = 7 << 27
FLOAT64 = -1 << 27
_TYPES = {INT64: ctypes.c_int64, FLOAT64: ctypes.c_double}


def addressof(obj):
    return ctypes.addressof(ctypes.c_char.from_buffer(obj))


def bytearray_at(address, size):
    return memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")


class struct:
    def __init__(self, address, layout):
        for name, (where, what) in layout.items():
            kind = what & ~0x7FFFFFF
            array = _TYPES[kind] * (what & 0x7FFFFFF)
            setattr(self, name, array.from_address(address + where - ARRAY))
