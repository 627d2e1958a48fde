"""Ctrl-C that is not lost."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def remembered_interrupts() -> Iterator[Callable[[], None]]:
    """Within, the yielded function raises KeyboardInterrupt when there has been one, even one that went unnoticed.

    Python drops exceptions that are raised in finalisers and in callbacks of the garbage collector, of which JAX has
    one. Off the main thread, where signals do not arrive, nothing is remembered.
    """
    seen = threading.Event()

    def check() -> None:
        if seen.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = signal.getsignal(signal.SIGINT)

    def remember(number: int, frame: Any) -> None:
        seen.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
