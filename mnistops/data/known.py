"""Known data sets: they are used only as they were published, by the hashes of their files."""

from dataclasses import dataclass, replace
from pathlib import Path

from mnistops.data.files import FILES, IdxFile


@dataclass(frozen=True)
class KnownSet:
    """A published data set of 10 classes, 28 x 28 pixels.

    Attributes:
        title: for people.
        mirrors: where its four files are, packed, in the order in which they are asked; all over
            an encrypted line, which torchvision's addresses are not.
        class_names: None where the numbers are the names.
        has_wheel: whether there is a copy in a wheel as well.
    """

    title: str
    files: tuple[IdxFile, ...]
    mirrors: tuple[str, ...]
    class_names: tuple[str, ...] | None = None
    has_wheel: bool = False


def _files(title: str, raw: str, hashes: tuple[str, ...], is_packed: bool) -> tuple[IdxFile, ...]:
    """Those of a data set that has MNIST's names and sizes."""
    place = Path(raw, "raw")
    return tuple(
        replace(file, sha256=sha256, of=title, raw=place, is_packed=is_packed)
        for file, sha256 in zip(FILES, hashes, strict=True)
    )


# The https one of torchvision's two.
_MNIST = KnownSet("MNIST", FILES, ("https://ossci-datasets.s3.amazonaws.com/mnist/",), None, True)

# Of files that come, packed again, to the MD5s that torchvision has.
_FASHION_MNIST = KnownSet(
    "Fashion-MNIST",
    _files(
        "Fashion-MNIST",
        "FashionMNIST",
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        is_packed=False,
    ),
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
    ),
    (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)

# Those that TensorFlow Datasets has, of the packed files; no others were to be had.
_KMNIST = KnownSet(
    "KMNIST",
    _files(
        "KMNIST",
        "KMNIST",
        (
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        is_packed=True,
    ),
    ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
)

MNIST = "mnist"
KNOWN: dict[str, KnownSet] = {
    MNIST: _MNIST,
    "fashion-mnist": _FASHION_MNIST,
    "kmnist": _KMNIST,
}
"""By the name that settings have for them."""
