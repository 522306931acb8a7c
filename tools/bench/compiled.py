"""What is in an .mpy file, as py/persistentcode.c of MicroPython 1.29 loads it (version 6).

From the board's file system all of it is copied to the heap. In a ROMFS image bytecode, texts and
names stay where they are (mp_reader_try_read_rom()); machine code is copied all the same.
"""

from typing import NamedTuple

_VERSION = 6
_ARCH_FLAGS = 0x40  # of the header's third byte: flags of the architecture follow
_STR, _BYTES, _TUPLE = 5, 6, 10  # MP_PERSISTENT_OBJ_*; those below have no data
_BYTECODE, _NATIVE, _ASM = 0, 1, 3  # MP_CODE_*, from MP_CODE_BYTECODE on; 2 is viper
_LOAD_NAME = 0x11  # MP_BC_LOAD_NAME
_HAS_DATA = 0x70  # MP_SCOPE_FLAG_VIPER*: set in modules that were compiled from C


class Contents(NamedTuple):
    """Sizes are in bytes, one for each function or body."""

    functions: list[int]  # bytecode
    bodies: list[int]  # likewise, of the module and of its classes: garbage once it is imported
    machine_code: list[int]
    texts: list[bytes]  # str and bytes that are no names
    names: set[str]  # without those that are in every MicroPython


class _Reader:
    def __init__(self, content):
        self._content = content
        self._at = 4
        self.found = Contents([], [], [], [], set())

    def uint(self):
        value = 0
        while True:
            byte = self._content[self._at]
            self._at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def bytes(self, size):
        self._at += size
        return self._content[self._at - size : self._at]

    def name(self):
        size = self.uint()
        if not size & 1:
            self.found.names.add(self.bytes(size >> 1).decode())
            self.bytes(1)  # the NUL behind it

    def object(self):
        kind = self.bytes(1)[0]
        if kind < _STR:
            return
        size = self.uint()
        if kind == _TUPLE:
            for _ in range(size):
                self.object()
            return
        data = self.bytes(size)
        if kind in (_STR, _BYTES):
            self.bytes(1)
            self.found.texts.append(data)

    def code(self, is_module=False):
        kind_size = self.uint()
        kind, size = kind_size & 3, kind_size >> 3
        code = self.bytes(size)
        if kind != _BYTECODE:
            self.found.machine_code.append(size)
        elif is_module or _is_class(code):
            self.found.bodies.append(size)
        else:
            self.found.functions.append(size)
        if kind == _NATIVE:
            self.uint()  # where its prelude is
        elif kind != _BYTECODE and self.uint() & _HAS_DATA:
            raise ValueError("not made by mpy-cross")
        if kind == _ASM:
            self.uint()
            self.uint()
        if kind_size & 4:
            for _ in range(self.uint()):
                self.code()


def _is_class(bytecode):
    """Whether this is the body of a class, which begins by looking up its module's name: functions
    have no LOAD_NAME (py/compile.c). What comes before is the prelude (py/bc.h)."""
    at = 0
    while bytecode[at] & 0x80:
        at += 1
    at += 1
    info = cells = n = 0
    while True:
        byte = bytecode[at]
        at += 1
        cells |= (byte & 1) << n
        info |= (byte >> 1 & 0x3F) << 6 * n
        n += 1
        if byte < 0x80:
            return bytecode[at + info + cells] == _LOAD_NAME


def contents(mpy):
    """Of the bytes of an .mpy file. ValueError: it is none of mpy-cross's of version 6."""
    if mpy[:1] != b"M" or mpy[1] != _VERSION:
        raise ValueError("no .mpy file of version 6")
    reader = _Reader(mpy)
    if mpy[2] & _ARCH_FLAGS:
        reader.uint()
    names, objects = reader.uint(), reader.uint()
    for _ in range(names):
        reader.name()
    for _ in range(objects):
        reader.object()
    reader.code(is_module=True)
    return reader.found


def stays_in_place(files, block_bytes):
    """(bytes of a heap of such blocks that are saved where these Contents are in a ROMFS image,
    their names), without the bytes of the names: which of them are new depends on what else is
    there."""
    names = set().union(*(found.names for found in files))
    known = {b"", *(name.encode() for name in names)}  # as texts these take nothing
    sizes = []
    for found in files:
        sizes += found.functions
        sizes += [len(text) + 1 for text in found.texts if text not in known]
    return sum(-(-size // block_bytes) * block_bytes for size in sizes), names
