"""One network, trained for a given time: SGD with one cycle of the rate, and a moving average that is handed out.

The time rules and not the number of epochs, since several networks share a GPU that is lent for minutes.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

BATCH = 1024
"""Images at a time where nothing is learned."""

WARMUP = 0.08
"""Share of the time in which the rate rises."""

Batches = Callable[[], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Schedule:
    """How one network is trained.

    Attributes:
        ends: the end, in seconds as `time.time` counts them.
        rate: highest learning rate of the cycle.
        weight_decay: as PyTorch's SGD adds it to the gradient.
        average_decay: of the moving average of the weights.
    """

    ends: float
    rate: float
    weight_decay: float
    average_decay: float = 0.999

    def rate_at(self, progress: float) -> float:
        """Return the learning rate when this share of the time has passed."""
        if progress < WARMUP:
            return self.rate * max(progress / WARMUP, 0.02)
        return self.rate * (1 + math.cos(math.pi * (progress - WARMUP) / (1 - WARMUP))) / 2


def fit(
    network: nn.Module, next_batch: Batches, schedule: Schedule, report: Callable[[float, int, float, nn.Module], None]
) -> tuple[nn.Module, int]:
    """Return the averaged network and the number of steps; `next_batch` gives pixels and N x 7 targets.

    `report` is called about twelve times with the share of the time, the steps, the loss and the averaged network.
    """
    on_gpu = next(network.parameters()).is_cuda
    averaged = copy.deepcopy(network).eval()
    compiled = torch.compile(network) if on_gpu else network
    decayed = [weight for weight in network.parameters() if weight.ndim > 1]
    free = [weight for weight in network.parameters() if weight.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": schedule.weight_decay}, {"params": free}],
        schedule.rate_at(0),
        momentum=0.9,
        nesterov=True,
    )
    pairs = list(zip(_floats(averaged), _floats(network), strict=True))
    averages, values = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    network.train()
    started = time.time()
    steps, told = 0, 0.0
    while (progress := (time.time() - started) / max(1e-6, schedule.ends - started)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(progress)
        pixels, targets = next_batch()
        with torch.autocast(pixels.device.type, torch.bfloat16):
            logits = compiled(pixels.contiguous(memory_format=torch.channels_last))
        loss = -(targets * logits.float().log_softmax(1)).sum(1).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        steps += 1
        decay = min(schedule.average_decay, (1 + steps) / (10 + steps))
        with torch.no_grad():
            torch._foreach_lerp_(averages, values, 1 - decay)
        if steps == 1:
            loss.item()  # compiled now: the clock starts afresh
            started = time.time()
        elif progress - told > 1 / 12:
            told = progress
            report(progress, steps, loss.item(), averaged)
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss is {loss.item()} after {steps} steps")
    return averaged, steps


def _floats(network: nn.Module) -> Iterator[torch.Tensor]:
    """Yield weights and batch statistics."""
    for tensor in network.state_dict(keep_vars=True).values():
        if tensor.is_floating_point():
            yield tensor.detach()


class Reader:
    """Reads faces with a network that learns no more, in batches of one size, so that it is compiled once."""

    def __init__(self, network: nn.Module) -> None:
        on_gpu = next(network.parameters()).is_cuda
        self._network = torch.compile(network) if on_gpu else network

    @torch.no_grad()
    def probabilities(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return N x 7 probabilities of uint8 or float32 N x 48 x 48 pixels."""
        answers = []
        for batch in pixels.split(BATCH):
            whole = batch[torch.arange(BATCH, device=batch.device) % len(batch)]
            channels_last = whole[:, None].float().contiguous(memory_format=torch.channels_last)
            with torch.autocast(pixels.device.type, torch.bfloat16):
                logits = self._network(channels_last)
            answers.append(logits[: len(batch)].float().softmax(1))
        return torch.cat(answers)


def reestimate_batch_norm(network: nn.Module, images: torch.Tensor) -> None:
    """Set the batch statistics to those of clean images, uint8 N x 48 x 48 (`fer_edge.train.batch_norm`)."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain average
        norm.train()
    with torch.no_grad():
        for batch in images.split(256):
            network(batch[:, None].float())
    network.eval()


def accuracy(probabilities: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the share of right answers."""
    return float((probabilities.argmax(1) == labels).float().mean())
