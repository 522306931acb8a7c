"""Imitates a board on a serial port: a real MicroPython with a littlefs behind a pty.

    python -m host_tests.flash.serial_board CHIP [--kind esp32] [--size-kb N] [--heap SIZE]
                                            [--lacks wifi|age] [--air JSON]
                                            [--mpy N] [--romfs-kb N]
                                            [--frozen VERSION] [--id HEX]

The first line printed is the port, for mpremote. CHIP is the flash's content, made where it is
missing: to kill this program is a power cut, to start it with the same file is power-up. A ROMFS
partition is another file beside it.

What runs is device/power_up.py on MicroPython's unix port, from one soft reset to the next. Here
are the port's two facts: what is typed while boot.py or main.py runs waits until they have ended,
and a Ctrl-C ends them. (The unix port raises it out of its signal handler, and may hang for ever
where that was in its memory manager; a board does not. So it is sent while the program sleeps.)
A soft reset leaves the radio as it is (beside CHIP, what it is joined to).
(What was sent to the raw REPL runs to its end: mpremote's `mount` sends
every byte there is.)
"""

import argparse
import contextlib
import os
import pty
import select
import signal
import sys
import tempfile
import time
import tty
from pathlib import Path

from tools import interpreter
from tools.interpreter import ROOT

_BUSY_S = 2  # a program that does not sleep for so long is interrupted all the same


class SerialBoard:
    """The bridge between the port, a pty, and the interpreter's terminal, another one."""

    def __init__(self, options, modules):
        self._options = options
        self._modules = modules
        self._port, self._other = pty.openpty()  # both stay open: the port outlives its users
        tty.setraw(self._other)
        os.set_blocking(self._port, False)
        self.name = os.ttyname(self._other)
        self._said = self._typed = b""
        self._start("friendly")

    def _start(self, mode):
        hear, tell = os.pipe()
        os.set_inheritable(tell, True)
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            tty.setraw(0)
            self._become_interpreter(mode, tell)
        os.close(tell)
        os.set_blocking(hear, False)
        self._hear = hear
        self._doing = ""
        self._interrupt_by = None  # Ctrl-C was typed, and is sent by then

    def _become_interpreter(self, mode, tell):
        given = self._options
        program = Path(__file__).parent / "device/power_up.py"
        arguments = (given.kind, given.chip.resolve(), given.size_kb, mode, tell, given.radio)
        arguments += (given.air, given.lacks, given.mpy, given.romfs, given.romfs_kb)
        arguments += (given.frozen, ROOT / "firmware", given.id)
        command = interpreter.command(program, *arguments, heap=given.heap)
        os.execve(command[0], command, interpreter.environment([self._modules]))

    def run(self):
        while True:
            writable = [self._port] if self._said else []
            readable, _, _ = select.select(
                [self._port, self._terminal, self._hear],
                writable,
                [],
                0.005 if self._interrupt_by else 10,
            )
            if self._hear in readable:
                self._listen()
            if self._port in readable:
                self._typed += os.read(self._port, 4096)
            if self._terminal in readable:
                self._from_board()
            self._to_board()
            with contextlib.suppress(BlockingIOError):
                self._said = self._said[os.write(self._port, self._said) :]

    def _listen(self):
        with contextlib.suppress(BlockingIOError):
            for word in os.read(self._hear, 100).split():
                self._doing = word.decode()

    def _from_board(self):
        try:
            said = os.read(self._terminal, 4096)
        except OSError:  # on Linux: the other end is closed
            said = b""
        self._said += said
        if not said:
            self._listen()
            mode = "raw" if self._doing == "raw" else "friendly"
            os.close(self._terminal)
            os.close(self._hear)
            os.waitpid(self._pid, 0)
            self._said += b"MPY: soft reboot\r\n"
            self._start(mode)

    def _to_board(self):
        if self._doing == "program" and b"\x03" in self._typed:
            self._interrupt_by = self._interrupt_by or time.monotonic() + _BUSY_S
            if self._is_asleep() or time.monotonic() > self._interrupt_by:
                self._typed = self._typed[self._typed.index(b"\x03") + 1 :]
                os.kill(self._pid, signal.SIGINT)
                self._doing, self._interrupt_by = "interrupted", None
        elif self._doing == "busy" and self._typed:
            self._typed = self._typed[os.write(self._terminal, self._typed[:1024]) :]
        elif self._doing == "repl" and self._typed:
            # What is behind a Ctrl-D is for whoever reads next: perhaps the interpreter that
            # comes after a soft reset.
            end = self._typed.find(b"\x04") + 1
            done = os.write(self._terminal, self._typed[: end or 1024][:1024])
            if end and done == end:
                self._doing = "asked"
            self._typed = self._typed[done:]

    def _is_asleep(self):
        """Whether the interpreter waits for something (Linux; others do not tell: True)."""
        try:
            stat = Path(f"/proc/{self._pid}/stat").read_text()
        except OSError:
            return True
        return stat.rpartition(")")[2].split()[0] == "S"

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("chip", type=Path)
    parser.add_argument("--kind", choices=("esp32", "rp2"), default="rp2")
    parser.add_argument("--size-kb", type=int, default=848, help="as on a Pico W")
    parser.add_argument("--heap", default="190wK", help="w: doubled on 64 bits, as pointers are")
    parser.add_argument("--lacks", choices=("-", "wifi", "age"), default="-")
    parser.add_argument(
        "--air",
        default="{}",
        help='networks in range and their passwords, as {"home": "its password"}; those that'
        " config.json names are in range with the passwords that it has, unless they are here",
    )
    parser.add_argument("--mpy", default="-", help="sys.implementation._mpy; -: as it is")
    parser.add_argument(
        "--romfs-kb", type=int, default=0, help="128 in ports/esp32/partitions-4MiB-romfs.csv"
    )
    parser.add_argument("--frozen", default="-", help="its firmware has this version of islog")
    parser.add_argument("--id", default="-", help="what machine.unique_id() says; -: as it is")
    options = parser.parse_args()
    options.romfs = options.chip.resolve().with_suffix(".romfs")
    if options.romfs_kb:
        # The partition lies in the interpreter's heap, which gets so much more.
        options.heap = f"{int(options.heap.removesuffix('wK')) + options.romfs_kb // 2}wK"
        if not options.romfs.exists():
            options.romfs.write_bytes(b"\xff" * (options.romfs_kb * 1024))
    options.radio = options.chip.resolve().with_suffix(".radio")
    options.radio.write_text("")
    if not options.chip.exists():
        options.chip.write_bytes(b"\xff" * (options.size_kb * 1024))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory() as folder:
        for module in ROOT.glob("tools/simulator/stand_ins/*.py"):
            (Path(folder) / module.name).symlink_to(module)
        board = SerialBoard(options, folder)
        try:
            print(board.name, flush=True)
            board.run()
        except KeyboardInterrupt:
            pass
        finally:
            board.end()


if __name__ == "__main__":
    main()
