"""The networks: sizes, layers, impossible lists."""

import numpy as np
import pytest

from fer_edge.errors import RecipeError
from fer_edge.train.config import load_recipe
from fer_edge.train.models import build_model


def test_seed_cnn_has_the_size_of_the_paper() -> None:
    config = load_recipe("seed_cnn")
    network = build_model(config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout)
    assert 2.1e6 < network.count_params() < 2.25e6


def test_edge_cnn_is_light_and_takes_raw_pixels() -> None:
    config = load_recipe("edge_cnn_s")
    network = build_model(config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout)
    assert network.count_params() < 250_000
    assert "rescaling" in [type(layer).__name__.lower() for layer in network.layers]
    for size in (36, 48):
        assert network(np.zeros((2, size, size, 1), np.float32)).shape == (2, 7)


def test_lists_that_do_not_fit_a_network() -> None:
    with pytest.raises(RecipeError, match="as many blocks"):
        build_model("edge_cnn", widths=[8, 8], blocks=[1], dropout=[0.0])
    with pytest.raises(RecipeError, match="dropout"):
        build_model("seed_cnn", widths=[8, 8, 8], blocks=[], dropout=[0.1])
    with pytest.raises(RecipeError, match="edge_cnn, seed_cnn, mini_xception"):
        build_model("vgg", widths=[], blocks=[], dropout=[])
    with pytest.raises(RecipeError, match="mini_xception is fixed"):
        build_model("mini_xception", widths=[], blocks=[], dropout=[0.5])


def test_fine_stem_sees_every_pixel_first() -> None:
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0], stem=[8])
    assert network.get_layer("fine1").strides == (1, 1)
    assert network.get_layer("fine1").output.shape[-1] == 8
    assert network.get_layer("stem").strides == (2, 2)
