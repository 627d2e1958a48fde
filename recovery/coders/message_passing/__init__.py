"""Message passing: iterations whose error a scalar state evolution predicts."""

from recovery.coders.message_passing.amp import Amp

MESSAGE_PASSING: tuple[type, ...] = (Amp,)

__all__ = ["MESSAGE_PASSING", "Amp"]
