"""Strong teachers and long distillation on a GPU, in PyTorch, for the few minutes that one is at hand.

`pack` and `export` run where fer-edge is installed, `teach` and `learn` on the machine with the GPU, which needs
PyTorch, NumPy and Pillow only. `docs/training.md` has the commands.
"""

MOSAIC_EDGE = 48
"""Faces along each edge of a packed mosaic."""
