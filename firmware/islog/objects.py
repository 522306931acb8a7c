"""Several readings at once; loaded where a program uses it."""

from .intake import check_signal, check_value, given_time, refuse


def log_object(intake, obj, prefix, epoch):
    """Log each entry of a dict (signal: `prefix` + its key) or a list (`prefix` + its index), all
    with one timestamp, into an Intake. True where all were stored. Raises as log() does, before
    the first entry is stored; a nested value is a TypeError."""
    if isinstance(obj, dict):
        entries = list(obj.items())
    elif isinstance(obj, (list, tuple)):
        entries = [(str(i), obj[i]) for i in range(len(obj))]
    else:
        refuse("collection", obj)
    for i in range(len(entries)):
        name, value = entries[i]
        if isinstance(name, str):
            name = prefix + name
            entries[i] = name, value
        check_signal(name)
        check_value(value)
    given = None if epoch is None else given_time(epoch)
    hi, lo = intake.clock.stamp()
    done = True
    for name, value in entries:
        done = intake.take(name, value, given, hi, lo) and done
    return done
