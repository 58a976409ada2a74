"""The networks that a GPU trains in PyTorch are the ones that ship in Keras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fer_edge.kerasfile.load import predict_keras  # noqa: E402
from fer_edge.train.models import build_model  # noqa: E402
from tools.distil.fit import reestimate_batch_norm  # noqa: E402
from tools.distil.networks import EdgeCnn  # noqa: E402
from tools.distil.views import Views, render  # noqa: E402
from tools.distil.weights import read_weights, write_weights  # noqa: E402

SHAPE = {"widths": [8, 16, 24], "blocks": [1, 2, 1], "stem": [4]}


def test_keras_answers_as_pytorch_does(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (32, 48, 48, 1), np.uint8)
    network = EdgeCnn(**SHAPE)
    reestimate_batch_norm(network, torch.from_numpy(images[..., 0]))
    write_weights(network, tmp_path / "weights.npz", half=False)
    keras_network = build_model("edge_cnn", dropout=[0.1], **SHAPE)
    with np.load(tmp_path / "weights.npz") as stored:
        for weight in keras_network.weights:
            if weight.path in stored:
                weight.assign(stored[weight.path])
        assert set(stored.files) <= {weight.path for weight in keras_network.weights}
    again = EdgeCnn(**SHAPE).eval()
    read_weights(again, tmp_path / "weights.npz")
    with torch.no_grad():
        expected = again(torch.from_numpy(images.transpose(0, 3, 1, 2)).float()).softmax(1).numpy()
    np.testing.assert_allclose(predict_keras(keras_network, images), expected, atol=1e-4)


def test_a_clean_view_is_as_sharp_as_the_image() -> None:
    images = torch.from_numpy(np.random.default_rng(2).integers(0, 256, (4, 48, 48), np.uint8))
    none, one = torch.zeros(4), torch.ones(4)
    moved = render(images, Views(none, one, 2 * one, -one, torch.zeros(4, dtype=torch.bool), one))
    np.testing.assert_allclose(moved[:, 0, :47, 2:], images[:, 1:, :46], atol=1e-2)
