"""Labels mean the same emotions however people write them."""

from pathlib import Path

import pytest

from fer_edge.emotions import (
    LABEL_ORDERS,
    SYNONYMS,
    canonical_labels,
    find_emotion,
    measured_labels,
    parse_labels,
    read_labels,
)
from fer_edge.errors import ModelError
from fer_edge.types import LABELS

CAPITALS = [label.capitalize() for label in LABELS]

FORMS = {
    "commas": ",".join(CAPITALS),
    "commas and spaces": ", ".join(CAPITALS),
    "lines": "\n".join(CAPITALS) + "\n",
    "lines with commas": ",\n".join(CAPITALS),
    "CRLF and BOM": "\ufeff" + "\r\n".join(CAPITALS) + "\r\n",
    "JSON list": '["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]',
    "JSON dictionary": str({str(index): label for index, label in enumerate(CAPITALS)}).replace("'", '"'),
    "class indices": str({label: index for index, label in enumerate(CAPITALS)}).replace("'", '"'),
    "Python dictionary": str(dict(enumerate(CAPITALS))),
    "Teachable Machine": "\n".join(f"{index} {label}" for index, label in enumerate(CAPITALS)),
    "numbers and colons": "\n".join(f"{index}: {label}" for index, label in enumerate(CAPITALS)),
    "CSV rows": "\n".join(f"{index},{label}" for index, label in enumerate(CAPITALS)),
    "from one": "\n".join(f"{index + 1}. {label}" for index, label in enumerate(CAPITALS)),
    "nouns": "anger,disgust,fear,happiness,neutral,sadness,surprise",
    "adjectives": "ANGRY, disgusted, fearful, joyful, neutral, unhappy, surprised",
    "JAFFE": "AN,DI,FE,HA,NE,SA,SU",
}


@pytest.mark.parametrize("form", FORMS)
def test_all_mean_the_seven_emotions(form: str, tmp_path: Path) -> None:
    assert parse_labels(FORMS[form]) == LABELS
    for encoding in ("utf-8", "utf-16"):
        path = tmp_path / f"labels.{encoding}.txt"
        path.write_bytes(FORMS[form].encode(encoding))
        assert read_labels(str(path)) == LABELS


def test_order_is_kept() -> None:
    assert parse_labels("Sad,Happy") == ("sad", "happy")
    assert parse_labels('{"1": "Happy", "0": "Sad"}') == ("sad", "happy")


def test_other_words_stay_as_they_are() -> None:
    assert parse_labels("Happy,Bored") == ("Happy", "Bored")
    assert canonical_labels(["happy", "joy"]) == ("happy", "joy"), "two names of one emotion are two classes"


def test_no_word_means_two_emotions() -> None:
    words = [word for name, others in SYNONYMS.items() for word in (name, *others)]
    assert len(set(words)) == len(words)
    assert find_emotion("Contemptuous ") == "contempt"
    assert find_emotion("bored") is None
    for order in LABEL_ORDERS.values():
        assert set(LABELS) <= set(order) <= set(SYNONYMS)


def test_what_fer2013_measures() -> None:
    assert measured_labels(LABELS[::-1]) == LABELS
    assert measured_labels((*LABELS, "contempt")) == LABELS
    assert measured_labels(LABELS[:6]) == LABELS[:6]
    assert measured_labels(("happy", "bored")) == ()
    assert measured_labels(("happy",)) == ()
    assert measured_labels(("happy", "joy", "sad")) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got none"),
        ("  \n ", "got none"),
        ("happy,,sad", "empty"),
        ("happy,sad,happy", "'happy' stands there twice"),
        ("[1, 2]", "list of labels"),
        ("{'a': 'b'}", "numbers and labels"),
        ("[" * 5000, "list or dictionary"),
        ("__import__('os')", "got none|different|expected"),
        ("{0: 'happy', 2: 'sad'}", "without gaps"),
        ("0 happy\n0 sad", "without gaps"),
    ],
)
def test_bad_lists_are_named(text: str, said: str) -> None:
    if text.startswith("__"):
        assert parse_labels(text) == (text,), "a word is a word, never code"
        return
    with pytest.raises(ModelError, match=said):
        parse_labels(text)


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        read_labels(str(tmp_path / "labels.txt"))
    (tmp_path / "labels.txt").write_bytes(b"\xff\x00\xfa happy")
    with pytest.raises(ModelError, match="cannot be read"):
        read_labels(str(tmp_path / "labels.txt"))
    with pytest.raises(ModelError):
        read_labels("a\0b.txt")


def test_a_thousand_labels() -> None:
    assert len(parse_labels("\n".join(f"class{index}" for index in range(1000)))) == 1000
