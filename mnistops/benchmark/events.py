"""What a bench tells on its way, in order: begun, what is built or cannot be, rounds."""

from dataclasses import dataclass

from mnistops.benchmark.machine import Machine
from mnistops.benchmark.work import Work


@dataclass(frozen=True)
class BenchBegun:
    """Network and images are there.

    Attributes:
        device: for people, as ``cpu (2 threads)``.
        num_images: that an epoch trains on.
    """

    network: str
    num_params: int
    device: str
    num_images: int


@dataclass(frozen=True)
class PipelineOpening:
    """This one is made ready next; an engine may have to be compiled."""

    name: str


@dataclass(frozen=True)
class PipelineOpened:
    """It is ready, after so many seconds of compiling."""

    name: str
    compile_seconds: float


@dataclass(frozen=True)
class LeftOut:
    """It cannot be measured, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class RoundDone:
    """A pipeline has had one of its turns.

    Attributes:
        number: of the turns of all, from 1.
    """

    name: str
    images_per_second: float
    number: int
    num_rounds: int


@dataclass(frozen=True)
class Measured:
    """A pipeline's speed.

    Attributes:
        images_per_second: median of its rounds.
        compile_seconds: that it took to build what the engine builds on first use.
        share_of_limit: of the images per second that the machine could train on at most; None
            where the network's work cannot be counted.
    """

    name: str
    is_reference: bool
    images_per_second: float
    seconds_per_epoch: float
    compile_seconds: float
    share_of_limit: float | None


@dataclass(frozen=True)
class BenchResult:
    """What a bench came to.

    Attributes:
        device: for people.
        batch_size: images in a step.
        dropout: probabilities in our engines and in the reference; None is the network's own.
        work: that an image takes; None where it cannot be counted.
    """

    network: str
    num_params: int
    device: str
    num_images: int
    batch_size: int
    dropout: tuple[float | None, float | None]
    machine: Machine
    work: Work | None
    pipelines: tuple[Measured, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def reference(self) -> Measured | None:
        """The better of the seed's; None where none could be measured."""
        return _fastest([pipeline for pipeline in self.pipelines if pipeline.is_reference])

    @property
    def best(self) -> Measured | None:
        """The fastest of our engines; None where none could be measured."""
        return _fastest([pipeline for pipeline in self.pipelines if not pipeline.is_reference])

    def ratio(self, pipeline: Measured) -> float | None:
        """How many times faster than the reference; None where there is none."""
        if self.reference is None:
            return None
        return pipeline.images_per_second / self.reference.images_per_second

    @property
    def ratio_best_to_reference(self) -> float | None:
        """Of our fastest engine; None where one of the two could not be measured."""
        return None if self.best is None else self.ratio(self.best)


def _fastest(pipelines: list[Measured]) -> Measured | None:
    return max(pipelines, key=lambda pipeline: pipeline.images_per_second, default=None)
