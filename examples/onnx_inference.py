"""Use an exported network without torch or mnistops: onnxruntime and numpy are all it takes.

mnistops export small --normalize --out exported
python examples/onnx_inference.py exported/small.onnx IMAGES

IMAGES is a file of images as MNIST has them (IDX, raw or .gz), as t10k-images-idx3-ubyte.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def read_images(path: Path) -> np.ndarray:
    """Images (N, height, width) of bytes: after a header of four numbers, pixel by pixel."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    _, number, height, width = np.frombuffer(data, ">i4", count=4)
    return np.frombuffer(data, np.uint8, offset=16).reshape(number, height, width)


def main(model: str, images: str) -> None:
    """Print the class of each of the first images, and how sure the network is of it."""
    session = onnxruntime.InferenceSession(model)
    # Exported with --normalize, it takes pixels in 0..1; any number of images at once.
    pixels = read_images(Path(images))[:10, None].astype(np.float32) / 255
    (outputs,) = session.run(None, {"images": pixels})
    chances = np.exp(outputs - outputs.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    for index, row in enumerate(chances):
        print(f"image {index}: {row.argmax()} with {row.max():.0%}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
