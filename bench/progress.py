"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

from tqdm import tqdm


class Progress:
    """Counts points done, their rate, and the time left; `done` points of earlier runs do not enter the rate."""

    def __init__(self, total: int, done: int, *, stream: TextIO | None = None, every: float = 5.0) -> None:
        self._stream = stream or sys.stderr
        self._total, self._initial, self._done = total, done, done
        self._every, self._start, self._last = every, time.monotonic(), float("-inf")
        self._bar = (
            tqdm(total=total, initial=done, unit="pt", file=self._stream, dynamic_ncols=True)
            if self._stream.isatty()
            else None
        )

    def advance(self, points: int) -> None:
        """Count points as done, and say so now and then."""
        self._done += points
        if self._bar is not None:
            self._bar.update(points)
            return
        now = time.monotonic()
        if now - self._last >= self._every or self._done == self._total:
            self._last = now
            print(self._line(now - self._start), file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """A line that does not tear the bar."""
        if self._bar is not None:
            tqdm.write(text, file=self._stream)
        else:
            print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Leave the terminal in order."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, elapsed: float) -> str:
        rate = (self._done - self._initial) / max(elapsed, 1e-9)
        left = (self._total - self._done) / rate if rate > 0 else float("inf")
        return f"{self._done}/{self._total} points, {rate:.3g} points/s, {left:.0f} s left"
