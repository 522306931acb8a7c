"""End to end: the firmware on a simulated board, against the local server."""
