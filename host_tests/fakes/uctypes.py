"""Imitates the part of `uctypes` that islog uses (extmod/moductypes.c), for CPython: scalars and
arrays of them in the machine's order, laid over memory that somebody else owns and keeps."""

import ctypes

ARRAY = -0x40000000
INT64 = 7 << 27
FLOAT64 = -1 << 27
_TYPES = {INT64: ctypes.c_int64, FLOAT64: ctypes.c_double}


def addressof(obj):
    if isinstance(obj, bytearray_at):
        return obj.address
    return ctypes.addressof(ctypes.c_char.from_buffer(obj))


class bytearray_at:
    """A bytearray over `size` bytes at `address` (py/objarray.c): it becomes shorter in its place,
    then longer again. The real one moves elsewhere where it would exceed them: refused here."""

    def __init__(self, address, size):
        self.address = address
        self._all = memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")
        self._size = size

    def __len__(self):
        return self._size

    def __getitem__(self, at):
        got = self._all[: self._size][at]
        return bytearray(got) if isinstance(at, slice) else got

    def __iter__(self):
        return iter(self._all[: self._size])

    def __contains__(self, part):
        return part in bytes(self)

    def __setitem__(self, at, value):
        if isinstance(at, slice):
            first, last, step = at.indices(self._size)
            if step == 1 and last - first == len(value):
                self._all[first:last] = value
                return
        new = bytearray(self._all[: self._size])
        new[at] = value
        self._size = 0
        self.extend(new)

    def append(self, byte):
        self.extend(bytes((byte,)))

    def extend(self, data):
        data = data.encode() if isinstance(data, str) else bytes(data)
        end = self._size + len(data)
        if end > len(self._all):
            raise MemoryError("it would move")
        self._all[self._size : end] = data
        self._size = end


class struct:
    """Fields of a layout: arrays of scalars, and single ones, read and written in their place."""

    def __init__(self, address, layout):
        self.__dict__["_at"] = {}
        for name, what in layout.items():
            if isinstance(what, int):
                where, count, kind = what & 0x7FFFFFF, 1, what & ~0x7FFFFFF
            else:
                where, count, kind = what[0] - ARRAY, what[1] & 0x7FFFFFF, what[1] & ~0x7FFFFFF
            array = (_TYPES[kind] * count).from_address(address + where)
            self._at[name] = array, isinstance(what, int)

    def __getattr__(self, name):
        array, single = self._at[name]
        return array[0] if single else array

    def __setattr__(self, name, value):
        array, single = self._at[name]
        if not single:
            raise TypeError("an array cannot be assigned")
        array[0] = value
