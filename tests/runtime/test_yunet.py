"""YuNet through OpenCV's own FaceDetectorYN, with a stand-in network: the real one is not part of fer-edge."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_yunet import relu, tiny_yunet

from fer_edge.errors import ImageError, ModelError
from fer_edge.runtime import EmotionClassifier, FaceAnalyzer, HaarDetector, YuNetDetector


@pytest.fixture
def yunet(tmp_path: Path) -> Path:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(tiny_yunet())
    return path


def spot(height: int, width: int, x: int, y: int, *, edge: int = 8, level: int = 255) -> np.ndarray:
    """Return a black BGR picture with a bright square, which the stand-in takes for a face."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[y : y + edge, x : x + edge] = level
    return picture


def test_box_and_confidence(yunet: Path) -> None:
    (box,) = YuNetDetector(yunet).detect(spot(200, 320, 80, 40, level=230))
    # The stand-in says: 2.08 cells of 8 pixels right of and below the spot is the centre, 64 pixels the edge.
    assert (box.x, box.y, box.width, box.height) == (65, 25, 64, 64)
    assert box.confidence == pytest.approx(230 / 255, abs=1e-4)


def test_large_picture_is_scaled_down_and_its_boxes_up(yunet: Path) -> None:
    (box,) = YuNetDetector(yunet).detect(spot(800, 1280, 320, 160, edge=16))
    assert (box.x, box.y, box.width, box.height) == (289, 129, 128, 128)
    (box,) = YuNetDetector(yunet, longest_edge=1280).detect(spot(800, 1280, 320, 160))
    assert (box.x, box.y, box.width, box.height) == (305, 145, 64, 64)


def test_box_ends_at_the_border(yunet: Path) -> None:
    (box,) = YuNetDetector(yunet, min_size=30).detect(spot(48, 300, 0, 0))
    assert (box.x, box.y, box.width, box.height) == (0, 0, 49, 48)


def test_grey_and_transparent_pictures(yunet: Path) -> None:
    picture, detector = spot(200, 320, 80, 40), YuNetDetector(yunet)
    expected = detector.detect(picture)
    assert len(expected) == 1
    assert detector.detect(picture[..., 0]) == expected
    assert detector.detect(np.dstack([picture, picture[..., :1]])) == expected
    assert detector.detect(picture[:, ::-1][:, ::-1]) == expected


def test_faces_below_the_limits_are_left_out(yunet: Path) -> None:
    picture = spot(200, 320, 80, 40, level=230)
    assert YuNetDetector(yunet, min_size=64).detect(picture) != []
    assert YuNetDetector(yunet, min_size=65).detect(picture) == []
    assert YuNetDetector(yunet, min_confidence=0.95).detect(picture) == []


def test_largest_face_comes_first(yunet: Path) -> None:
    picture = spot(300, 640, 0, 0)
    picture[160:168, 400:408] = 255
    first, second = YuNetDetector(yunet, min_size=1).detect(picture)
    assert first.width * first.height > second.width * second.height
    assert first.x > 300


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (33, 31, 3), (480, 640, 4)])
def test_picture_without_a_face(shape: tuple[int, ...], yunet: Path) -> None:
    assert YuNetDetector(yunet).detect(np.zeros(shape, np.uint8)) == []


def test_analyzer_passes_the_confidence_on(yunet: Path, model_files: dict[str, Path]) -> None:
    with EmotionClassifier(model_files["int8"]) as classifier:
        analyzer = FaceAnalyzer(classifier, YuNetDetector(yunet))
        (face,) = analyzer.analyze(spot(200, 320, 80, 40))
        with pytest.raises(ImageError):
            analyzer.analyze(np.zeros((9, 9), np.float32))
    assert face.box.confidence == pytest.approx(1, abs=1e-4)
    assert face.prediction.probabilities.shape == (7,)


BROKEN = {
    "empty": b"",
    "text": b"Dear camera",
    "noise": b"\x01" * 500,
    "cut off": tiny_yunet()[:-300],
    "another network": relu(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_unusable_network_is_refused_at_once(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"Expected YuNet .*net\.onnx is damaged or another network\.$"):
        YuNetDetector(tmp_path / "net.onnx")


def test_missing_network(tmp_path: Path) -> None:
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(ModelError, match="no such file"):
            YuNetDetector(str(path))


def test_command_line(run_cli, yunet: Path, tmp_path: Path) -> None:
    import json

    cv2.imwrite(str(tmp_path / "spot.png"), spot(200, 320, 80, 40))
    done = run_cli("predict", "spot.png", "--detector", yunet, "--json")
    assert done.returncode == 0, done.stderr
    ((face,),) = [result["faces"] for result in json.loads(done.stdout)]
    assert face["box"] == {"x": 65, "y": 25, "width": 64, "height": 64}
    assert face["confidence"] == pytest.approx(1, abs=1e-4)
    for arguments, reason in [
        (("--detector", "none.onnx"), "no such file"),
        (("--detector", "spot.png"), "damaged or another network"),
        (("--detector", "retina"), "Expected a detector: auto, yunet, haar"),
        (("--detector", yunet, "--cropped"), "excludes"),
    ]:
        done = run_cli("predict", "spot.png", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert reason in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["Haar", "YuNet"])
def test_threads_take_turns(kind: str, yunet: Path, portrait: np.ndarray) -> None:
    """OpenCV's detectors keep the picture inside while they work; two threads at once would mix theirs up."""
    pictures: list[np.ndarray]
    if kind == "Haar":
        detector: HaarDetector | YuNetDetector = HaarDetector()
        pictures = [portrait, portrait[:400, 50:], portrait[20:, :450], np.zeros((300, 300), np.uint8)]
    else:
        detector = YuNetDetector(yunet)
        pictures = [spot(160 + 40 * index, 320, 40 * index, 40) for index in range(4)]
    expected = [detector.detect(picture) for picture in pictures]
    assert len({tuple(boxes) for boxes in expected}) == 4
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(detector.detect, pictures * 10))
    assert found == expected * 10
