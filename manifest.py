# For freezing islog into a firmware: include("…/islog/manifest.py") in the board's own manifest.
# What it imports beside (requests, asyncio) is in the firmware of every board with Wi-Fi.
package("islog", base_path="firmware")  # noqa: F821 (MicroPython's tools/manifestfile.py has it)
