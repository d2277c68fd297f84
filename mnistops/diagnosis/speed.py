"""The speed: a few seconds of training steps on made images, as ``mnistops train`` runs them."""

from collections.abc import Iterator

from mnistops.diagnosis.check import Check
from mnistops.settings.tree import Settings

SECONDS = 2.0
NUM_IMAGES = 100 * 128
_EPOCH_IMAGES = 60_000


def speed_checks() -> Iterator[Check]:
    """In the order of a report."""
    yield Check("training", _speed)


def _speed(settings: Settings) -> str:
    """Images per second of the engine that would train the reference network, by the defaults.

    Raises:
        MnistopsError: it cannot be trained here.
    """
    # Imported here: they load torch, which may be what is broken.
    import torch

    from mnistops.benchmark.pipelines import EnginePipeline, measure_rate
    from mnistops.classifier import open_classifier
    from mnistops.data.augment import Warp
    from mnistops.data.images import ImageSet
    from mnistops.device import open_device
    from mnistops.events import result_of
    from mnistops.training.engine_choice import choose_engine
    from mnistops.training.engines import Workbench
    from mnistops.training.randomness import Randomness
    from mnistops.training.recipe import drops_last_batch
    from mnistops.training.step import TrainingData

    defaults = Settings()
    train, device = defaults.train, open_device(settings.device)
    with Randomness(defaults.seed, device).of_network():
        classifier = open_classifier(defaults.network)
    classifier.module.to(device)
    random = torch.Generator().manual_seed(defaults.seed)
    pixels = torch.randint(256, (NUM_IMAGES, 1, 28, 28), dtype=torch.uint8, generator=random)
    images = ImageSet(pixels, torch.randint(10, (NUM_IMAGES,), generator=random))
    data = TrainingData(images.to(device), images.normalization(), train.interpolation)
    drop_last = drops_last_batch(train.recipe)
    bench = Workbench(
        classifier, data, Warp.of(train), train.batch_size, drop_last, device, defaults.seed
    )
    num_steps = train.epochs * (_EPOCH_IMAGES // train.batch_size)
    choice = result_of(choose_engine(bench, train, num_steps))
    bench.build(choice)
    rate = measure_rate(EnginePipeline(choice.engine, bench, choice), SECONDS)
    return (
        f"{rate:,.0f} images/s: {classifier.name}, {choice.engine} engine, {choice.precision}, "
        f"{train.batch_size} per step, on made images"
    )
