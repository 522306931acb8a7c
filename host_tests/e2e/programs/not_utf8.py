"""Logs texts and signals that are not quite UTF-8, as a board's program may come by them."""

import json

import islog

log = islog.from_config("config.json")
weather = json.loads(
    '{"sun \\ud83c\\udf1e": "Sunny \\ud83c\\udf1e, \\u00b0C", "half": "a \\ud83c b"}'
)
for signal in sorted(weather):
    log.log(signal, weather[signal])
names = {}
exec(b'latin = "Caf\xe9"', names)  # as from a main.py that is saved as Latin-1
log.log(names["latin"], names["latin"])
log.log("garbled", str(b"\xc0\x80\xed\xb0\x80\xf7\xbf\xbf\xbf", "utf-8"))  # it looks like UTF-8
log.log("long", "\ud83c\udf1e" * 166)
log.log("good", "\U0001f31e °C")
print("told", log.flush(60), log.last_error)
