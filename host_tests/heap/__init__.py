"""What islog takes of the heap, asserted on real MicroPython: the unix port and a 32-bit build."""
