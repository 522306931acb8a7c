"""A time server that answers each question as a test says: well, badly, or not at all."""

import contextlib
import socket
import threading
import time

from tools.server import sntp


def good(question, ahead_s=0):
    """A right answer, or one of a server that is `ahead_s` ahead: a bytearray of 48 bytes."""
    return bytearray(sntp.reply(question, time.time_ns, int(ahead_s * 10**9)))


class NtpServer:
    """Listens on a UDP port of 127.0.0.1, in a thread, while in `with`.

    answer: a function of the question that gives the answer (bytes), or None for silence.
    `asked` counts the questions.
    """

    def __init__(self, answer=good):
        self.answer = answer
        self.asked = 0
        self._asker = None

    def __enter__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run)
        self._ending = False
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _run(self):
        while True:
            # What is sent to an asker who has gone comes back as an error of a later call.
            with contextlib.suppress(ConnectionError):
                question, self._asker = self._socket.recvfrom(1024)
                if self._ending:
                    return
                self.asked += 1
                answer = self.answer(question)
                if answer is not None:
                    self._socket.sendto(answer, self._asker)

    def send_from_elsewhere(self, data):
        """Send `data` from another port to the one who asks at present."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(data, self._asker)
