"""A network in Python: residual sums, gates, functions between the modules.

mnistops summary examples/residual.py:Net --columns layer,path,params,mult-adds,connected-to
mnistops summary examples/residual.py:Net --max-params 8000 --max-mult-adds 2M --max-kb 32
mnistops rf examples/residual.py:Net
mnistops rf examples/residual.py:Net --verify
mnistops rf examples/residual.py:Net --layers 'second.*' --dilation 2 --keep-size
mnistops train examples/residual.py:Net
mnistops validate --network examples/residual.py:Net
"""

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions, gated channel by channel, added to what they take."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same."""
        outputs = self.second(functional.relu(self.norm(self.first(images))))
        means = outputs.mean((2, 3), keepdim=True)
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(means))))
        return functional.relu(images + gate * outputs)


class Net(nn.Module):
    """Two residual blocks: 5,884 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = nn.Conv2d(1, 12, 4, stride=2, padding=1)
        self.first = Block(12)
        self.second = Block(12)
        self.head = nn.Linear(24, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, 28, 28) to log-probabilities (N, 10)."""
        first = self.first(self.begin(images))
        second = self.second(functional.max_pool2d(first, 2))
        both = torch.cat((first.mean((2, 3)), second.amax((2, 3))), dim=1)
        return functional.log_softmax(self.head(both), dim=1)
