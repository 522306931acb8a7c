"""Stands in for `network`, so that it can be imported: the 32-bit build has none."""
