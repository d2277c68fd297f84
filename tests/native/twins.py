"""A network twice: with the native kernels, and as torch's own in float64."""

from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistops.data.augment import Interpolation, warp
from mnistops.native.network import NativeNetwork, lanes
from mnistops.native.plan import plan_of
from mnistops.networks.build import SpecNetwork, build
from mnistops.networks.spec import NetworkSpec

MEAN, DEVIATION = 0.25, 0.5


@dataclass(frozen=True)
class Examples:
    """Images (n, C, H, W) of unsigned bytes, where they are moved, and what they are (n, classes).

    Attributes:
        transforms: (n, 3, 3).
        seeds: of dropout, one for each stage.
    """

    images: Tensor
    transforms: Tensor
    targets: Tensor
    seeds: Tensor
    interpolation: Interpolation = "nearest"

    @property
    def pixels(self) -> Tensor:
        """Normalised, in float64."""
        moved = warp(self.images.double() / 255, self.transforms.double(), self.interpolation)
        return (moved - MEAN) / DEVIATION


def examples(spec: NetworkSpec, num_blocks: int, seed: int = 0, smooth: bool = False) -> Examples:
    """Random images that stay where they are; ``smooth`` targets are no one-hot vectors."""
    generator = torch.Generator().manual_seed(seed)
    number, plan = num_blocks * lanes(), plan_of(spec)
    images = torch.randint(0, 256, (number, *spec.input_size), generator=generator)
    targets = functional.one_hot(
        torch.randint(plan.num_classes, (number,), generator=generator), plan.num_classes
    ).float()
    if smooth:
        noise = torch.rand(targets.shape, generator=generator)
        targets = 0.6 * targets + 0.4 * noise / noise.sum(1, keepdim=True)
    seeds = torch.randint(-(2**31), 2**31, (len(plan.stages),), generator=generator)
    still = torch.eye(3).repeat(number, 1, 1)
    return Examples(images.byte(), still, targets, seeds.int())


def built(spec: NetworkSpec, seed: int = 0) -> SpecNetwork:
    """With random weights; those of norms too, which torch sets to 1 and 0."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = build(spec)
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight)
                nn.init.normal_(layer.bias)
    return module.train()


def native_step(network: NativeNetwork, given: Examples) -> tuple[float, int]:
    """A step on all examples in their order."""
    return network.step(
        given.images,
        torch.arange(len(given.images)),
        given.transforms,
        given.targets,
        (MEAN, DEVIATION),
        given.interpolation == "bilinear",
        given.seeds,
    )


def torch_step(module: nn.Module, given: Examples) -> tuple[float, int]:
    """The same by torch, in the module's own precision."""
    parameter = next(module.parameters())
    module.zero_grad()
    outputs = module(given.pixels.to(parameter.dtype))
    loss = functional.cross_entropy(outputs, given.targets.to(outputs.dtype))
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item(), int((outputs.argmax(1) == given.targets.argmax(1)).sum())


def in_double(module: SpecNetwork) -> SpecNetwork:
    """A copy in float64."""
    return deepcopy(module).double()


def gradients(module: nn.Module) -> dict[str, Tensor]:
    """A copy of every parameter's gradient, in float64."""
    found = {}
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        found[key] = parameter.grad.double().clone()
    return found


def least_variance(module: nn.Module, given: Examples) -> float:
    """Of what a norm is given, channel by channel, next to the square of its mean.

    Where that is hardly any, a norm makes rounding large: by 316, where it is none.
    """
    found = [1.0]

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        found.append((variance / (1 + mean**2)).min().item())

    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    hooks = [layer.register_forward_pre_hook(note) for layer in norms]
    torch_step(module, given)
    for hook in hooks:
        hook.remove()
    return min(found)


def torch_terms(module: nn.Module, given: Examples) -> dict[str, float]:
    """`torch_step`, and of each parameter what the gradient would be if no term cancelled another.

    The largest of each.
    """
    seen: dict[str, tuple[nn.Module, Tensor, Tensor]] = {}

    def note(name: str, layer: nn.Module, inputs: tuple[Tensor, ...], outputs: Tensor) -> None:
        outputs.retain_grad()
        seen[name] = layer, inputs[0].detach(), outputs

    layers = [(name, layer) for name, layer in module.named_modules() if layer._parameters]
    hooks = [layer.register_forward_hook(partial(note, name)) for name, layer in layers]
    torch_step(module, given)
    for hook in hooks:
        hook.remove()
    terms = {}
    for name, (layer, inputs, outputs) in seen.items():
        assert outputs.grad is not None
        slopes = outputs.grad.abs()
        if isinstance(layer, nn.BatchNorm2d):
            values = functional.batch_norm(inputs, None, None, training=True).abs()
            terms[f"{name}.weight"] = (slopes * values).sum((0, 2, 3)).max().item()
            terms[f"{name}.bias"] = slopes.sum((0, 2, 3)).max().item()
            continue
        twin = deepcopy(layer)
        twin.zero_grad()
        twin(inputs.abs()).backward(slopes)
        for key, value in gradients(twin).items():
            terms[f"{name}.{key}"] = value.max().item()
    return terms
