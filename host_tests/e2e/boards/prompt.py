"""As at the REPL: Ctrl-C ends a program anywhere, and the next one makes a Logger of its own, in
the same interpreter, until there is a file `stop`. Each says `begun`.

The Logger of a program that was ended is thrown away; where the connection is kept it is closed
before, for this port's sockets have no finalisers. Waits for the files `go` and `leave` at its
begin and end, where the test looks at what is open.
"""

import gc
import os
import socket

import islog
import utime

n = ends = 0
log = None


def until(name):
    while name not in os.listdir():
        utime.sleep_ms(10)


def program():
    global n, log
    print("begun")
    log = islog.from_config("config.json")
    while "stop" not in os.listdir():
        log.log("n", n)
        n += 1
        log.flush(5)


until("go")
while True:
    try:
        program()
        break
    except KeyboardInterrupt:
        ends += 1
        if log and log._uplink.answer.__class__.__name__ == "Kept":
            log.close()
        log = None
        gc.collect()
log.flush(10)
print("whole", __import__("requests").socket is socket, "ends", ends, "pending", log.pending)
log.close()
log = None
print("over")
until("leave")
