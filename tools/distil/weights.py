"""Weights of an `edge_cnn` between Keras and PyTorch: an .npz of half-precision arrays by Keras's names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tools.distil.networks import EdgeCnn

NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def write_weights(network: EdgeCnn, path: Path, *, half: bool = True) -> None:
    """Write the network's weights as Keras lays them out: kernels height x width x in x out."""
    arrays = {}
    for name, layer in network.layers.items():
        if name.endswith("_norm"):
            arrays |= {f"{name}/{keras}": getattr(layer, ours) for keras, ours in NORM.items()}
        else:
            arrays[f"{name}/kernel"] = layer.weight.permute(2, 3, 1, 0)
    arrays["probabilities/kernel"] = network.probabilities.weight.T
    arrays["probabilities/bias"] = network.probabilities.bias
    kind = np.float16 if half else np.float32
    np.savez_compressed(
        path, **{name: array.detach().float().cpu().numpy().astype(kind) for name, array in arrays.items()}
    )


def read_weights(network: EdgeCnn, path: Path) -> None:
    """Set the network's weights to those of such a file."""
    with np.load(path) as stored:
        arrays = {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files}
    with torch.no_grad():
        for name, layer in network.layers.items():
            if name.endswith("_norm"):
                for keras, ours in NORM.items():
                    getattr(layer, ours).copy_(arrays[f"{name}/{keras}"])
            else:
                layer.weight.copy_(arrays[f"{name}/kernel"].permute(3, 2, 0, 1))
        network.probabilities.weight.copy_(arrays["probabilities/kernel"].T)
        network.probabilities.bias.copy_(arrays["probabilities/bias"])
