"""Budgets: what a network may cost at most, for a gate in anybody's CI."""

from dataclasses import dataclass

from mnistops.analysis.summary import ModelSummary
from mnistops.settings.inspection import SummarySettings

KIBIBYTE = 1024


@dataclass(frozen=True)
class Budget:
    """One limit and what the network takes of it.

    Attributes:
        name: ``parameters``, ``mult-adds`` or ``KiB of parameters``.
        option: that set the limit.
        value: in the same unit; None where it is not known, so that the limit is not kept.
    """

    name: str
    option: str
    limit: float
    value: float | None

    @property
    def is_exceeded(self) -> bool:
        """Whether the network takes more, or nobody knows how much."""
        return self.value is None or self.value > self.limit


def budgets(summary: ModelSummary, settings: SummarySettings) -> tuple[Budget, ...]:
    """The limits that are set, each with what the network takes."""
    kibibytes = summary.memory.parameters / KIBIBYTE
    each = (
        ("parameters", "--max-params", settings.max_params, summary.total_params),
        ("mult-adds", "--max-mult-adds", settings.max_mult_adds, summary.mult_adds),
        ("KiB of parameters", "--max-kb", settings.max_kb, kibibytes),
    )
    return tuple(
        Budget(name, option, limit, value)
        for name, option, limit, value in each
        if limit is not None
    )
