"""What importing modules of islog keeps of the heap, on the 32-bit build: "name bytes" a line.

The modules that a board's firmware has are imported first: they are not counted as islog's.
Arguments: the modules, each after those that it imports. The last line is "loaded" and the names
of all of islog's modules that are there by then.
"""

import gc
import sys


def main(*names):
    import array
    import hashlib
    import json
    import os
    import random
    import socket
    import time

    import machine
    import requests
    import uctypes

    loaded = (array, hashlib, json, os, random, socket, machine, requests, time, uctypes)
    assert loaded
    for name in names:
        yield
        before = gc.mem_alloc()
        __import__(name)
        yield
        print(name, gc.mem_alloc() - before)
    print("loaded", *sorted(name for name in sys.modules if name.startswith("islog")))
