"""Imitates a board from power-up, or a soft reset, to the next one: ports/rp2/main.c, its _boot.py
and shared/runtime/pyexec.c (the ESP32 does the same).

Runs on MicroPython's unix port, which has no raw REPL before 1.27; started by serial_board.py.
Arguments: "esp32" or "rp2"; the file that is the flash chip, and its KB; the REPL to come up with,
"raw" or "friendly"; the file descriptor on which serial_board.py hears what is going on; a file
with the network that the radio is joined to, which a soft reset leaves so; what is in range, as
JSON; what the board lacks: "-", "wifi", or "age" (it says that it is MicroPython 1.21); what it
says as sys.implementation._mpy, or "-"; the file that is its ROMFS partition, and its KB, or 0;
the version of the islog that is frozen into its firmware, or "-", and the folder with that; its
unique id in hexadecimal digits, or "-".
"/" is a littlefs on that chip: nothing of the PC's files is in sight.
Not imitated: a line at the friendly REPL is one statement and has no history; printed lines end
with LF, not CR LF.
"""

import gc
import json
import os
import sys
import time

import utime

gc.threshold(16384)  # else compiling the stand-ins scatters the heap
import machine  # noqa: E402
import network  # noqa: E402

gc.threshold(-1)

try:
    import vfs
except ImportError:  # before MicroPython 1.23
    import os as vfs

_BLOCK_BYTES = 4096
_WINDOW = 128  # of raw-paste mode: half of MICROPY_REPL_STDIN_BUFFER_MAX


class _Flash:
    """A flash chip in a file: what is written is there for good."""

    def __init__(self, path, blocks):
        self._file = open(path, "r+b")  # noqa: SIM115 (it stays open)
        self._blocks = blocks

    def readblocks(self, block, buf, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.write(buf)

    def ioctl(self, request, argument):
        if request in (4, 5):
            return self._blocks if request == 4 else _BLOCK_BYTES
        if request == 6:
            self.writeblocks(argument, b"\xff" * _BLOCK_BYTES)
        return 0


class _Sys:
    """`sys` of another firmware: one that is too old, or that loads other .mpy files."""

    def __init__(self, version, mpy):
        from collections import namedtuple

        made = namedtuple("implementation", ("name", "version", "_machine", "_mpy"))
        self.implementation = made("micropython", version, sys.implementation._machine, mpy)

    def __getattr__(self, name):
        return getattr(sys, name)


def power_up(kind, chip, size_kb, lacks, mpy, romfs, romfs_kb):
    time.boot(kind)
    time.sleep_ms, time.sleep = utime.sleep_ms, utime.sleep  # what is typed interrupts no sleep
    network.style = machine.style = kind
    machine.soft_reset = sys.exit
    if kind == "esp32":
        __import__("esp32")
    else:
        sys.modules["tls"] = __import__("rp2_tls")
    if lacks == "wifi":
        del sys.modules["network"]
    if lacks == "age":
        sys.modules["sys"] = _Sys((1, 21, 0), 0)
    elif mpy != "-":
        sys.modules["sys"] = _Sys(sys.implementation.version, int(mpy))
    flash = _Flash(chip, int(size_kb) * 1024 // _BLOCK_BYTES)
    partition = None
    if romfs_kb != "0":
        import romfs_partition  # a board without one has the heap for itself

        partition = romfs_partition.Segment(int(romfs_kb) * 1024)
        partition.keep(romfs)
    vfs.umount("/")
    try:
        vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/")
    except OSError:
        vfs.VfsLfs2.mkfs(flash, progsize=256)
        vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    if partition:
        romfs_partition.mount(partition)
    sys.argv.clear()


def freeze(version, folder):
    """What is in the firmware is found first, and says a path that no file has. (Here its modules
    are sources in a folder, which is mounted.)"""
    vfs.mount(vfs.VfsPosix(folder), "/firmware")
    sys.path.insert(0, "/firmware")
    import islog

    sys.path.pop(0)
    islog.__file__, islog.__version__ = "islog/__init__.py", version


def in_range():
    """The networks that config.json names, with the right passwords."""
    try:
        with open("config.json") as f:
            return {n["ssid"]: n["password"] for n in json.load(f)["wifi"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


class _Repl:
    """pyexec.c, character by character. `tell(word)` says what is going on: "program" while
    boot.py or main.py run, "repl" where it reads, "busy" while it executes what was typed, then
    "raw" or "friendly": what the next start is to come up with. After each Ctrl-D it says one of
    them, for which serial_board.py waits."""

    def __init__(self, mode, tell):
        self._names = {"__name__": "__main__"}
        self._mode = mode
        self._tell = tell
        self._source = bytearray(16384)  # a board compiles as it comes, and needs no such thing

    def run(self):
        try:
            self._programs()
            while True:
                try:
                    self._tell("repl")
                    while True:
                        (self._raw if self._mode == "raw" else self._friendly)()
                except KeyboardInterrupt:
                    pass  # sent before it was known that they had ended
        except machine.Reset:
            self._tell("friendly")
            network.power_cycle()
        except SystemExit:
            self._tell(self._mode)

    def _programs(self):
        try:
            self._tell("program")
            if self._file("boot.py") and self._mode == "friendly":
                self._file("main.py")
        except KeyboardInterrupt:
            pass  # just before the first of them, or just behind

    def _file(self, path):
        """pyexec_file_if_exists(): whether it came to its end."""
        try:
            os.stat(path)
        except OSError:
            return True
        try:
            execfile(path, self._names)  # noqa: F821
            return True
        except (Exception, KeyboardInterrupt) as e:
            sys.print_exception(e)
            return False

    def _raw(self):
        say("raw REPL; CTRL-B to exit\r\n>")
        line = b""
        while True:
            c = read()
            if c == b"\x01" and line == b"\x05A":
                say("R\x01")
                self._execute(self._pasted())
            elif c == b"\x01":
                return
            elif c == b"\x02":
                self._mode = "friendly"
                say("\r\n")
                return
            elif c == b"\x04":
                say("OK")
                if not line:
                    say("\r\n")
                    sys.exit()
                self._execute(line)
            elif c != b"\x03":
                line += c
                continue
            line = b""

    def _pasted(self):
        """do_reader_stdin(): the source, under its flow control; None where it was cancelled."""
        say(bytes((_WINDOW, 0, 1)))
        source, size, left = self._source, 0, _WINDOW
        while True:
            c = read()
            if c in b"\x03\x04":
                self._tell("busy")
                say("\x04")
                return memoryview(source)[:size] if c == b"\x04" else None
            source[size] = c[0]
            size += 1
            left -= 1
            if left == 0:
                say("\x01")
                left = _WINDOW

    def _execute(self, source):
        self._tell("busy")
        gc.collect()
        try:
            if source is None:
                raise KeyboardInterrupt
            exec(str(source, "utf-8"), self._names)
            say("\x04")
        except (Exception, KeyboardInterrupt) as e:
            say("\x04")
            sys.print_exception(e)
        self._tell("repl")
        say("\x04>")

    def _friendly(self):
        version = ".".join(str(n) for n in sys.implementation[1][:3])
        say(f"MicroPython v{version}; {sys.platform} with a flash in a file\r\n")
        say('Type "help()" for more information.\r\n')
        line = b""
        say(">>> ")
        while True:
            c = read()
            if c == b"\x01":
                self._mode = "raw"
                say("\r\n")
                return
            if c == b"\x02":
                say("\r\n")
                return
            if c == b"\x04" and not line:
                say("\r\n")
                sys.exit()
            if c == b"\r" or c == b"\x03":
                say("\r\n")
                if c == b"\r" and line:
                    self._statement(str(line, "utf-8"))
                line = b""
                say(">>> ")
            else:
                if c == b"\x04":
                    self._tell("repl")
                say(c)
                line += c

    def _statement(self, line):
        try:
            try:
                value = eval(line, self._names)
                if value is not None:
                    print(repr(value))
            except SyntaxError:
                exec(line, self._names)
        except Exception as e:
            sys.print_exception(e)


def say(text):
    sys.stdout.buffer.write(text)


def read():
    """A character; an interrupt that comes late, after its program has ended, is none."""
    while True:
        try:
            c = sys.stdin.buffer.read(1)
            if not c:
                sys.exit()
            return c
        except KeyboardInterrupt:
            pass


def rejoin(ssid):
    """The radio is still on, and joined to that network."""
    if ssid in network.air:
        usual_ms, network.join_ms = network.join_ms, 0
        wlan = network.WLAN(network.STA_IF)
        wlan.active(True)
        wlan.connect(ssid, network.air[ssid])
        wlan.isconnected()
        network.join_ms = usual_ms


def main(kind, chip, size_kb, mode, tell, radio, air, lacks, mpy, *more):
    romfs, romfs_kb, frozen, firmware, board_id = more
    ear = open("/dev/fd/" + tell, "w")  # noqa: SIM115 (it stays open)
    radio = open(radio, "r+")  # noqa: SIM115
    power_up(kind, chip, size_kb, lacks, mpy, romfs, romfs_kb)
    if board_id != "-":
        machine.unique_id = lambda: bytes.fromhex(board_id)
    if frozen != "-":
        freeze(frozen, firmware)
    network.air = in_range()
    network.air.update(json.loads(air))
    rejoin(radio.read().strip())
    _Repl(mode, lambda word: ear.write(word + "\n")).run()
    wlan = network.WLAN(network.STA_IF)
    radio.seek(0)
    ssid = wlan.config("ssid") if wlan.isconnected() else ""
    radio.write(ssid + " " * (64 - len(ssid)))
    radio.close()


main(*sys.argv[1:])
