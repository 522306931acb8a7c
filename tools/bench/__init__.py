"""islog against what one would write by hand, measured on real MicroPython.

`python -m tools.bench` runs it (see __main__). Time and network are measured on the unix port,
heap on the 32-bit WebAssembly build (tools/wasm), in which objects are as large as on a board.
`device/` is what runs there.
"""
