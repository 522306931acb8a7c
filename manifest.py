# For freezing islog into a firmware: include("…/islog/manifest.py") in the board's own manifest.
# What it imports beside (requests, asyncio) is in the firmware of every board with Wi-Fi.
# How, and what it saves: docs/porting.md.
import os
import re
import sys
from pathlib import Path

# native.py is machine code, and taken only where frozen machine code is right. MicroPython's
# tools/mpy-tool.py puts that of ARMv6-M (an RP2040, as of a Pico W) at any even address, but it
# reads its 32-bit constants from words that have to lie at multiples of four (py/asmthumb.c,
# asm_thumb_mov_reg_i32). Where that fails, a board computes with other numbers, or stops. So there
# islog is frozen as bytecode alone, until that file's "aligned (2)" is made "aligned (4)".
core = re.search(r"-march=(\w+)", " ".join(sys.argv))
right = core and core[1] != "armv6m"
if core and not right:
    tool = Path(sys.modules["__main__"].__file__).with_name("mpy-tool.py")
    right = tool.exists() and "aligned (2)" not in tool.read_text()
    if not right:
        print("islog is frozen without machine code: see its docs/porting.md.", file=sys.stderr)
files = [name for name in sorted(os.listdir("firmware/islog")) if name.endswith(".py")]
if not right:
    files.remove("native.py")
package("islog", files, base_path="firmware", opt=3)  # noqa: F821 (tools/manifestfile.py has it)
