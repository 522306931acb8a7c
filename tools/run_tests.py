"""Run every check and test there is, one process for each step, and count the outcomes.

    python -m tools.run_tests [KIND ...]

KIND: checks, cpython, micropython, heap, server, model, power, flash, e2e; without one, all.

Every step runs, whatever the ones before it did; its output is shown as it comes. The last lines
count each kind and, alone on the very last one, all of them: "N passed, N failed". A check (lint,
format, types) counts as one. The exit status is 0 only where nothing failed and every kind ran.

Unit, server and end-to-end tests have a process each: the unit tests put fakes of `network`,
`requests` and the like in the way of the real ones.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".cache/test"
STEP_LIMIT_S = 900
RUNNING = set()  # the steps' processes
# What Python has compiled is kept, also where the machine says otherwise: hundreds of processes
# start here, and what some import takes a second to compile.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPYCACHEPREFIX": str(ROOT / ".cache/pycache"),
    "PYTHONUNBUFFERED": "1",
}

# Files at once; single tests, but where a module's share what it sets up; or single tests.
FILES = ("--dist", "loadfile", "--numprocesses")
GROUPS = ("--dist", "loadgroup", "--numprocesses")
TESTS = ("--dist", "worksteal", "--numprocesses")

# (kind, how it is called below, what runs: a module and its arguments)
STEPS = (
    ("checks", "checks", ("ruff", "check", ".")),
    ("checks", "checks", ("ruff", "format", "--check", ".")),
    ("checks", "checks", ("tools.check_package",)),
    ("checks", "checks", ("tools.check_types", "esp32")),
    ("checks", "checks", ("tools.check_types", "rp2")),
    ("cpython", "CPython", ("pytest", "host_tests/unit", "--watch-floats", *TESTS, "2")),
    ("micropython", "MicroPython", ("host_tests.on_micropython",)),
    ("heap", "heap", ("pytest", "host_tests/heap", *TESTS, "2")),
    ("server", "server", ("pytest", "host_tests/server", *GROUPS, "3")),
    ("model", "random days", ("pytest", "host_tests/model", *FILES, "2")),
    ("power", "power cuts", ("pytest", "host_tests/power", *TESTS, "2")),
    # These wait more than they work: several at once.
    ("flash", "flash", ("pytest", "host_tests/flash", *GROUPS, "3")),
    ("e2e", "end to end", ("pytest", "host_tests/e2e", *GROUPS, "8")),
)


class Count:
    """How many of one kind passed, failed and were skipped, and the seconds they took."""

    def __init__(self, passed=0, failed=0, skipped=0, took_s=0.0):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.took_s = took_s

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.took_s += other.took_s

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def run(command, show=None):
    """Run a command; returns (exit status, output), None: out of time. show: each line of its
    output, as it comes."""
    step = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=ENVIRONMENT,
        start_new_session=True,
    )
    lines = []
    late = threading.Event()
    limit = threading.Timer(STEP_LIMIT_S, lambda: (late.set(), end_group(step)))
    limit.start()
    RUNNING.add(step)
    try:
        for line in step.stdout:
            if show:
                show(line)
            lines.append(line)
        status = step.wait()
        if late.is_set():
            lines.append(f"Stopped: not done after {STEP_LIMIT_S} s.\n")
            if show:
                show(lines[-1])
        return None if late.is_set() else status, lines
    finally:
        limit.cancel()
        RUNNING.discard(step)
        end_group(step)


def end_group(step):
    """End what the step has left running, so that the next one finds a quiet machine."""
    try:
        os.killpg(step.pid, signal.SIGTERM)
        time.sleep(0.2)
        os.killpg(step.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    step.wait()


def from_report(path):
    """The counts in a report that pytest wrote; zeros where there is none."""
    if not path.exists():
        return Count()
    suites = ElementTree.parse(path).getroot().iter("testsuite")
    count = Count()
    for suite in suites:
        tests, skipped = int(suite.get("tests")), int(suite.get("skipped"))
        failed = int(suite.get("failures")) + int(suite.get("errors"))
        count.add(Count(max(tests - failed - skipped, 0), failed, skipped))
    return count


def from_lines(lines):
    """The counts in the last line of the form that this program itself ends with."""
    for line in reversed(lines):
        found = re.fullmatch(r"(\d+) passed, (\d+) failed", line.strip())
        if found:
            return Count(int(found[1]), int(found[2]))
    return Count()


def show(text):
    print(text, end="", flush=True)


def take_together(steps):
    """Take steps of one process each, as many at once as there are cores; each is shown once it
    is done. Yields (name, count)."""
    shown = {}

    def take_one(step):
        kind, name, what = step
        shown[step] = []
        return take(kind, *what, show=shown[step].append)

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for step, count in zip(steps, pool.map(take_one, steps), strict=True):
            show("".join(shown[step]))
            yield step[1], count
    finally:  # after Ctrl-C, some are still at it
        pool.shutdown(wait=False, cancel_futures=True)
        for step in list(RUNNING):
            end_group(step)


def take(kind, module, *arguments, show=show):
    """Run one step and count it; a step that failed in any way has at least one failure."""
    show(f"\n== {' '.join((module, *arguments))}\n")
    command = [sys.executable, "-m", module, *arguments]
    report = REPORTS / f"{kind}.xml"
    if module == "pytest":
        report.unlink(missing_ok=True)
        command += ["--quiet", "--color", "yes" if sys.stdout.isatty() else "no"]
        command += [f"--junitxml={report}"]
    began_s = time.monotonic()
    status, lines = run(command, show)
    took_s = time.monotonic() - began_s
    if kind == "checks":
        count = Count(passed=int(status == 0))
    elif module == "pytest":
        count = from_report(report)
    else:
        count = from_lines(lines)
    if status != 0 and not count.failed:
        count.failed = 1
    elif count.passed + count.failed == 0:
        show("This step ran no test.\n")
        count.failed = 1
    count.took_s = took_s
    show(f"-- {count} in {took_s:.1f} s\n")
    return count


def main(wanted):
    known = dict.fromkeys(kind for kind, _, _ in STEPS)
    if not set(wanted) <= set(known):
        print(f"Usage: python -m tools.run_tests [{'|'.join(known)} ...]", file=sys.stderr)
        return 2
    # A shell's background jobs ignore Ctrl-C, and so would the programs that are to end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    REPORTS.mkdir(parents=True, exist_ok=True)
    kinds, total = {}, Count()
    steps = [step for step in STEPS if not wanted or step[0] in wanted]
    checks = [step for step in steps if step[0] == "checks"]
    began_s = time.monotonic()

    def counted():
        yield from take_together(checks)
        for kind, name, what in steps[len(checks) :]:
            yield name, take(kind, *what)

    try:
        for name, count in counted():
            kinds.setdefault(name, Count()).add(count)
            total.add(count)
    except KeyboardInterrupt:
        print("\nStopped: nothing is said of the steps that did not run.")
        return 130
    print()
    for name, count in kinds.items():
        print(f"{name:12} {count!s:>24} {count.took_s:8.1f} s")
    print(f"{'in all':12} {'':>24} {time.monotonic() - began_s:8.1f} s\n")
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
