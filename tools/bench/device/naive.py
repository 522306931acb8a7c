"""What islog is measured against: the two clients that one would otherwise have.

Both keep a dict per reading, with the five fields that the API wants, and send `json.dumps` of
them; `send()` posts one batch and closes the connection, as the API's documentation shows it.
"""

import json
import time
from collections import deque

import requests


class Naive:
    """By a competent user: a list of dicts, one requests.post per batch."""

    def __init__(self, url, key, bucket, bucket_id):
        self.url = url
        self.key = key
        self.bucket = bucket
        self.bucket_id = bucket_id
        self.readings = []

    def log(self, signal, value):
        self.readings.append(
            {"b": self.bucket, "sn": signal, "v": value, "e": time.time(), "tid": self.bucket_id}
        )

    def send(self, count):
        """Send the oldest `count` readings."""
        body = json.dumps(self.readings[:count]).encode()
        # New for each: requests before 0.10.1 leaves the Content-Length in what it is given.
        headers = {"Content-Type": "application/json", "X-IS-ClientKey": self.key}
        answer = requests.post(self.url, data=body, headers=headers)
        answer.close()
        if answer.status_code != 204:
            raise OSError(f"HTTP {answer.status_code}")
        self.readings = self.readings[count:]

    def clear(self):
        self.readings = []


class Streamer(Naive):
    """As Initial State's own ISStreamer does it (initialstate/python_appender): a queue of dicts;
    the log() that finds ten of them there sends these first."""

    per_request = 10

    def __init__(self, *account):
        super().__init__(*account)
        self.queue = deque((), 2 * self.per_request)

    def log(self, signal, value):
        now = time.time()
        if len(self.queue) >= self.per_request:
            self.flush()
        self.queue.append(
            {"b": self.bucket, "sn": signal, "v": value, "e": now, "tid": self.bucket_id}
        )

    def flush(self):
        while len(self.queue):
            self.readings.append(self.queue.popleft())
        self.ship()

    def ship(self):
        self.send(len(self.readings))
