"""Message passing: iterations whose error a scalar state evolution predicts."""

from recovery.coders.message_passing.amp import Amp
from recovery.coders.message_passing.bayes_amp import BayesAmp
from recovery.coders.message_passing.em_bayes_amp import EmBayesAmp
from recovery.coders.message_passing.vamp import Vamp

MESSAGE_PASSING: tuple[type, ...] = (Amp, BayesAmp, EmBayesAmp, Vamp)

__all__ = ["MESSAGE_PASSING", "Amp", "BayesAmp", "EmBayesAmp", "Vamp"]
