"""Results of a prediction, as apps, notebooks and services use them."""

import copy
import json
import pickle
import re
from dataclasses import asdict

import numpy as np
import pytest

from fer_edge.runtime.faces import Faces
from fer_edge.types import LABELS, Box, FaceEmotion, Landmarks, Prediction

SHARES = (0.01, 0.0, 0.0, 0.97, 0.016, 0.004, 0.0)


def prediction(shares: tuple[float, ...] = SHARES, labels: tuple[str, ...] = LABELS) -> Prediction:
    best = int(np.argmax(shares))
    return Prediction(labels[best], shares[best], np.array(shares, np.float32), labels)


def face() -> FaceEmotion:
    landmarks = Landmarks((10.04, 10), (30, 10), (20, 20))
    return FaceEmotion(Box(1, 2, 30, 40, 0.9, landmarks), prediction())


def test_repr_names_what_counts() -> None:
    assert repr(prediction()) == "<happy 97 %, neutral 2 %, angry 1 %>"
    assert repr(face()) == "<happy 97 %, neutral 2 %, angry 1 % at 1, 2, 30x40>"


def test_equality_compares_every_probability() -> None:
    assert prediction() == prediction()
    assert prediction() != prediction((0.011, *SHARES[1:]))
    assert prediction() != prediction(labels=("a", *LABELS[1:]))
    assert prediction() != "happy"
    assert len({prediction(), prediction()}) == 1
    assert face() == face()


def test_json_of_asdict_and_of_as_dict() -> None:
    plain = json.loads(json.dumps(asdict(face())))
    assert plain["prediction"]["probabilities"] == pytest.approx(SHARES)
    assert plain["box"]["landmarks"]["left_eye"] == [30, 10]
    named = json.loads(json.dumps(face().as_dict()))
    assert named["probabilities"] == dict(zip(LABELS, (0.01, 0, 0, 0.97, 0.016, 0.004, 0), strict=True))
    assert (named["label"], named["box"]["width"]) == ("happy", 30)
    assert named["landmarks"]["right_eye"] == [10.0, 10.0]


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy])
def test_copies_are_equal_and_whole(again) -> None:
    for original in (prediction(), face(), Faces([face()], np.zeros((9, 9, 3), np.uint8))):
        assert again(original) == original
        assert type(again(original)) is type(original)
    probabilities = again(prediction()).probabilities
    assert (probabilities.dtype, probabilities.argmax()) == (np.float32, 3)


def test_pickled_faces_leave_the_picture_behind() -> None:
    assert len(pickle.dumps(Faces([face()], np.zeros((2000, 2000, 3), np.uint8)))) < 5000


def test_notebook_shows_the_face_and_a_bar_for_each_label() -> None:
    picture = np.full((60, 60, 3), 128, np.uint8)
    page = Faces([face()], picture)._repr_html_()
    assert page.count("data:image/jpeg;base64,") == 1
    assert re.findall(r";width:(\d+)px", page)[LABELS.index("happy")] == "116"  # 120 pixels are 100 %
    assert "<b>happy</b>" in page
    assert Faces([], picture)._repr_html_() == "<p>no face found</p>"


def test_notebook_escapes_names_of_foreign_models() -> None:
    page = prediction(labels=("<script>", *LABELS[1:]))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
