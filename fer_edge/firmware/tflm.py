"""What users of TensorFlow Lite for Microcontrollers (TFLM) need beside the model as a C array."""

from __future__ import annotations

from fer_edge.errors import ModelError
from fer_edge.firmware.c_text import as_comment, as_rows
from fer_edge.firmware.source import SelfTest
from fer_edge.graph.cost import analyse_cost
from fer_edge.modelfile.metadata import ModelFile

METHODS = {
    "ADD": "AddAdd",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "FULLY_CONNECTED": "AddFullyConnected",
    "HARD_SWISH": "AddHardSwish",
    "LOGISTIC": "AddLogistic",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MUL": "AddMul",
    "PAD": "AddPad",
    "QUANTIZE": "AddQuantize",
    "RESHAPE": "AddReshape",
    "SOFTMAX": "AddSoftmax",
    "SUB": "AddSub",
}
"""Operator -> the method of TFLM's MicroMutableOpResolver that registers it for int8."""

TESTED_ARENAS = {
    ("edge_cnn_s", 20): 36_656,
    ("edge_cnn_m", 30): 91_008,
    ("edge_cnn_xs", 18): 27_676,
}
"""(network, operators) -> the smallest arena in bytes with which PyPI's tflite-micro runs it; a test measures again."""

SPARE = 1.1
"""By how much the kit's arena is larger: another processor's kernels want other scratch memory."""


def check_runs(file: ModelFile) -> list[str]:
    """Return the operators of a model that TFLM runs, each once, in the order in which they run.

    Raises:
        ModelError: it computes in floats, or has an operator that the kit does not know.
    """
    cost = analyse_cost(file.flatbuffer, file.metadata.name)
    dtypes = {tensor.dtype for operator in cost.operators for tensor in (*operator.inputs, *operator.outputs)}
    if not dtypes <= {"int8", "uint8", "int32"} or any(tensor.dtype == "float32" for tensor in cost.outputs):
        raise ModelError(
            f"{file.metadata.name} ({file.metadata.recipe}) computes in floats, and no microcontroller's runtime takes "
            "such files. Convert it with 'fer-edge convert --to int8'."
        )
    names = list(dict.fromkeys(operator.name for operator in cost.operators))
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise ModelError(
            f"{file.metadata.name} has the operator {unknown[0]}, which the kit for TensorFlow Lite for "
            f"Microcontrollers does not know; it knows {', '.join(METHODS)}."
        )
    return names


def tested_arena(file: ModelFile) -> int | None:
    """Return the smallest arena in bytes with which TFLM ran this network, None if that was not tried."""
    cost = analyse_cost(file.flatbuffer, file.metadata.name)
    return TESTED_ARENAS.get((file.metadata.name, len(cost.operators)))


def arena_bytes(file: ModelFile) -> int:
    """Return how much working memory to give TFLM: the tested size and a tenth more, else an estimate."""
    tested = tested_arena(file)
    if tested is not None:
        return int(tested * SPARE)
    return 2 * analyse_cost(file.flatbuffer, file.metadata.name).peak_bytes + 16_384


def write_kit(file: ModelFile, stem: str, symbol: str, selftest: SelfTest) -> dict[str, str]:
    """Return file name -> text of the files that go beside the array `symbol` in `stem`.h.

    Args:
        file: a verified int8 model.
        stem: what the array's files are named.
        symbol: the array.
        selftest: a face, and the scores of the reference kernels.

    Raises:
        ModelError: see `check_runs`.
    """
    return {f"{stem}_tflm.h": _header(file, stem, selftest), f"{stem}_main.cc": _main(stem, symbol)}


def _header(file: ModelFile, stem: str, selftest: SelfTest) -> str:
    operators = check_runs(file)
    size, tested = arena_bytes(file), tested_arena(file)
    output = analyse_cost(file.flatbuffer, file.metadata.name).outputs[0]
    macro = "".join(character if character.isalnum() else "_" for character in stem.upper())
    calls = "\n".join(f"    TF_LITE_ENSURE_STATUS(resolver.{METHODS[name]}());" for name in operators)
    about = (
        f"A tenth more than the smallest, {tested} bytes, with which PyPI's tflite-micro runs it."
        if tested
        else "An estimate, not tried: shrink it to what MicroInterpreter::arena_used_bytes() tells."
    )
    labels = ", ".join(f"{index} {as_comment(label)}" for index, label in enumerate(file.metadata.labels))
    return f"""\
/*
 * For TensorFlow Lite for Microcontrollers: the operators, the arena and a self-test of {as_comment(stem)}.h.
 * Written by fer-edge. Scores, in order: {labels}
 */
#ifndef {macro}_TFLM_H
#define {macro}_TFLM_H

#include <cstdint>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

/* {about} */
constexpr int kArenaBytes = {size};

/* probability = (score - kScoreZero) * kScoreScale */
constexpr float kScoreScale = {output.scales[0]!r}f;
constexpr int kScoreZero = {output.zero_points[0]};
constexpr int kClasses = {output.elements};

using Resolver = tflite::MicroMutableOpResolver<{len(operators)}>;

inline TfLiteStatus RegisterOperators(Resolver& resolver) {{
{calls}
    return kTfLiteOk;
}}

/* A face, 48 x 48 grey pixels, and the scores of TensorFlow Lite's reference kernels. TFLM rounds dense layers
 * otherwise, so now and then a score differs by one or two. */
constexpr uint8_t kTestFace[] = {{
{as_rows(selftest.face.ravel().tolist())}
}};
constexpr uint8_t kTestScores[kClasses] = {{{", ".join(map(str, selftest.scores.tolist()))}}};

#endif
"""


def _main(stem: str, symbol: str) -> str:
    return f"""\
/* Runs the self-test on TensorFlow Lite for Microcontrollers. Written by fer-edge; a start for your own. */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "{stem}.h"
#include "{stem}_tflm.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

alignas(16) static uint8_t arena[kArenaBytes];

int main() {{
    static Resolver resolver;
    if (RegisterOperators(resolver) != kTfLiteOk) {{
        return 1;
    }}
    static tflite::MicroInterpreter interpreter(tflite::GetModel({symbol}), resolver, arena, kArenaBytes);
    if (interpreter.AllocateTensors() != kTfLiteOk) {{
        std::puts("The arena is too small.");
        return 1;
    }}
    std::memcpy(interpreter.input(0)->data.uint8, kTestFace, sizeof kTestFace);
    if (interpreter.Invoke() != kTfLiteOk) {{
        return 1;
    }}
    const uint8_t* scores = interpreter.output(0)->data.uint8;
    int worst = 0;
    for (int i = 0; i < kClasses; i++) {{
        std::printf("%d: %d, expected %d\\n", i, scores[i], kTestScores[i]);
        const int difference = std::abs(scores[i] - kTestScores[i]);
        worst = difference > worst ? difference : worst;
    }}
    std::printf("%u bytes of the arena used\\n", static_cast<unsigned>(interpreter.arena_used_bytes()));
    return worst <= 2 ? 0 : 1;
}}
"""
