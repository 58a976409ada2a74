"""Shows a classifier arrays of any dtype, shape and layout: a process of its own, since it may crash.

    python arrays.py MODEL COUNT SEED

Prints the number of a case before it is tried, and then one line of JSON: outcome -> count.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from fer_edge.errors import ImageError
from fer_edge.runtime import EmotionClassifier

DTYPES = [
    "bool",
    "int8",
    "uint16",
    ">u2",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "object",
    "U3",
    "M8[s]",
]
SIDES = (0, 1, 2, 3, 4, 47, 48, 48, 48, 49, 96, 130)
CHANNELS = (0, 1, 1, 2, 3, 3, 3, 4, 4, 5, 48)

LAYOUTS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda array: array,
    lambda array: array[::-1],
    lambda array: array[:, ::-1],
    lambda array: array[::2, 1::3],
    lambda array: array[..., ::-1],
    lambda array: array.swapaxes(0, 1),
    lambda array: np.broadcast_to(array[:1], array.shape),
    np.asfortranarray,
    lambda array: array.view(np.matrix),
    np.ma.masked_array,
)


def make(rng: random.Random) -> np.ndarray:
    """Return an array; about half of them are pictures."""
    kind = rng.choice(("grey", "colour", "anything"))
    sides = [rng.choice(SIDES) for _ in range({"grey": 2, "colour": 2, "anything": rng.randrange(5)}[kind])]
    shape = (*sides, rng.choice(CHANNELS)) if kind == "colour" else tuple(sides)
    if len(shape) > 3:
        shape = tuple(min(side, 48) for side in shape[:2]) + shape[2:]
    values = np.random.default_rng(rng.randrange(2**32)).integers(0, 256, shape, dtype=np.uint8)
    if rng.random() < 0.2:
        values = strange(values, rng)
    try:
        array = rng.choice(LAYOUTS)(values)
    except (IndexError, ValueError):  # fewer axes than that layout needs
        array = values
    if rng.random() < 0.1:
        array.flags.writeable = False
    return array


def strange(values: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return the values in another dtype, as floats now and then with NaN and infinity."""
    array = np.asarray(values.astype(rng.choice(DTYPES)))
    if array.dtype.kind == "f" and array.size:
        array.flat[:: max(1, array.size // 7)] = rng.choice((np.nan, np.inf, -1e30))
    return array


def is_picture(array: np.ndarray) -> bool:
    """Say what the classifier has to take, in other words than its own."""
    known_form = array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in {1, 3, 4})
    return array.dtype == np.dtype("uint8") and known_form and array.size > 0


def outcome_of(classifier: EmotionClassifier, array: np.ndarray) -> str:
    """Predict from the array as it lies and from a tidy copy, which must be the same."""
    tidy = np.array(array, order="C", subok=False)
    with suppress(ImageError):
        assert len(classifier.predict_batch(array)) == len(array)
    try:
        prediction = classifier.predict(array)
    except ImageError as error:
        assert not is_picture(array)
        return "refused" if "\n" not in str(error) else "refused in more than a line"
    assert is_picture(array)
    assert prediction.probabilities.shape == (len(classifier.labels),)
    assert np.array_equal(np.asarray(array), tidy), "the caller's pixels were changed"
    same = np.array_equal(prediction.probabilities, classifier.predict(tidy).probabilities)
    return "same answers" if same else "other answers"


def main(model: str, count: str, seed: str) -> None:
    """Try `count` arrays."""
    rng = random.Random(int(seed))
    outcomes: Counter[str] = Counter()
    with EmotionClassifier(model) as classifier:
        for index in range(int(count)):
            array = make(rng)
            print("case", index, array.dtype, array.shape, array.strides, flush=True)
            outcomes[outcome_of(classifier, array)] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
