"""Check: a look at one thing that mnistops uses, and what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mnistops.errors import MnistopsError
from mnistops.settings.tree import Settings

State = Literal["fine", "lacking", "problem"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        state: fine; lacking: not as it should be, but all can be done without; problem: needed.
        found: for people, one line.
        advice: what to do about it; empty where it is fine.
    """

    name: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Check:
    """A look at one thing.

    Attributes:
        look: tells what is there; raises where it is not as it should be.
        is_needed: whether something cannot be done without it.
        advice: what to do where what it raises does not say.
    """

    name: str
    look: Callable[[Settings], str]
    is_needed: bool = True
    advice: str = "see to the problems above; if there are none, please report it"

    def find(self, settings: Settings) -> Finding:
        """Look; whatever goes wrong is what was found."""
        try:
            return Finding(self.name, "fine", self.look(settings))
        except MnistopsError as error:
            return self.failed(error.message, error.hint)
        except (Exception, SystemExit) as error:  # a broken library may fail in any way
            text = " ".join(str(error).split())
            return self.failed(f"{type(error).__name__}: {text}" if text else type(error).__name__)

    def failed(self, how: str, advice: str | None = None) -> Finding:
        """The finding of a look that failed."""
        state: State = "problem" if self.is_needed else "lacking"
        return Finding(self.name, state, f"{how:.400}", advice or self.advice)
