"""Labelling as a whole: every item exactly once, whatever dies in between."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fer_edge.errors import ImageError, OutputError
from fer_edge.labelling.items import Item, Shard
from fer_edge.labelling.labeller import Labelled, Labeller, Settings
from fer_edge.labelling.local import label_local
from fer_edge.labelling.whole import label_sources
from fer_edge.types import LABELS

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra [label]")
SETTINGS = Settings("edge_cnn_s", "0" * 64, "auto", None, 2.0, "test")


def in_process(shards: Sequence[Shard]) -> Iterator[Labelled]:
    labeller = Labeller(SETTINGS)
    yield from map(labeller.label, shards)


def read(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "faces").to_pylist()


def key(row: dict[str, Any]) -> tuple[str, float | None, int | None, int | None]:
    return row["path"], row["start"], row["frame"], row["face"]


def test_rows_and_failures_hold_every_item_once(photos: Path, tmp_path: Path) -> None:
    summary = label_sources([str(photos)], tmp_path / "out", SETTINGS, LABELS, in_process)
    rows = read(tmp_path / "out")
    assert sorted((Path(row["path"]).name, row["face"]) for row in rows) == [
        ("a.jpg", 0),
        ("b.png", None),
        ("c.png", None),
    ]
    face = next(row for row in rows if row["face"] == 0)
    assert face["label"] == "happy"
    assert sum(face[f"score_{label}"] for label in LABELS) == pytest.approx(1, abs=0.02)
    failures = pq.read_table(tmp_path / "out/failures.parquet").to_pylist()
    assert [Path(row["path"]).name for row in failures] == ["d.jpg"]
    assert (summary.items, summary.labelled, summary.failed, summary.faces) == (4, 4, 1, 1)


def test_a_second_call_does_only_what_is_missing(photos: Path, tmp_path: Path) -> None:
    label_sources([str(photos / "a.jpg")], tmp_path / "out", SETTINGS, LABELS, in_process)
    seen: list[Item] = []

    def watched(shards: Sequence[Shard]) -> Iterator[Labelled]:
        seen.extend(item for shard in shards for item in shard.items)
        return in_process(shards)

    summary = label_sources([str(photos)], tmp_path / "out", SETTINGS, LABELS, watched)
    assert sorted(Path(item.source).name for item in seen) == ["b.png", "c.png", "d.jpg"]
    assert summary.done_before == 1
    assert len({key(row) for row in read(tmp_path / "out")}) == len(read(tmp_path / "out")) == 3


def test_failures_are_tried_again_when_asked(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    label_sources([str(photos)], out, SETTINGS, LABELS, in_process)
    (photos / "d.jpg").write_bytes((photos / "b.png").read_bytes())
    assert label_sources([str(photos)], out, SETTINGS, LABELS, in_process).labelled == 0
    summary = label_sources([str(photos)], out, SETTINGS, LABELS, in_process, retry_failures=True)
    assert (summary.labelled, summary.failed) == (1, 0)
    assert pq.read_table(out / "failures.parquet").num_rows == 0


def test_other_settings_need_another_folder(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    label_sources([str(photos / "b.png")], out, SETTINGS, LABELS, in_process)
    other = Settings(**{**SETTINGS.as_json(), "min_confidence": 0.5})
    with pytest.raises(OutputError, match="min_confidence"):
        label_sources([str(photos)], out, other, LABELS, in_process)
    with pytest.raises(OutputError, match="something else"):
        label_sources([str(photos)], photos, SETTINGS, LABELS, in_process)


def test_a_damaged_result_is_named(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    label_sources([str(photos / "b.png")], out, SETTINGS, LABELS, in_process)
    next((out / "faces").glob("*.parquet")).write_bytes(b"PAR1 no more")
    with pytest.raises(OutputError, match="damaged"):
        label_sources([str(photos)], out, SETTINGS, LABELS, in_process)


def test_nothing_to_label_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="Nothing to label"):
        label_sources([str(tmp_path / "empty")], tmp_path / "out", SETTINGS, LABELS, in_process)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def many(photos: Path) -> Path:
    """The folder with 40 more pictures without a face."""
    for number in range(40):
        (photos / f"many{number:02}.png").write_bytes((photos / "b.png").read_bytes())
    return photos


def killing(engine: Callable[[], Iterator[Labelled]], kills: int) -> Iterator[Labelled]:
    """Pass on what an engine yields, and kill one of its workers after each of the first shards."""
    import multiprocessing

    for labelled in engine():
        yield labelled
        workers = [child.pid for child in multiprocessing.active_children() if child.pid]
        if kills and workers:
            kills -= 1
            with contextlib.suppress(ProcessLookupError):  # it has just gone
                os.kill(workers[0], signal.SIGKILL)


def test_killed_workers_lose_nothing_and_repeat_nothing(many: Path, tmp_path: Path) -> None:
    def engine(shards: Sequence[Shard]) -> Iterator[Labelled]:
        return killing(lambda: label_local(shards, SETTINGS, 2), kills=2)

    label_sources([str(many)], tmp_path / "killed", SETTINGS, LABELS, engine, workers=2)
    label_sources([str(many)], tmp_path / "calm", SETTINGS, LABELS, in_process)
    killed, calm = (sorted(read(tmp_path / name), key=repr) for name in ("killed", "calm"))
    assert killed == calm
    assert len(calm) == 43
    tables = [pq.read_table(tmp_path / name / "failures.parquet").to_pylist() for name in ("killed", "calm")]
    assert tables[0] == tables[1]


def test_an_interrupted_driver_goes_on_where_it_was(many: Path, tmp_path: Path) -> None:
    def interrupted(shards: Sequence[Shard]) -> Iterator[Labelled]:
        for count, labelled in enumerate(in_process(shards)):
            if count == 2:
                raise KeyboardInterrupt
            yield labelled

    with pytest.raises(KeyboardInterrupt):
        label_sources([str(many)], tmp_path / "out", SETTINGS, LABELS, interrupted, workers=2)
    before = len(read(tmp_path / "out"))
    assert before > 0
    summary = label_sources([str(many)], tmp_path / "out", SETTINGS, LABELS, in_process)
    assert summary.done_before >= before
    rows = read(tmp_path / "out")
    assert len(rows) == len({key(row) for row in rows}) == 43
