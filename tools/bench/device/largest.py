"""The largest block that a client allocates after its start-up, on the 32-bit build.

The heap is filled up, and then holes are made in it, `blocks` of 16 bytes each: an allocation that
fits none of them makes the heap grow. Prints True where it did not.
"""

import gc
import json

GROWTH = (1 << 27) - 1  # gc.mem_free() adds 128 MB, by which this build's heap could still grow


def size():
    return gc.mem_alloc() + gc.mem_free() & GROWTH


def log_and_send(log, send):
    for i in range(5):
        log("temperature", i + 0.4375)
        log("rssi", -57 - i)
        log("uptime", 1 << 20)
        log("door", True)
        log("state", "open, nobody in " + str(i))
    send()


def main(client, blocks):
    import inside
    import naive

    if client == "islog":
        own = inside.logger(flush_interval=0)

        def run():
            log_and_send(own.log, send)

        def send():
            while own.pending:
                own.poll()
            own.status()

    else:
        own = naive.Naive("http://127.0.0.1/", inside.KEY, inside.BUCKET, inside.BUCKET_ID)

        def run():
            log_and_send(own.log, send)

        def send():
            json.dumps(own.readings)  # ours goes to the socket as bytes, without another copy
            own.clear()

    for _ in range(3):
        run()
        yield
    filling = [None] * ((gc.mem_free() & GROWTH) // 20)  # 4 bytes here for 16 there
    yield
    gc.disable()
    i = 0
    while i < len(filling) - 100 or (gc.mem_free() & GROWTH) >= 64:
        filling[i] = i + 0.5
        i += 1
    for j in range(i):
        if j % (blocks + 1) != blocks:
            filling[j] = None
    yield
    before = size()
    run()
    print(size() == before)
    yield
