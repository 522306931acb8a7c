"""The command `python -m tools.server`: a local Initial State that shows what arrives."""

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path

from . import faults, settings, tls
from .local import LocalServer, PortError, check_ports
from .show import Show
from .store import StoreError


def main():
    args = _arguments()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda number, frame: stop.set())
    try:
        failing = faults.asked_for(args.faults, args.seed) if args.faults else None
        check_ports(args.host, args.port, args.ntp_port, args.faults)
        settings.take_folder(args.folder)
        key = args.key or settings.client_key(args.folder)
        show = Show()
        server = LocalServer(
            key,
            str(args.db or args.folder / settings.DATABASE_FILE),
            args.host,
            args.port,
            args.ntp_port,
            show,
            show.say,
            show.say,
            tls=args.folder if args.tls else False,
            api=args.api,
            events_per_s=args.events_per_s,
            config_file=(args.folder / settings.BOARD_FILE).resolve(),
        )
        with server, _front(failing, server, args) as front:
            _greet(show.say, args, server, front)
            while not stop.wait(1):  # a signal may come just before it waits
                pass
        show.say(_summary(server))
        if failing:
            show.say(f"Answered with: {_told(failing.done)}.")
        show.close()
    except (settings.SettingsError, StoreError, PortError, faults.UnknownFault) as e:
        sys.exit(str(e))
    except (OSError, ValueError) as e:  # the certificate's files
        sys.exit(f"The server cannot start: {e}.")


def _arguments():
    parser = argparse.ArgumentParser("python -m tools.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0: for boards on the network")
    parser.add_argument("--port", type=int, default=8086, help="HTTP (default: %(default)s)")
    parser.add_argument("--ntp-port", type=int, default=8123, help="UDP (default: %(default)s)")
    parser.add_argument("--tls", action="store_true", help="HTTPS, with a root of its own")
    parser.add_argument(
        "--api",
        choices=("batch_logs", "events"),
        default="batch_logs",
        help="which API a board's config.json names; the server speaks both",
    )
    parser.add_argument(
        "--events-per-s",
        type=int,
        metavar="N",
        help="answer 429 to more requests/s of the events API (the service itself: 3)",
    )
    parser.add_argument(
        "--faults",
        metavar="P|NAMES",
        help="fail boards: a probability, or names of python -m tools.faults that come in turn;"
        " they then use the next port, and the page stays where it is",
    )
    parser.add_argument("--seed", type=int, help="the same faults in the same order")
    parser.add_argument("--db", help="SQLite file (default: readings.db in the folder)")
    parser.add_argument(
        "--key", help="client key (default: kept in the folder, made on first use)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=settings.DEFAULT_FOLDER,
        help="where key, database and a board's config.json are kept (default: %(default)s)",
    )
    return parser.parse_args()


def _front(failing, server, args):
    """What boards talk to: the server itself, or what fails them on its behalf."""
    if not failing:
        return contextlib.nullcontext(server)
    context = None
    if args.tls:  # the root is the server's own
        names = (server.address, settings.network_address(), "127.0.0.1", "localhost")
        context = tls.Chain(args.folder, names).context()
    port = args.port and args.port + 1
    return faults.front(failing, server, context, host=args.host, port=port)


def _greet(say, args, server, front):
    everywhere = args.host in ("", "0.0.0.0")
    address = settings.network_address() if everywhere else server.address
    path = settings.write_board_config(args.folder, front, address)
    say(f"Listening on {address}, HTTP port {server.port}, time on UDP port {server.ntp_port}.")
    if front is not server:
        say(f"Boards are to use port {front.port}, where they are failed on purpose.")
    say(f"The page is {server.url.replace(server.address, address, 1)}/")
    if not everywhere:
        say(
            "Boards on the network do not reach it there. For them, end it, and start it so:"
            ' make serve ARGS="--host 0.0.0.0"'
        )
    if not args.key:
        say(f"The client key is kept in {args.folder / settings.KEY_FILE}.")
    say(f"What a board needs to know of this server, the key too, is in {path}.")
    say(
        "`make config` takes it from there and asks for your Wi-Fi: answer `local` for the server."
    )
    if server.ca_der:
        say(f"Boards verify the server with {server.ca_der}: `make config` brings it.")
    say("Readings are shown as they arrive; Ctrl-C ends.")


def _told(done):
    return ", ".join(f"{name} {times} x" for name, times in done.most_common()) or "nothing"


def _summary(server):
    again = f" and {server.duplicates} a second time" if server.duplicates else ""
    readings = "reading" if server.accepted == 1 else "readings"
    return f"Stopped: {server.accepted} {readings} accepted{again}."


if __name__ == "__main__":
    main()
