"""`python -m tools.simulator`, or tools/simulate.py: the simulated board as a program."""

import argparse
import sys
from pathlib import Path

from tools.settings import ROOT

from .board import (
    BOARDS,
    DRIFT_PPM,
    RTC_DRIFT_PPM,
    WRAP_BITS,
    Board,
    bring_interpreter,
    heed_signals,
)
from .recordings import UserError

_ATTACHED = Path(__file__).parent / "sensors" / "recordings"


def _parser():
    parser = argparse.ArgumentParser(
        prog="simulate", description="Run boot.py and main.py on a simulated board, until Ctrl-C."
    )
    parser.add_argument("--board", choices=BOARDS, default="esp32")
    parser.add_argument("--config", metavar="FILE", help="default: config.json of this project")
    parser.add_argument("--seconds", metavar="N", type=float, help="stop main.py after N seconds")
    parser.add_argument(
        "--replay",
        metavar="FILE.csv",
        help="what the board measures as its temperature: a recording with timestamp,value"
        " columns, at its own pace; after its end the last value stays",
    )
    parser.add_argument(
        "--attached",
        metavar="FOLDER",
        default=_ATTACHED,
        help="recordings of the sensors and buttons at the board's pins, named as in dht22-15.csv"
        " (default: those that examples/ need)",
    )
    parser.add_argument(
        "--main",
        metavar="FILE",
        help="another program in place of main.py; modules in a folder lib beside it come with it",
    )
    parser.add_argument(
        "--drift",
        metavar="PPM",
        type=float,
        default=0,
        help="the board's ticks and clock run fast by so many parts per million against this"
        " machine (negative: slow); its program can read the true time as utime.time_ns()",
    )
    parser.add_argument(
        "--rtc-drift",
        metavar="PPM",
        type=_parts_per_million,
        default=0,
        help="the same of the RTC by which an ESP32 sleeps, also in per cent: --rtc-drift=-3%%",
    )
    parser.add_argument(
        "--chip",
        choices=("rp2040", "rp2350"),
        default="rp2040",
        help="of an rp2: what a watchdog does to it in lightsleep",
    )
    parser.add_argument(
        "--skip-sleeps",
        action="store_true",
        help="machine.lightsleep() and deepsleep() take no time; the board believes they did",
    )
    parser.add_argument(
        "--wrap",
        metavar="BITS",
        type=int,
        default=WRAP_BITS[1],
        help="the board's ticks_ms() starts again at 2**BITS, from 10 (a second) to 30 (12.4 days,"
        " as on boards: the default); its pauses and time-outs must be shorter than half of that",
    )
    return parser


def _parts_per_million(text):
    return float(text[:-1]) * 10000 if text.endswith("%") else float(text)


def run(arguments):
    config = arguments.config or ROOT / "config.json"
    if not arguments.config and not config.exists():
        raise UserError(
            "There is no config.json: make one with make config, or name another file with"
            " --config."
        )
    if arguments.seconds is not None and not arguments.seconds > 0:
        raise UserError("--seconds must be more than 0.")
    if not abs(arguments.drift) <= DRIFT_PPM:
        raise UserError(f"--drift must be from -{DRIFT_PPM} to {DRIFT_PPM} parts per million.")
    if not abs(arguments.rtc_drift) <= RTC_DRIFT_PPM:
        raise UserError(f"--rtc-drift must be from -{RTC_DRIFT_PPM} to {RTC_DRIFT_PPM} ppm.")
    if not WRAP_BITS[0] <= arguments.wrap <= WRAP_BITS[1]:
        raise UserError("--wrap must be from {} to {} bits.".format(*WRAP_BITS))
    board = Board(
        arguments.board,
        config=config,
        main=arguments.main,
        replay=arguments.replay,
        attached=arguments.attached,
        on_line=lambda line: print(line, flush=True),
        drift_ppm=arguments.drift,
        rtc_drift_ppm=arguments.rtc_drift,
        chip=arguments.chip,
        skip_sleeps=arguments.skip_sleeps,
        wrap_bits=arguments.wrap,
    )
    bring_interpreter()
    with board:
        try:
            if board.wait(arguments.seconds):
                return board.returncode
        except KeyboardInterrupt:
            print(flush=True)
        try:
            code = board.finish()
        except KeyboardInterrupt:
            return 130
        if code < 0:
            raise UserError("The board did not stop, and was switched off.")
        return code


def main():
    heed_signals()
    try:
        return run(_parser().parse_args())
    except UserError as e:
        print(e, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
