"""What the page's tests share: a browser, pages that fail on an error, a bucket to look at."""

import contextlib
import math
import random
import time

from playwright.sync_api import sync_playwright

from tools.server.validate import Number

from . import chromium

WATERED = ("watered bed 2", "window opened", "sensor cleaned", "door closed by the wind")


class Browser:
    """A Chromium, and the pages that are kept in it: see page()."""

    def __init__(self, opened):
        self.opened = opened
        self.kept = {}  # by the options of their contexts

    def take(self, options):
        key = tuple(sorted(options.items()))
        opened = self.kept.pop(key, None) or self.opened.new_context(**options).new_page()
        opened.set_default_timeout(60_000)
        return key, opened

    def give_back(self, key, opened):
        """Empty, as a new one is: of what a page can keep, ours has the theme and nothing else."""
        if opened.evaluate("location.origin") not in ("null", "://"):
            opened.evaluate("localStorage.clear()")
        opened.goto("about:blank")
        opened.context.clear_permissions()
        opened.mouse.move(0, 0)
        self.kept[key] = opened


@contextlib.contextmanager
def browser():
    """A headless Chromium, everything it needs being brought first."""
    found = chromium.path()
    with sync_playwright() as driver:
        opened = driver.chromium.launch(
            executable_path=found, args=chromium.ARGUMENTS, timeout=180_000
        )
        yield Browser(opened)
        opened.close()


class Troubled(AssertionError):
    """A page had errors, or asked another host for something."""


def noon():
    """A time zone where it is about noon: the page shows the date of what is not of today."""
    ahead = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{-ahead:+d}"  # POSIX: west is positive


@contextlib.contextmanager
def page(browser_, width=1280, height=860, color_scheme="light", forced_colors="none", **options):
    """An empty page; afterwards, there must have been no trouble on it.

    Where nothing failed, it is the same one for the same options: a new one, in a context of its
    own, takes Chromium four times the work that opening the page of a server takes."""
    options.setdefault("timezone_id", noon())
    key, opened = browser_.take(options)
    opened.set_viewport_size({"width": width, "height": height})
    opened.emulate_media(media="null", color_scheme=color_scheme, forced_colors=forced_colors)
    trouble, outside = [], []

    def asked(request):
        if "//127.0.0.1" not in request.url:
            outside.append(request.url)

    def said(message):
        if message.type == "error":
            trouble.append(message.text)

    def dialog(shown):
        trouble.append(f"dialog: {shown.message}")
        shown.dismiss()

    heard = {"request": asked, "console": said, "dialog": dialog}
    heard["pageerror"] = lambda e: trouble.append(str(e))
    for event, listener in heard.items():
        opened.on(event, listener)
    try:
        yield opened
    except BaseException:
        opened.context.close()
        raise
    for event, listener in heard.items():
        opened.remove_listener(event, listener)
    browser_.give_back(key, opened)
    # A server that is down on purpose is not the page's fault.
    trouble = [text for text in trouble if "ERR_CONNECTION" not in text and "ERR_IN" not in text]
    outside = [url for url in outside if not url.startswith("data:")]
    if trouble or outside:
        raise Troubled(f"{trouble} {outside}")


def greenhouse(store, hours=2.5):
    """A bucket as one would like to see it, up to now, with an outage in it; returns its id."""
    bucket = "0c5de7a1-5b1f-4c38-9a52-1f6d3f6a2b10"
    store.create_bucket(bucket, "greenhouse")
    now, rows, chance = int(time.time()), [], random.Random(7)

    def log(at, signal, value):
        rows.append(
            {"b": "greenhouse", "sn": signal, "v": value, "e": Number(f"{at}.120"), "tid": bucket}
        )

    for i in range(0, int(hours * 3600), 5):
        at = now - int(hours * 3600) + i
        if 1500 < now - at < 1900:
            continue
        wave = math.sin(i / 1700)
        rough = chance.gauss(0, 1)
        log(at, "temperature", Number(f"{22.4 + 3.1 * wave + 0.06 * rough:.2f}"))
        damp = 61 - 7.5 * math.sin(i / 1700 + 0.6) + 0.3 * rough
        log(at, "humidity", Number(f"{damp:.1f}"))
        log(at, "fan on", math.sin(i / 520) > 0.3)
        if i % 30 == 0:
            log(at, "light", Number(int(5200 + 4300 * math.sin(i / 2600) + 160 * rough)))
            log(at, "signal strength", Number(int(-57 + 4 * math.sin(i / 900) + 1.6 * rough)))
        if i % 420 == 0:
            log(at, "note", WATERED[i // 420 % 4])
        if i % 60 == 0:
            log(at, "islog.dropped", Number(0))
    for first in range(0, len(rows), 2000):
        store.add(rows[first : first + 2000])
    return bucket
