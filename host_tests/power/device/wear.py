"""Runs on MicroPython: how often flash is erased for what a board spools, on a real littlefs.

`wear.py SECTORS PROG_BYTES RECORDS`: with the default sizes of ring and batch, a reading a
second is spooled, in outages with a replay between, until so many records were written. Prints
what that took of flash as JSON.
"""

import gc
import json
import sys

import littlefs
import nor
import virtual_board
from virtual_board import Board


def main(sectors, prog_bytes, records):
    gc.threshold(500000)  # else the fakes' garbage leaves no large piece of the heap
    virtual_board.reset()
    flash = nor.Nor(sectors, prog_bytes)
    littlefs.make(flash)
    with open("/flash/lib", "wb") as f:  # as large as islog is, beside it
        f.write(bytes(60000))
    board = Board(spool_file="/flash/spool", spool_bytes=200000)
    log = board.logger
    board.run(5)
    fresh = flash.erases[:]
    programs, programmed = flash.programs, flash.programmed_bytes
    wrote = readings = 0
    n = 0
    while wrote < records:
        board.server.down = True
        for _ in range(64):
            before = log._spool.count
            while log._spool.count == before:
                board.log("temperature", n / 8)
                n += 1
                board.run(1)
            wrote += 1
            readings += log._spool.count - before
        board.server.down = False
        while log.pending:
            board.run(10)
            del board.server.readings[:], board.server.batches[:]
        assert log.dropped == 0
    erases = [flash.erases[i] - fresh[i] for i in range(sectors)]
    print(
        json.dumps(
            {
                "records": wrote,
                "readings": readings,
                "erases": sum(erases),
                "most": max(erases),
                "sectors": len([count for count in erases if count]),
                "programs": flash.programs - programs,
                "programmed": flash.programmed_bytes - programmed,
            }
        )
    )


main(*map(int, sys.argv[1:]))
