"""A user's program, right and wrong, for the type checker: tools/check_types.py reads it, nothing
runs it. Where a line says `type: ignore`, that error has to be found, or the check fails.
"""

import islog

log = islog.from_config("config.json")
log = islog.from_config()

# What is right.
stored: bool = log.log("temperature", 21.5)
log.log("door", True)
log.log("text", "°C")
log.log("sensor", None)
log.log("then", 1, 1416262288)
log.log("then", 1, epoch=(1416262288, 913554))
log.log_object({"temperature": 21.5, "humidity": None})
log.log_object([1, 2, 3], prefix="pin ", epoch=1416262288)
wait_ms: int = log.poll()
empty: bool = log.flush()
empty = log.flush(None)
empty = log.close()
counters: int = log.pending + log.sent + log.dropped + log.rejected + log.retries
sentence = log.last_error or "no trouble"
sentence.upper()
status = log.status()
if status["state"] == "refused" and status["last_error"]:
    status["last_error"].upper()
other = islog.Logger("key", "bucket", flush_interval=1, ca_file="ca.der", transport="kept")
try:
    islog.Logger("key", "bucket", "an id", None, ntp_hosts=["pool.ntp.org"], quiet=True)
except islog.ConfigError as e:
    print(e)


async def main():
    await log.run()
    done: bool = await log.aflush() and await log.aflush(None) and await log.aclose()
    print(done)
    async with log as same:
        same.log("temperature", 21.5)


# What is wrong.
log.log("temperature")  # type: ignore[call-arg]
log.log(4, 21.5)  # type: ignore[arg-type]
log.log("bytes", b"raw")  # type: ignore[arg-type]
log.log("list", [1, 2])  # type: ignore[arg-type]
log.log("then", 1, 1416262288.9)  # type: ignore[arg-type]
log.log("then", 1, (1416262288, 0.9))  # type: ignore[arg-type]
log.log_object({"nested": {"a": 1}})  # type: ignore[type-var]
log.log_object("text")  # type: ignore[arg-type]
log.flush("30")  # type: ignore[arg-type]
flushed: bool = log.aflush()  # type: ignore[assignment]
log.polll()  # type: ignore[attr-defined]
log.sent = 0  # type: ignore[misc]
key: str = log.pending  # type: ignore[assignment]
log.status()["spent"]  # type: ignore[typeddict-item]
if log.state == "ofline":  # type: ignore[comparison-overlap]
    pass
islog.Logger("key")  # type: ignore[call-arg]
islog.Logger("key", "bucket", flush_intervall=1)  # type: ignore[call-arg]
islog.Logger("key", "bucket", flush_interval="1")  # type: ignore[arg-type]
islog.Logger("key", "bucket", api="event")  # type: ignore[arg-type]
islog.from_config(4)  # type: ignore[arg-type]
print(islog.ring)  # type: ignore[attr-defined]
