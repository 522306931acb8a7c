"""Logs texts that grow when they are written as JSON, where batches are small."""

import islog
from notes import note

log = islog.from_config("config.json")
note(log, "text", '"' * 100)
note(log, "text", '"' * 1000)
print("told", log.last_error)
note(log, "text", "after")
log.flush(60)
