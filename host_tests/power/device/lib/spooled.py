"""Which readings a Logger says are in flash: its parts know that; log.spooled only counts them."""


def range_in_flash(log):
    """(start, end): of the readings that this boot has logged, those from the start-th to before
    the end-th, from 0 on. What was sent and what is in the batch came before them."""
    start = log.sent + log._uplink.pending
    return start, start + log._spool.own
