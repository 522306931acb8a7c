"""Several readings at once; loaded where a program uses it."""

from . import mistakes


def log_object(intake, obj, prefix, epoch):
    """Log each entry of a dict (signal: `prefix` + its key) or a list (`prefix` + its index), all
    with one time, into `intake` (an Intake). True where all were stored. What log() would raise
    for an entry is raised before the first one is stored; a nested value is a TypeError."""
    if isinstance(obj, dict):
        entries = list(obj.items())
    elif isinstance(obj, (list, tuple)):
        entries = [(str(i), obj[i]) for i in range(len(obj))]
    else:
        mistakes.collection(obj)
    for i in range(len(entries)):
        name, value = entries[i]
        if isinstance(name, str):
            name = prefix + name
            entries[i] = name, value
        intake.check(name, value)
    if epoch is not None:
        from .epoch import as_int

        epoch = as_int(epoch)
    periods, ticks = intake.clock.stamp()
    done = True
    for name, value in entries:
        done = intake.store_it(name, value, epoch, periods, ticks) and done
    return done
