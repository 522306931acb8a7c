"""Sentences for a person: what comes again and again is said once and then counted.

Whoever reaches the server can make it say something, ten thousand times if they like; what is
written of that is a few lines a minute.
"""

import threading
import time

_PERIOD_S = 60
_DIFFERENT = 30  # sentences in a period


class Sparing:
    """Passes sentences on to `say`, from any thread: each once in a period, and not too many.

    What was left out is counted, and told at the first `tell` after the period."""

    def __init__(self, say):
        self._say = say
        self._lock = threading.Lock()
        self._since = 0.0
        self._left_out = {}  # by sentence: how often it came again
        self._others = 0

    def __call__(self, sentence):
        self.tell()
        with self._lock:
            if sentence in self._left_out:
                self._left_out[sentence] += 1
                return
            if len(self._left_out) >= _DIFFERENT:
                self._others += 1
                return
            if not self._left_out:
                self._since = time.monotonic()
            self._left_out[sentence] = 0
        self._say(sentence)

    def tell(self, at_once=False):
        """Say what was left out, where the period is over (or at once)."""
        with self._lock:
            if not at_once and time.monotonic() - self._since < _PERIOD_S:
                return
            left_out, self._left_out = self._left_out, {}
            others, self._others = self._others, 0
        for sentence, times in left_out.items():
            if times:
                self._say(f"(Again, {'once' if times == 1 else f'{times} times'}: {sentence})")
        if others:
            self._say(f"({others} further sentences of the last minute were left out.)")
