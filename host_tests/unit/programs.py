"""What the tests of asyncio share: programs of several tasks, in virtual time."""

import virtual_board
from islog import task as under_asyncio

asyncio = under_asyncio.asyncio
time = virtual_board.time


def run(board, *coroutines, seconds=10):
    """The coroutines as tasks, for so long; what is left of them then is cancelled. The tasks."""
    asyncio.new_event_loop()
    tasks = []

    async def main():
        tasks.extend([asyncio.create_task(c) for c in coroutines])
        await asyncio.sleep_ms(seconds * 1000)
        for task in tasks:
            task.cancel()
        for task in tasks:
            await ended(task)
        board.check_books()

    asyncio.run(main())
    return tasks


async def ended(task):
    try:
        return await task
    except asyncio.CancelledError:
        return None


class Ticker:
    """A task that wants to go on every 10 ms; `late_ms`: by how much it was late at most."""

    def __init__(self):
        self.late_ms = self.ticks = 0

    async def run(self):
        while True:
            due = time.up_ms() + 10
            await asyncio.sleep_ms(10)
            self.late_ms = max(self.late_ms, time.up_ms() - due)
            self.ticks += 1


async def log_each_second(board, count, first=0):
    for i in range(first, first + count):
        board.log("t", i)
        await asyncio.sleep_ms(1000)
