"""What others have published: small networks on MNIST's test images, and how each was judged."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A network of somebody else's, as its source tells of it.

    Attributes:
        name: to cite it by.
        num_params: parameters.
        accuracy: on the 10,000 test images, in 0..1.
        protocol: how the accuracy was come by.
        source: its address; None where we found none.
    """

    name: str
    num_params: int
    accuracy: float
    protocol: str
    source: str | None


# None of them is a mean over seeds.
PUBLISHED: tuple[Published, ...] = (
    Published(
        "hexhowells",
        575,
        0.98,
        "weights pruned one by one while the accuracy on test stays at 98 %",
        "https://hexhowells.com/posts/neural-golfing.html",
    ),
    Published(
        "JoshWarn",
        697,
        0.9903,
        "best epoch on test, of the best of about 700 models",
        "https://github.com/JoshWarn/Parameter-Efficient-MNIST",
    ),
    Published(
        "ruslangrimov",
        1_936,
        0.991,
        "one run, its epoch kept by 6,000 held-out images",
        "https://github.com/ruslangrimov/mnist-minimal-model",
    ),
    Published(
        "ruslangrimov",
        3_197,
        0.9909,
        "one run, its epoch kept by 6,000 held-out images, of which it gets 99.25 % right",
        "https://github.com/ruslangrimov/mnist-minimal-model",
    ),
    Published(
        "mnistops' seed",
        5_340,
        0.9955,
        "best epoch on test, of one run",
        "README, The seed, put right",
    ),
    Published(
        "nitin-vig",
        7_070,
        0.994,
        "one run of 15 epochs, its last ones; network and schedule chosen on test",
        "https://github.com/nitin-vig/ERAv4S6",
    ),
    Published(
        "snehanshu-raj",
        7_918,
        0.9952,
        "best epoch on test, of one run (its last epoch: 99.50 %)",
        "https://github.com/snehanshu-raj/ERA",
    ),
    Published("unknown", 33_088, 0.9955, "not known", None),
    Published("unknown", 511_000, 0.9964, "not known", None),
)
