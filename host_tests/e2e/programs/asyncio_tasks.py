"""Logs from one asyncio task while log.run() sends from another; stopped by Ctrl-C."""

import asyncio

import islog
from notes import note

log = islog.from_config("config.json")


async def count():
    for n in range(30):
        note(log, "n", n)
        await asyncio.sleep(0.02)
    while log.pending:
        await asyncio.sleep(0.02)
    print("all sent")
    await asyncio.sleep(60)


async def main():
    await asyncio.gather(log.run(), count())


asyncio.run(main())
