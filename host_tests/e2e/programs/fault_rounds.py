"""Sends as fast as it may, for one round after another: waits are skipped, time-outs are not.

A round begins with the file `go`. Where that is empty, it ends with the first batch that is
accepted after HTTP 599. Where it has two words, a trouble of TROUBLES and a number, the round has
that trouble so often, and ends with a batch that is accepted after the last. Then a line is
printed, `round ` and JSON: what resources.in_use() found, `said` (the last trouble, the 599 apart)
and two times of the board. `waited_ms` is what was skipped of the pauses: at most as much as they
are. `took_ms` is the whole round: at least as much, and on a busy PC more.

Where nothing listens, it prints `refused` after so many attempts as REFUSED has.
"""

import json
import os
import socket
import time

import islog
import network
import resources

WAITING = 40  # readings, always
REFUSED = 25
log = islog.from_config("config.json")
home = network.air
n = waited_ms = began_ms = refused = 0
said = None


def step():
    """One poll, and what has to be waited until the next."""
    global n, said, waited_ms, refused
    while log.pending < WAITING:
        log.log("n", n)
        n += 1
    retries = log.retries
    wait_ms = log.poll()
    time.skip(wait_ms)
    waited_ms += wait_ms
    if log.retries != retries:
        refused = refused + 1 if "(111)" in (log.last_error or "") else 0
        if refused == REFUSED:
            print("refused")
    if log.last_error and "599" not in log.last_error:
        said = log.last_error


def until_accepted():
    sent = log.sent
    while log.sent == sent or log.state != "online":
        step()


def until_599():
    """A batch is accepted after that."""
    while not (log.last_error and "599" in log.last_error):
        step()
    until_accepted()


def lose_contact():
    network.drop()
    while log.state != "offline":
        step()


def lie():
    """The link is gone, and isconnected() says that it is there."""
    network.lying = True
    network.air = {}
    while "not in range" not in (said or ""):
        step()
    network.lying = False


def refuse_the_password():
    network.air = {ssid: "another password" for ssid in home}
    while "password" not in (said or ""):
        step()


def forget_names():
    socket.resolving = False
    retries = log.retries
    while log.retries == retries:
        step()
    socket.resolving = True


TROUBLES = {f.__name__: f for f in (lose_contact, lie, refuse_the_password, forget_names)}

until_accepted()
while True:
    report = resources.in_use(log)
    report["said"] = said
    report["waited_ms"] = waited_ms
    report["took_ms"] = time.up_ms() - began_ms
    print("round", json.dumps(report))
    while "go" not in os.listdir():
        time.sleep_ms(2)
    with open("go") as f:
        words = f.read().split()
    os.remove("go")
    log.last_error = said = None
    waited_ms = 0
    began_ms = time.up_ms()
    if not words:
        until_599()
    for _ in range(int(words[1]) if words else 0):
        log.last_error = said = None
        TROUBLES[words[0]]()
        network.air = home
        trouble = said
        until_accepted()
        said = trouble
