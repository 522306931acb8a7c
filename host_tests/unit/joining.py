"""What the tests of Wi-Fi and of the radio share: two networks, both ports, and what is said."""

import machine
import network
import virtual_board
from islog.wifi import UP
from virtual_board import time

HOME = {"ssid": "home", "password": "home-password"}
SHED = {"ssid": "shed", "password": "shed-password"}

sentences = []  # what was said since boards() gave the present one


def heard(sentence):
    """For WiFi.poll()."""
    sentences.append(sentence)


def boards(*styles):
    """For each port ("esp32", "rp2", or those named) a board after power-up, with no network in
    range: yields the port's name."""
    for style in styles or ("esp32", "rp2"):
        virtual_board.reset()
        network.style = machine.style = style
        del sentences[:]
        yield style


def seconds_to(wifi, state=UP, most=120):
    """Poll until `wifi` has that state; returns the seconds that it took, at most `most`."""
    start = time.up_ms()
    while wifi.poll(heard) != state:
        assert time.up_ms() - start < most * 1000, "not in time"
        time.advance(100)
    return (time.up_ms() - start) // 1000
