"""What several processes of one run share: sums, the weights and the optimiser's state in one piece.

Whole copies of the weights in each process are kept equal by torch's DistributedDataParallel, which ``accelerate``
sets up. Sharded weights are torch's ``fully_shard`` here and not accelerate's: that one leaves processes on CPUs out,
and no test could then run these lines.
"""

from __future__ import annotations

from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch.distributed.checkpoint import state_dict as pieces
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

_WHOLE = pieces.StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True, strict=False)


def joined(out: Path) -> Accelerator:
    """The Accelerator of this process, whose TensorBoard lies in ``out``. Processes on processors meet only where they
    say that they are on one; half precision is the run's own business."""
    on_cpu = not torch.cuda.is_available()
    return Accelerator(cpu=on_cpu, mixed_precision="no", log_with="tensorboard", project_dir=str(out))


def prepared(accelerator: Accelerator, network: torch.nn.Module, sharded: bool, half: bool) -> torch.nn.Module:
    """The network on its device, its gradients averaged over all processes. ``half``: shards compute in bfloat16."""
    if not sharded:
        return accelerator.prepare_model(network)
    mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16 if half else None, reduce_dtype=torch.float32)
    for module in (*network.blocks, network):
        # the outermost module would keep its weights gathered, and not see the averages that are measured
        fully_shard(module, mesh=mesh, mp_policy=policy, reshard_after_forward=True)
    return network


def sums(accelerator: Accelerator, *values: float) -> list[float]:
    """Each value summed over all processes."""
    return accelerator.reduce(torch.tensor(values, dtype=torch.float64, device=accelerator.device), "sum").tolist()


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the trained weights by name, whole and on the CPU. Every process must ask; only the first needs an
    answer, and where the weights are sharded only it gets one."""
    found = pieces.get_model_state_dict(network, options=_WHOLE)
    return {name: weight.clone() for name, weight in found.items()}


def load_weights(network: torch.nn.Module, found: dict[str, torch.Tensor]) -> None:
    """Take back what ``weights`` gave; every process needs all of it."""
    pieces.set_model_state_dict(network, found, options=_WHOLE)


def optimizer_state(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict:
    """As ``weights``, of the optimiser."""
    return pieces.get_optimizer_state_dict(network, optimizer, options=_WHOLE)


def load_optimizer_state(network: torch.nn.Module, optimizer: torch.optim.Optimizer, found: dict) -> None:
    pieces.set_optimizer_state_dict(network, optimizer, found, options=_WHOLE)


def gathered(value: object) -> list:
    """``value`` of every process, in their order."""
    return gather_object([value])
