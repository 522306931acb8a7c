"""Tests of tools/server on CPython, over real sockets."""
