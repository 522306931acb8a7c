"""Stands in for the part of `machine` that says which board this is."""


def unique_id():
    return b"\xe6\x61\x15\x10\x09\x00\x00\x01"
