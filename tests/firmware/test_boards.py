"""Whether a network fits a board is said before anything is written."""

import pytest

from fer_edge.errors import ModelError
from fer_edge.firmware.boards import BOARDS, CODE_BYTES, check_fit, find_board
from fer_edge.firmware.footprint import find_footprint
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model


def test_small_network_fits_every_board() -> None:
    found = find_footprint(read_model(find_model("edge_cnn_s")).flatbuffer)
    for board in BOARDS.values():
        assert check_fit("it", board, constants=found.constant_bytes, arena=found.arena_bytes).startswith("On the ")


def test_larger_one_does_not_fit_the_microbit() -> None:
    found = find_footprint(read_model(find_model("edge_cnn_m")).flatbuffer)
    with pytest.raises(ModelError, match=r"^it does not fit the BBC micro:bit v2: it takes 745 kB of flash, and the"):
        check_fit("it", find_board("microbit2"), constants=found.constant_bytes, arena=found.arena_bytes)


def test_limits_are_exact() -> None:
    board = find_board("rp2040")
    check_fit("it", board, constants=board.flash - CODE_BYTES, arena=board.ram)
    with pytest.raises(ModelError, match="of flash"):
        check_fit("it", board, constants=board.flash - CODE_BYTES + 1, arena=0)
    with pytest.raises(ModelError, match="of RAM"):
        check_fit("it", board, constants=0, arena=board.ram + 1)


def test_unknown_board_lists_the_known() -> None:
    with pytest.raises(ModelError, match=r"Expected a board among rp2040, .*, got 'abacus'"):
        find_board("abacus")
