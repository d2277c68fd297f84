"""Train a network from Python, then see where it fails.

python examples/train_from_python.py            # on MNIST, one epoch: about half a minute
python examples/train_from_python.py FOLDER     # on four IDX files of your own
"""

import sys
from pathlib import Path

import mnistops
from mnistops.training.events import EpochDone, RunDone
from mnistops.validation import SplitDone

SMALL = Path(__file__).parent / "small.toml"


def main(dataset: str = "mnist") -> None:
    """Train and validate."""
    settings = mnistops.Settings(
        seed=1,
        network={"name": str(SMALL)},
        data={"dataset": dataset},
        train={"epochs": 1, "batch_size": 64},
    )
    for event in mnistops.train(settings):
        match event:
            case EpochDone(metrics=metrics):
                print(f"epoch {metrics.epoch}: test accuracy {metrics.test_accuracy:.2%}")
            case RunDone(result=result):
                print(f"{result.num_params:,} parameters, run folder {result.run_folder}")

    # The newest run's last epoch, on the data that it was trained on.
    for done in mnistops.validate(mnistops.Settings(validate={"split": "test"})):
        if isinstance(done, SplitDone):
            print(f"{done.result.num_errors} mistakes, the most confident of them:")
            for mistake in reversed(done.result.mistakes[-3:]):
                print(
                    f"image {mistake.index}: {mistake.actual} taken for {mistake.predicted} "
                    f"with {mistake.confidence:.0%}"
                )


if __name__ == "__main__":
    main(*sys.argv[1:])
