"""A network in Python: a chain of torch modules.

mnistops summary examples/chain.py:Net
mnistops rf examples/chain.py:Net --layers 'features.3' --dilation 1 --dilation 3 --keep-size
mnistops train examples/chain.py:Net
mnistops validate --network examples/chain.py:Net
"""

import torch
from torch import nn
from torch.nn import functional


class Net(nn.Module):
    """Convolutions, then classes: 7,154 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, kernel_size=5, stride=2, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 16, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(16 * 6 * 6, 10))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 28, 28) to log-probabilities (N, 10)."""
        outputs = self.head(torch.flatten(self.features(images), 1))
        return functional.log_softmax(outputs, dim=-1)
