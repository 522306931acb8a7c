"""Who is let in: a connection counts from its accept to its end, its TLS handshake too.

CONNECTIONS are open at most, and PER_ADDRESS of them from one address, so that one machine cannot
lock out all others. (Two hundred boards behind one router, each on a kept connection, and some
browsers are fewer.) Where the process may open few files, both are less in proportion. What is
beyond is closed as it is accepted, and nothing of it is read. Where nothing can be accepted at
all, the door asks again after a pause: the event loop of asyncio would ask at once, for ever.
"""

import asyncio
import resource
from collections import Counter

CONNECTIONS = 400
PER_ADDRESS = 250

_OTHER_FILES = 64  # the database with its readers, the page's files, what else the process has
_FEWEST = 8
_AT_ONCE = 100  # then those that are in have their turn
_PAUSE_S = 1


class Door:
    """Accepts on the socket `listening`, in the running event loop, until `close`.

    serve: a coroutine function that is given the accepted socket and returns once its connection
    has ended, or raises OSError. say: called with a sentence for whatever is turned away.
    """

    def __init__(self, listening, serve, say):
        self.most, self.most_of_one = limits()
        self._listening = listening
        self._serve = serve
        self._say = say
        self._open = Counter()  # by address
        self._tasks = set()
        self._loop = asyncio.get_running_loop()
        self._pause = None
        listening.setblocking(False)
        self._accept_from_now_on()

    def close(self):
        """Accept no more."""
        if self._pause:
            self._pause.cancel()
        self._loop.remove_reader(self._listening)
        self._listening.close()

    def _accept_from_now_on(self):
        self._pause = None
        self._loop.add_reader(self._listening, self._accept)

    def _accept(self):
        for _ in range(_AT_ONCE):
            try:
                accepted, (address, *_) = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as e:
                self._say(f"No connection can be accepted at the moment: {e.strerror}.")
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(_PAUSE_S, self._accept_from_now_on)
                return
            if refused := self._refused(address):
                self._say(refused)
                accepted.close()
                continue
            accepted.setblocking(False)
            self._open[address] += 1
            task = self._loop.create_task(self._serve_one(accepted, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _refused(self, address):
        if len(self._tasks) >= self.most:
            return f"All {self.most} connections are in use: a further one was closed."
        if self._open[address] >= self.most_of_one:
            return f"{address} has {self.most_of_one} connections: a further one was closed."
        return None

    async def _serve_one(self, accepted, address):
        try:
            await self._serve(accepted)
        except OSError:
            pass  # it never shook hands, or not as TLS does
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]


def limits():
    """(connections in all, connections of one address) that this process can afford."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most = CONNECTIONS
    if files != resource.RLIM_INFINITY:
        most = max(_FEWEST, min(most, files - _OTHER_FILES))
    return most, most * PER_ADDRESS // CONNECTIONS
