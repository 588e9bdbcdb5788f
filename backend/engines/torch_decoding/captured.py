"""One step as a CUDA graph. A step of an 8-B model starts hundreds of kernels; one by one the processor that starts
them is slower than the GPU that runs them."""

from __future__ import annotations

from collections.abc import Callable

import torch

WARM_UPS = 3
"""runs before the capture: kernels are compiled and libraries make their workspaces, which no graph may hold"""


def captured(run: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    """``run`` on the GPU without the processor. It must read and write the same tensors every time and never wait for
    the GPU; what it returns is the same tensor, overwritten, at every call."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(WARM_UPS):
            run()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = run()

    def replay() -> torch.Tensor:
        graph.replay()
        return out

    return replay
