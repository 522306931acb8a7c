"""A day of a board on a battery, with one of three programs: prints a JSON object.

Arguments: the program's name; a file with a JSON object of `costs` (battery_board.py), the account
(`ingest_url`, `bucket_url`, `ca_der`, `key`, `bucket`, `bucket_id`) and the day: `unix_s` at its
beginning, and its `seconds`.

Each program takes a reading of three signals every five minutes, and is in deep sleep in between.
"""

import json
import sys
import time

import battery_board as board
import machine
import network

INTERVAL_MS = 300000
UPLOAD_EVERY = 12  # readings
SIGNALS = ("temperature", "humidity", "pressure")
with open(sys.argv[2]) as f:
    given = json.load(f)
_TO_UNIX_S = 2208988800


def measured():
    i = board.counts["wakes"]
    return {"temperature": 20 + i % 50 / 10, "humidity": 40 + i % 9, "pressure": 1013.2 + i % 7}


def sleep():
    board.settle()
    machine.deepsleep(INTERVAL_MS - time.ticks_ms())


# --- islog, as docs/battery.md has it


def with_islog():
    import islog

    log = islog.from_config("/flash/config.json")
    log.log_object(measured())
    board.settle()
    log.sleep((INTERVAL_MS - time.ticks_ms()) / 1000, deep=True)


def write_config():
    with open(given["ca_der"], "rb") as ca, open("/flash/ca.der", "wb") as f:
        f.write(ca.read())
    config = {
        "client_key": given["key"],
        "bucket_name": given["bucket"],
        "bucket_id": given["bucket_id"],
        "bucket_url": given["bucket_url"],
        "ingest_url": given["ingest_url"],
        "ca_file": "/flash/ca.der",
        "ntp_hosts": [board.NTP],
        "wifi": [{"ssid": "home", "password": "home-password"}],
        "upload_interval": UPLOAD_EVERY * INTERVAL_MS // 1000,
        "spool_file": "/flash/spool",
        "spool_bytes": 24576,
        "quiet": True,
    }
    with open("/flash/config.json", "w") as f:
        json.dump(config, f)


# --- the others


def join(look_ms):
    wlan = network.WLAN(network.STA_IF)
    wlan.active(True)
    wlan.connect("home", "home-password")
    while not wlan.isconnected():
        time.sleep_ms(look_ms)
    return wlan


def set_clock():
    """As ntptime.settime() does it."""
    import socket

    question = bytearray(48)
    question[0] = 0x1B
    address = socket.getaddrinfo(board.NTP, 123)[0][-1]
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1)
    s.sendto(question, address)
    answer = s.recv(48)
    s.close()
    seconds = int.from_bytes(answer[40:44], "big") - _TO_UNIX_S
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds - time.epoch_s)
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def post(readings, unix_s):
    import requests

    body = [
        {
            "b": given["bucket"],
            "sn": name,
            "v": readings[name],
            "e": unix_s,
            "tid": given["bucket_id"],
        }
        for name in SIGNALS
    ]
    headers = {"X-IS-ClientKey": given["key"]}
    answer = requests.post(given["ingest_url"], json=body, headers=headers)
    answer.close()
    if answer.status_code != 204:
        raise OSError(answer.status_code)


def naive():
    """Everything at each reading: join, ask for the time, send."""
    join(100)
    set_clock()
    post(measured(), time.time() + time.epoch_s)
    sleep()


def enviro():
    """As Pimoroni's enviro does it (its repository at 2c62557): a file for each
    reading, and a request for each file once there are twelve; it looks every half second whether
    it has joined. Its clock is set once a week: here at the first start. What it does besides is
    left out: the file with the time of the last reading, its log, its LED, half a second's wait
    at each start."""
    import os

    names = os.listdir("/flash")
    if "sync_time.txt" not in names:
        os.mkdir("/flash/uploads")
        wlan = join(500)
        set_clock()
        wlan.active(False)
        with open("/flash/sync_time.txt", "w") as f:
            f.write(stamp("%04d-%02d-%02dT%02d:%02d:%02dZ"))
    with open(stamp("/flash/uploads/%04d-%02d-%02dT%02d_%02d_%02dZ.json"), "w") as f:
        reading = {"nickname": "bench", "timestamp": time.time(), "readings": measured()}
        f.write(json.dumps(reading))
    if len(os.listdir("/flash/uploads")) >= UPLOAD_EVERY:
        wlan = join(500)
        for found in os.ilistdir("/flash/uploads"):
            path = "/flash/uploads/" + found[0]
            with open(path) as f:
                reading = json.load(f)
            post(reading["readings"], reading["timestamp"] + time.epoch_s)
            os.remove(path)
        wlan.disconnect()
        wlan.active(False)
    sleep()


def stamp(form):
    return form % time.gmtime()[:6]


board.power_up(given["costs"], given["unix_s"])
if sys.argv[1] == "islog":
    write_config()
programs = {"islog": with_islog, "naive": naive, "enviro": enviro}
print(json.dumps(board.live(programs[sys.argv[1]], given["seconds"])))
