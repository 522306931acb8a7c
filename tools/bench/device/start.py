# Runs on a board just after its start, as source: how the islog that is installed there starts.
# Nothing is sent. Before all steps and after each it prints a JSON object, then what
# micropython.mem_info() says: that finds the largest free block without taking any, where to try
# larger and larger bytearrays would make an ESP32's heap grow.
import gc
import json
import sys
import time

import micropython


def show(step, ms=0):
    gc.collect()
    words = 8 if sys.maxsize > 0x7FFFFFFF else 4
    found = {"step": step, "ms": ms, "used": gc.mem_alloc(), "free": gc.mem_free()}
    found["block_bytes"] = 4 * words
    print(json.dumps(found))
    gc.collect()
    micropython.mem_info()


def imported():
    import islog

    return islog


def logger():
    return sys.modules["islog"].Logger("a-client-key-of-24-chars", "bench", quiet=True)


def tls():
    # A connection that has not begun its handshake: mbedtls has its buffers by then.
    import io

    from islog import tls_context

    try:
        with open("/config.json") as f:
            names = json.load(f).get("ca_file")
    except (OSError, ValueError):
        names = None
    made = tls_context.context(names)
    return made, made.wrap_socket(io.BytesIO(), do_handshake_on_connect=False)


def main():
    kept = [None] * 3
    show("start")
    for i, step in enumerate((imported, logger, tls)):
        started = time.ticks_us()
        try:
            kept[i] = step()
        except Exception as e:
            print(json.dumps({"step": step.__name__, "failed": repr(e)}))
            return
        show(step.__name__, time.ticks_diff(time.ticks_us(), started) // 1000)
        if i == 0:
            print(json.dumps({"file": kept[0].__file__}))


main()
