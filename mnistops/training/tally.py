"""Tally: what an epoch has come to so far."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Tally:
    """Sums over the images that an epoch has trained on, as they came, warped.

    Attributes:
        loss_sum: in nats, over the images.
        last_loss: mean of the last batch.
        seconds: that it took.
    """

    loss_sum: float = 0.0
    num_right: int = 0
    num_images: int = 0
    last_loss: float = 0.0
    seconds: float = 0.0

    @property
    def loss(self) -> float:
        """Mean over the images, in nats."""
        return self.loss_sum / self.num_images

    @property
    def accuracy(self) -> float:
        """Share of the images that were right, in 0..1."""
        return self.num_right / self.num_images

    def after(self, loss: float, num_right: int, num_images: int) -> "Tally":
        """With one more batch, of this mean loss."""
        return Tally(
            self.loss_sum + loss * num_images,
            self.num_right + num_right,
            self.num_images + num_images,
            loss,
            self.seconds,
        )

    def lasting(self, seconds: float) -> "Tally":
        """The same after so many seconds."""
        return replace(self, seconds=seconds)
