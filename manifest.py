# For freezing islog into a firmware: include("…/islog/manifest.py") in the board's own manifest.
# What it imports beside (requests, asyncio) is in the firmware of every board with Wi-Fi.
# How, and what it saves: docs/porting.md.
import os
import sys

# native.py is machine code, and taken only for a core whose frozen machine code is right. For
# ARMv6-M (RP2040: Pico, Pico W) it is left out, and islog runs as bytecode: MicroPython's
# tools/mpy-tool.py puts frozen machine code at any even address, and such code for ARMv6-M reads
# its 32-bit constants from words that have to lie at multiples of four (py/asmthumb.c,
# asm_thumb_mov_reg_i32). Wherever that fails, other bytes are taken for the constant.
cores = [flag.split("-march=")[1].split()[0] for flag in sys.argv if "-march=" in flag]
left_out = () if cores and "armv6m" not in cores else ("native.py",)
files = [name for name in os.listdir("firmware/islog") if name.endswith(".py")]
files = [name for name in sorted(files) if name not in left_out]
package("islog", files, base_path="firmware", opt=3)  # noqa: F821 (tools/manifestfile.py has it)
