"""Runs on both interpreters: random schedules, one for each seed from FIRST on.

schedules.py FIRST COUNT STEPS FOLDER     prints figures, or the first schedule that fails
"""

import gc
import sys

import schedule

FIGURES = (
    "boots cuts hours logged arrived again dropped rejected lost recovered at_risk interrupted"
).split()


def main(first, count, steps, folder):
    if hasattr(gc, "freeze"):
        gc.freeze()  # islog collects now and then: what is there already needs no looking at
    micropython = sys.implementation.name == "micropython"
    if micropython:
        gc.threshold(1000000)  # else the fakes' garbage leaves no large piece of the heap
    sums = {name: 0 for name in FIGURES}
    faults = {}
    requests = 0
    for seed in range(first, first + count):
        interrupts = micropython and seed % 8 == 0
        transport = "kept" if seed % 2 else "requests"
        one = schedule.Schedule(seed, transport, not micropython, folder, interrupts)
        try:
            one.run_all(steps)
        except Exception as e:
            print("Schedule %d with %d steps fails, after:" % (seed, steps))
            for line in one.trace:
                print("  " + line)
            print(one.log.status())
            one.log = None
            if micropython:
                sys.print_exception(e)
                return 1
            raise
        requests += one.server.requests
        for name in FIGURES:
            sums[name] += getattr(one, name)
        for kind in one.server.drawn:
            faults[kind] = faults.get(kind, 0) + one.server.drawn[kind]
        gc.collect()
    sums["schedules"] = count
    sums["requests"] = requests
    sums["faults"] = sum(faults.values())
    sums["kinds"] = len(faults)
    print(", ".join("%s %d" % (name, sums[name]) for name in sorted(sums)))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
