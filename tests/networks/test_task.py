"""What built-in networks become for other images."""

from mnistops.networks.task import MNIST_TASK, Task
from mnistops.networks.zoo import ZOO


def test_built_in_networks_are_made_for_mnist() -> None:
    for spec in ZOO.values():
        assert Task(spec.input_size, 10) == MNIST_TASK
        assert spec.with_outputs(MNIST_TASK.num_classes) == spec
