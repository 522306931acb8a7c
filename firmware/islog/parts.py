"""What a Logger has only where its settings ask for it: a spool, a radio that is off between two
uploads, a guard of the board. Loaded for one call, and forgotten (service.py)."""

import os

from .errors import call_unloading


def begin(log, settings, bucket_id):
    """Give `log`, a Logger that is complete, what its checked `settings` ask for. ConfigError: it
    cannot have that, and keeps no files."""
    uploads = kept = None
    if settings["upload_interval"]:
        from .leaps import has_rtc_memory
        from .uploads import Uploads

        uploads = Uploads(log, settings)
        if has_rtc_memory():
            kept = call_unloading("rtc_recall", "recall", log, uploads, settings, bucket_id)
            uploads.kept = kept
    if settings["max_clock_error"]:
        from .leaps import hold

        hold(log, settings["max_clock_error"] * 1000)
    if settings["spool_file"]:
        from .packing import bucket_key
        from .spool import Spool

        who = uploads and uploads.who or os.urandom(4) + bucket_key(settings, bucket_id)
        has_saved = kept.has_saved if kept else None
        clock = log._time.clock
        log._spool = Spool(settings, who, clock, log._uplink, log._on_trouble, has_saved)
    if kept:
        kept.look()  # how many readings are in flash now
    if settings["watchdog"] or settings["restart_after"]:
        from .guard import Guard

        Guard(log, settings, uploads)
    if log._spool:
        log._spool.claim()
