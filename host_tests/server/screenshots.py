"""Take the pictures in docs/screenshots: `python -m host_tests.server.screenshots`."""

import time
from pathlib import Path

from tools.server import LocalServer

from .boards import fill
from .browser import browser, greenhouse, page

FOLDER = Path(__file__).resolve().parents[2] / "docs/screenshots"
EXAMPLE = {"address": "192.168.1.20", "network_address": "192.168.1.20", "network": True,
           "port": 8086, "ntp_port": 8123, "config_file": "~/islog/local/config.json"}  # fmt: skip


class Example(LocalServer):
    """Says of itself what a reader's server would, not what this machine's does."""

    def about(self, near):
        return {**super().about(near), **EXAMPLE}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    servers = Example("key"), Example("key"), Example("key")
    with servers[0] as empty, servers[1] as full, servers[2] as fleet, browser() as chromium:
        fill(fleet.store, 24, 170_000)
        bucket = greenhouse(full.store)
        full.store.create_bucket(bucket.replace("0", "1"), "workshop bench")
        one = f"/#b={bucket}"
        shots = {
            "overview": (fleet, "/", {}),
            "light": (full, one, {"height": 832}),
            "dark": (full, one, {"height": 832, "color_scheme": "dark"}),
            "phone": (full, one, {"width": 390, "height": 844, "device_scale_factor": 2}),
            "empty": (empty, "/", {"height": 940}),
        }
        for name, (server, path, options) in shots.items():
            with page(chromium, **options) as opened:
                opened.goto(server.url + path)
                opened.locator("#link.live").wait_for()
                opened.locator("article.card, .start, .boards").first.wait_for()
                opened.wait_for_load_state("networkidle") if server is empty else time.sleep(1.5)
                if name in ("light", "dark"):
                    box = opened.locator(".u-over").nth(1).bounding_box()
                    opened.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + 60)
                opened.screenshot(path=FOLDER / f"{name}.png")
                print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
