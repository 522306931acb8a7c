"""What a Logger has only where its settings ask for it: a spool, a radio that is off between two
uploads, a guard of the board. Loaded for one call, and forgotten (service.py)."""


def begin(log, settings, bucket_id):
    """Give `log`, a Logger that is complete, what its checked `settings` ask for. ConfigError: it
    cannot have that, and keeps no files."""
    uploads = None
    if settings["spool_file"]:
        from .spool import Spool

        clock = log._time.clock
        log._spool = Spool(settings, bucket_id, clock, log._uplink, log._on_trouble)
    if settings["upload_interval"]:
        from .uploads import Uploads

        uploads = Uploads(log, settings)
    if settings["watchdog"] or settings["restart_after"]:
        from .guard import Guard

        Guard(log, settings, uploads)
    if log._spool:
        log._spool.claim()
