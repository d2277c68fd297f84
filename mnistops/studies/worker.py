"""A worker: one run of a study, trained and judged in a process of its own.

``python -m mnistops.studies.worker REQUEST.json`` is how a study starts it. It ends when its
standard input is closed, as it is when the study is gone.
"""

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Thread

from mnistops import errors
from mnistops.checkpoint import load_checkpoint
from mnistops.classifier import load_classifier
from mnistops.data.images import ImageSet, open_dataset, split
from mnistops.device import open_device
from mnistops.disk import replace_file
from mnistops.errors import MnistopsError
from mnistops.evaluation import evaluate
from mnistops.events import result_of
from mnistops.native.network import native_outputs
from mnistops.settings.tree import Settings
from mnistops.studies.outcome import RunOutcome, write_outcome
from mnistops.training.run import train


def run_and_judge(settings: Settings) -> RunOutcome:
    """Train, and evaluate the last epoch's weights as their checkpoint has them.

    Raises:
        MnistopsError: of `mnistops.training.run.train`.
    """
    run = result_of(train(settings))
    device = open_device(settings.device)
    checkpoint = load_checkpoint(run.run_folder / "last.pt")
    # A checkpoint holds our blocks, but of a network in Python only the name.
    network = settings.network if isinstance(checkpoint.network, str) else None
    classifier = load_classifier(checkpoint, network)
    module = classifier.module.to(device)
    outputs_of = native_outputs(module, classifier.network)
    dataset = result_of(open_dataset(settings.data))
    splits = split(dataset, settings.train.holdout, settings.train.holdout_fold)

    def mistakes(images: ImageSet | None) -> tuple[int, ...]:
        if images is None:
            return ()
        found = evaluate(module, images.to(device), checkpoint.normalization, outputs_of)
        return tuple(sorted(mistake.index for mistake in found.mistakes))

    return RunOutcome(
        run.num_params,
        len(run.epochs),
        run.learning_rate,
        asdict(run.final.metrics),
        len(splits.test),
        mistakes(splits.test),
        len(splits.holdout) if splits.holdout else 0,
        mistakes(splits.holdout),
        run.time_seconds,
    )


def write_request(path: Path, settings: Settings) -> None:
    """Write what a worker is to do."""
    replace_file(path, settings.model_dump_json(indent=2).encode())


def error_path(request: Path) -> Path:
    """Where a worker tells of a mistake that its user can mend."""
    return request.with_suffix(".error.json")


def read_error(request: Path) -> MnistopsError | None:
    """The mistake that a worker told of, if it did."""
    try:
        told = json.loads(error_path(request).read_bytes())
        error: MnistopsError = getattr(errors, told["kind"])(told["message"], told["hint"])
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return error


def main(request: Path) -> None:
    """Do what is requested; a mistake of the user's becomes a file beside the request."""
    import torch

    Thread(target=_end_with_the_study, daemon=True).start()
    settings = Settings(**json.loads(request.read_bytes()))
    # One core is all that it has on a CPU; on a GPU there is nothing to share out.
    torch.set_num_threads(1)
    try:
        outcome = run_and_judge(settings)
        write_outcome(Path(settings.train.run_dir or "."), outcome)
    except MnistopsError as error:
        # The nearest kind that `read_error` knows.
        kind = next(of.__name__ for of in type(error).__mro__ if of.__module__ == errors.__name__)
        told = {"kind": kind, "message": error.message, "hint": error.hint}
        replace_file(error_path(request), json.dumps(told).encode())


def _end_with_the_study() -> None:
    # Without Python's buffer, whose lock it would hold when the interpreter ends.
    while os.read(sys.stdin.fileno(), 1):
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
