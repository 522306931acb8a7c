"""Readings from log() to a server's 204, over real sockets: prints JSON objects.

Arguments: bucket URL, ingest URL, NTP host, readings in a round, rounds, and the clients to try.
They take turns. The bucket and the clock are there before a round begins; the naive clients send
batches as large as islog's, and the streamer ten at a time, as it does.
"""

import json
import sys
import time

import inside
import naive

bucket_url, ingest_url, ntp_host, readings, rounds = sys.argv[1:6]
readings = int(readings)
account = ingest_url, inside.KEY, inside.BUCKET, inside.BUCKET_ID
batch = 0


def value(i):
    """A mix that a board could have: temperature, free heap, signal strength, a switch."""
    return (20 + i % 50 / 10, 150000 + i, -60 - i % 9, i % 2 == 0)[i % 4]


SIGNALS = ("temperature", "free heap", "wifi", "door")


def log_all(log):
    for i in range(readings):
        log(SIGNALS[i % 4], value(i))


def with_islog():
    log_all(own.log)
    if not own.flush(60) or own.dropped or own.rejected:
        raise OSError(own.last_error)


def with_naive():
    client = naive.Naive(*account)
    log_all(client.log)
    while client.readings:
        client.send(batch)


def with_streamer():
    client = naive.Streamer(*account)
    log_all(client.log)
    client.flush()


def connect():
    """A Logger with a bucket and a time, and how many readings a batch of it holds."""
    log = inside.Inside(
        inside.KEY,
        inside.BUCKET,
        inside.BUCKET_ID,
        quiet=True,
        bucket_url=bucket_url,
        ingest_url=ingest_url,
        ntp_hosts=[ntp_host],
    )
    while log.state != "online":
        time.sleep_ms(min(log.poll(), 10))
    for i in range(60):
        log.log(SIGNALS[i % 4], value(i))
    log.fill()
    count = log.written()
    log.clear()
    return log, count


own, batch = connect()
clients = {"islog": with_islog, "naive": with_naive, "streamer": with_streamer}
for _ in range(int(rounds)):
    for name in sys.argv[6:]:
        started = time.ticks_us()
        clients[name]()
        took_us = time.ticks_diff(time.ticks_us(), started)
        result = {"client": name, "us": took_us, "readings": readings, "batch": batch}
        result["what"] = "net"
        print(json.dumps(result))
