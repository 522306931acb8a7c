"""`make demo`: a local server and a simulated board on this machine, and what arrives.

Server, clock and board talk over loopback on free ports, with a key made for this run; nothing is
kept. With --tls, the server has a root certificate made for this run too, and the board verifies
it; with --api events, they talk the service's second generation, at its pace. Ends after --seconds
or on Ctrl-C with one line: how many readings main.py logged, how many the server accepted (repeats
not among them), how many are missing, how many came twice. The exit status is 0 only where all
that was logged was accepted. Server and page are this run's own, and end with it.
"""

import argparse
import secrets
import sys

from tools import counted, simulator
from tools.server import LocalServer
from tools.server.show import Show

EVENTS_PER_S = 3  # the service's own limit (docs/api.md)


def demo(kind, seconds, show, tls=False, api="batch_logs"):
    """Run it, show it; returns the exit status and the closing line."""
    show.say("Looking for a MicroPython to run the board on.")
    simulator.bring_interpreter()
    with LocalServer(
        key=secrets.token_urlsafe(12),
        on_reading=show,
        on_notice=show.say,
        tls=tls,
        api=api,
        events_per_s=EVENTS_PER_S,
    ) as server:
        show.say(f"Live charts: {server.url}/")
        show.say(
            f"This page and its server (port {server.port}, clock on port {server.ntp_port}) are"
            " the demo's own and end with it. `make serve` is another, for your own boards."
        )
        board = simulator.Board(
            kind,
            config=_config(server),
            on_line=lambda line: line.startswith("status {") or show.say(f"{kind}: {line}"),
        )
        with board:
            show.say(
                f"main.py runs on a simulated {kind} for {seconds:g} s (Ctrl-C: less)."
                " Readings as they arrive: their time, bucket, signal, value."
            )
            why = "Time is up"
            try:
                ended = board.wait(seconds)
            except KeyboardInterrupt:
                ended, why = False, "Stopped"
            if not ended:
                show.say(f"{why}. The board has {simulator.FLUSH_S} s to send the rest.")
                board.finish()
        if tls:
            handshakes = counted(server.handshakes, "TLS handshake")
            show.say(f"{handshakes} for {counted(len(server.requests), 'request')}.")
        return _books(board, server)


def _config(server):
    config = {
        "client_key": server.key,
        "bucket_name": "demo",
        "bucket_url": server.bucket_url,
        "ingest_url": server.ingest_url,
        "ntp_hosts": [server.ntp_host],
        "wifi": [{"ssid": "demo", "password": "on the desk"}],
        "flush_interval": 1,
    }
    if server.api != "batch_logs":
        config["api"] = server.api
    if server.ca_der:
        config["ca_file"] = server.ca_der
    return config


def _books(board, server):
    if board.status is None:
        return 1, "The board ended without saying what it logged: its last words are above."
    logged = sum(board.status[name] for name in ("sent", "dropped", "rejected", "pending"))
    lost = max(0, logged - server.accepted)
    line = f"logged {logged}, accepted {server.accepted}, lost {lost}"
    line += f", duplicates {server.duplicates}"
    return 0 if logged and server.accepted == logged else 1, line


def main():
    simulator.heed_signals()
    parser = argparse.ArgumentParser("python -m tools.demo", description=__doc__)
    parser.add_argument("--board", choices=simulator.BOARDS, default="esp32")
    parser.add_argument("--seconds", type=float, default=30, help="default: %(default)s")
    parser.add_argument("--tls", action="store_true", help="over HTTPS, verified, kept open")
    parser.add_argument("--api", choices=("batch_logs", "events"), default="batch_logs")
    arguments = parser.parse_args()
    if not arguments.seconds > 0:
        sys.exit("--seconds must be more than 0.")
    show = Show()
    try:
        status, line = demo(arguments.board, arguments.seconds, show, arguments.tls, arguments.api)
    except simulator.UserError as e:
        status, line = 2, str(e)
    except KeyboardInterrupt:
        status, line = 130, "Stopped."
    show.close()
    print(line, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
