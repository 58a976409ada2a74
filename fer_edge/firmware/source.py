"""Writes a network as one C file and its header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge import __version__
from fer_edge.errors import OutputError
from fer_edge.firmware.arena import Plan, plan_arena
from fer_edge.firmware.c_text import as_comment, as_rows, as_string
from fer_edge.firmware.footprint import count_constants
from fer_edge.firmware.layer_text import KERNELS, call, describe, structure
from fer_edge.firmware.layers import Convolution, Dense, Depthwise, Layer, Network, Quantization, Softmax, Sums
from fer_edge.firmware.network import read_network
from fer_edge.kernels import read_kernel
from fer_edge.modelfile.metadata import ModelFile
from fer_edge.types import FACE_SIZE

DEFAULT_NAME = "fer_edge"

KERNEL_ORDER = (
    *("fixed_point", "quantize", "window", "gather", "smlad", "dot", "convolution", "depthwise"),
    *("dense", "pooling", "addition", "mean", "softmax", "resize"),
)
"""In which a C compiler must see them."""


@dataclass(frozen=True)
class SelfTest:
    """A face (uint8, 48 x 48) and the scores (uint8, one per class) that the reference kernels give it."""

    face: npt.NDArray[np.uint8]
    scores: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class CSource:
    """The two files, and what they need.

    Attributes:
        header: the text of the header.
        source: the text of the C file.
        arena_bytes: working memory.
        constant_bytes: weights and what goes with them.
    """

    header: str
    source: str
    arena_bytes: int
    constant_bytes: int


def check_name(name: str) -> str:
    """Return a name that C functions and files can begin with.

    Raises:
        OutputError: it is none.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
        raise OutputError(f"Expected a name of small letters, digits and _ for the C functions, got '{name}'.")
    return name


def write_c(file: ModelFile, name: str = DEFAULT_NAME, *, selftest: SelfTest | None = None) -> CSource:
    """Return C99, valid as C++ too, that computes an int8 model with no library and no allocation.

    Args:
        file: a verified model.
        name: what functions, macros and the two files begin with.
        selftest: what the firmware can check itself with; None leaves the function out.

    Raises:
        ModelError: the kernels cannot compute the model; see `fer_edge.firmware.network.read_network`.
        OutputError: C cannot have such a name.
    """
    network = read_network(file.flatbuffer, file.metadata.name)
    plan = plan_arena(network)
    writer = _Writer(file, network, plan, check_name(name), selftest)
    return CSource(writer.header(), writer.source(), plan.size, count_constants(network))


class _Writer:
    def __init__(self, file: ModelFile, network: Network, plan: Plan, name: str, selftest: SelfTest | None) -> None:
        self._file = file
        self._network = network
        self._plan = plan
        self._name = name
        self._macro = name.upper()
        self._selftest = selftest

    def header(self) -> str:
        """Return the header: what an app needs to know, and no more."""
        metadata, network = self._file.metadata, self._network
        n, m = self._name, self._macro
        labels = ", ".join(as_string(label) for label in metadata.labels)
        return f"""\
/*
{self._describe()}
 *
 * C99 and C++, no allocation, no library but the compiler's own.
 */
#ifndef {m}_H
#define {m}_H

#include <stddef.h>
#include <stdint.h>

#define {m}_VERSION {as_string(__version__)} /* of fer-edge */
#define {m}_MODEL {as_string(f"{metadata.name}.{metadata.recipe}")}
#define {m}_MODEL_SHA256 {as_string(metadata.content["flatbuffer_sha256"])}

#define {m}_SIDE {FACE_SIZE} /* of a face, in pixels */
#define {m}_PIXELS ({m}_SIDE * {m}_SIDE)
#define {m}_CLASSES {network.classes}

/* static const char *const labels[] = {m}_LABELS; */
#define {m}_LABELS {{{labels}}}

/* probability = (score - {m}_SCORE_ZERO) * {m}_SCORE_SCALE */
#define {m}_SCORE_ZERO {network.score_zero}
#define {m}_SCORE_SCALE {network.score_scale!r}f

#define {m}_ARENA_BYTES {self._plan.size} /* of working memory, aligned to 4 bytes */

#define {m}_ERROR_ARENA (-1)    /* the arena is too small, or not aligned */
#define {m}_ERROR_SIZE (-2)     /* the picture has no pixels */
#define {m}_ERROR_SELFTEST (-3) /* a score of the self-test is wrong */

/* Compile both files with -D{m}_STATIC_ARENA=0 where every call brings its own arena. */
#ifndef {m}_STATIC_ARENA
#define {m}_STATIC_ARENA 1
#endif

#ifdef __cplusplus
extern "C" {{
#endif

/*
 * Scores a face: raw grey pixels, 0..255, row by row. Returns the class with the highest score,
 * or an error below 0. The arena holds nothing between calls; tasks with an arena each may call
 * this at the same time.
 */
int {n}_classify_in(void *arena, size_t arena_bytes,
                    const uint8_t pixels[{m}_PIXELS], uint8_t scores[{m}_CLASSES]);

/*
 * Makes a face's pixels from a part of a grey picture: averages where it shrinks, interpolates
 * where it grows. `grey` is the part's upper left pixel, `stride` the bytes from a pixel to the
 * one below it. Width and height should be equal. Returns 0, or an error below 0.
 * Takes 1.5 kB of stack.
 */
int {n}_crop(const uint8_t *grey, int width, int height, int stride,
             uint8_t pixels[{m}_PIXELS]);
{self._selftest_declaration("_in(void *arena, size_t arena_bytes)")}
#if {m}_STATIC_ARENA
/* The same with a static arena; not reentrant. */
int {n}_classify(const uint8_t pixels[{m}_PIXELS], uint8_t scores[{m}_CLASSES]);
{self._selftest_declaration("(void)", comment=False)}#endif

#ifdef __cplusplus
}}
#endif

#endif /* {m}_H */
"""

    def source(self) -> str:
        """Return the C file."""
        constants = "\n".join(self._constants())
        n, m = self._name, self._macro
        return f"""\
/*
{self._describe()}
 */
#include "{n}.h"

#define FE_SIDE {m}_SIDE

{self._kernels()}
/* ---- The network ---- */

{constants}
/* ---- The functions of {n}.h ---- */

int {n}_classify_in(void *arena, size_t arena_bytes,
                    const uint8_t pixels[{m}_PIXELS], uint8_t scores[{m}_CLASSES])
{{
    int8_t *const memory = (int8_t *)arena;
    int best = 0;
    if (arena_bytes < {m}_ARENA_BYTES || (uintptr_t)arena % 4u != 0u) {{
        return {m}_ERROR_ARENA;
    }}
{self._calls()}
    for (int c = 1; c < {m}_CLASSES; c++) {{
        best = scores[c] > scores[best] ? c : best;
    }}
    return best;
}}

int {n}_crop(const uint8_t *grey, int width, int height, int stride, uint8_t pixels[{m}_PIXELS])
{{
    if (width < 1 || height < 1) {{
        return {m}_ERROR_SIZE;
    }}
    resize(grey, width, height, stride, pixels);
    return 0;
}}
{self._selftest_definition()}
#if {m}_STATIC_ARENA
static int32_t static_arena[{m}_ARENA_BYTES / 4];

int {n}_classify(const uint8_t pixels[{m}_PIXELS], uint8_t scores[{m}_CLASSES])
{{
    return {n}_classify_in(static_arena, sizeof static_arena, pixels, scores);
}}
{self._selftest_static()}#endif
"""

    def _describe(self) -> str:
        metadata = self._file.metadata
        labels = [f"  {index} {label}" for index, label in enumerate(metadata.labels)]
        lines = [
            f"{metadata.name}, {metadata.recipe}: the emotion of a face of {FACE_SIZE} x {FACE_SIZE} grey pixels.",
            f"Written by fer-edge {__version__}; do not edit. Scores, in order:",
            *labels,
        ]
        return "\n".join(f" * {as_comment(line)}".rstrip() for line in lines)

    def _kernels(self) -> str:
        needed = {"fixed_point", "resize"}
        for layer in self._network.layers:
            needed.update(KERNELS[type(layer)])
        return "\n".join(read_kernel(name) for name in KERNEL_ORDER if name in needed)

    def _constants(self) -> Iterator[str]:
        for position, layer in enumerate(self._network.layers):
            yield f"/* {position}: {describe(layer)} */"
            if isinstance(layer, Convolution | Depthwise | Dense):
                yield from self._sums(position, layer.sums)
            if isinstance(layer, Softmax):
                yield self._array("int32_t", f"exponentials_{position}", layer.exponentials)
            yield structure(layer, position) + "\n"

    def _sums(self, position: int, sums: Sums) -> Iterator[str]:
        yield self._array("int8_t", f"weights_{position}", sums.weights.tolist())
        yield self._array("int32_t", f"bias_{position}", sums.bias.tolist())
        yield self._array("int32_t", f"multipliers_{position}", [factor[0] for factor in sums.factors])
        yield self._array("int8_t", f"shifts_{position}", [factor[1] for factor in sums.factors])

    def _array(self, kind: str, name: str, numbers: Iterable[int]) -> str:
        numbers = list(numbers)
        return f"static const {kind} {name}[{len(numbers)}] = {{\n{as_rows(numbers)}\n}};"

    def _calls(self) -> str:
        return "\n".join(f"    {self._call(position, layer)}" for position, layer in enumerate(self._network.layers))

    def _call(self, position: int, layer: Layer) -> str:
        inputs, output = [self._place(tensor) for tensor in layer.inputs], self._place(layer.output)
        if isinstance(layer, Quantization):  # whose kernel takes bytes of either kind
            inputs = [f"(const uint8_t *)({place})" if place.startswith("memory") else place for place in inputs]
            output = f"(uint8_t *)({output})" if output.startswith("memory") else output
        return call(layer, position, inputs, output, self._plan.scratch.get(position))

    def _place(self, tensor: int) -> str:
        named = {self._network.input: "pixels", self._network.output: "scores"}
        return named.get(tensor) or f"memory + {self._plan.tensors[tensor]}"

    def _selftest_declaration(self, arguments: str, *, comment: bool = True) -> str:
        if self._selftest is None:
            return ""
        about = "\n/* Scores a face that came with this file. Returns 0 if every score is right, else an error. */\n"
        return (about if comment else "") + f"int {self._name}_selftest{arguments};\n"

    def _selftest_definition(self) -> str:
        if self._selftest is None:
            return ""
        n, m = self._name, self._macro
        return f"""
static const uint8_t test_face[{m}_PIXELS] = {{
{as_rows(self._selftest.face.ravel().tolist())}
}};
static const uint8_t test_scores[{m}_CLASSES] = {{
{as_rows(self._selftest.scores.tolist())}
}};

int {n}_selftest_in(void *arena, size_t arena_bytes)
{{
    uint8_t scores[{m}_CLASSES];
    const int best = {n}_classify_in(arena, arena_bytes, test_face, scores);
    if (best < 0) {{
        return best;
    }}
    for (int c = 0; c < {m}_CLASSES; c++) {{
        if (scores[c] != test_scores[c]) {{
            return {m}_ERROR_SELFTEST;
        }}
    }}
    return 0;
}}
"""

    def _selftest_static(self) -> str:
        if self._selftest is None:
            return ""
        n = self._name
        return f"""
int {n}_selftest(void)
{{
    return {n}_selftest_in(static_arena, sizeof static_arena);
}}
"""
