"""Tell what pictures of digits show, from Python.

python examples/predict_from_python.py            # the pictures beside this file
python examples/predict_from_python.py IMAGE...   # your own
"""

import sys
from pathlib import Path

import mnistops
from mnistops.events import result_of

PICTURES = Path(__file__).parent / "pictures"


def main(*names: str) -> None:
    """Ask the built-in `reference` network."""
    paths = [Path(name) for name in names] or sorted(PICTURES.iterdir())
    settings = mnistops.Settings(validate={"checkpoint": "reference"})
    prediction = result_of(mnistops.predict(settings, paths))
    for picture in prediction.pictures:
        digit, second = picture.ranking[:2]
        print(
            f"{picture.path.name}: {digit} with {picture.probabilities[digit]:.1%}, "
            f"or {second} with {picture.probabilities[second]:.1%}"
        )
    for failure in prediction.failures:
        print(failure.error.message)

    # The first picture as the network saw it: 28 x 28 bytes, every other row.
    for row in prediction.pictures[0].image[0, ::2]:
        print("".join(" .:*#"[shade // 52] for shade in row).rstrip())


if __name__ == "__main__":
    main(*sys.argv[1:])
