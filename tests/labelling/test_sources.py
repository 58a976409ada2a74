"""Sources become items: each once, sorted, and what is missing is said."""

from pathlib import Path

import pytest

from fer_edge.errors import ImageError
from fer_edge.labelling import stretches
from fer_edge.labelling.items import Item, make_shards
from fer_edge.labelling.sources import find_items


def names(folder: Path, *sources: object) -> list[str]:
    items, _ = find_items(map(str, sources))
    return [str(Path(item.source).relative_to(folder)) for item in items]


def test_a_folder_is_searched_with_all_below_it(photos: Path) -> None:
    assert names(photos, photos) == ["a.jpg", "b.png", "below/c.png", "d.jpg"]


def test_patterns_lists_and_files_name_each_item_once(photos: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "list.txt"
    wanted.write_text(f"{photos}/b.png\n\n{photos}/a.jpg\n")
    assert names(photos, f"{photos}/**/*.png", f"@{wanted}", photos / "a.jpg") == ["a.jpg", "b.png", "below/c.png"]


def test_addresses_go_through_fsspec(photos: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="comes with the extra [label]")
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/x.png", (photos / "b.png").read_bytes())
    memory.pipe("/bucket/readme.md", b"no picture")
    items, _ = find_items(["memory://bucket"])
    assert [item.source for item in items] == ["memory:///bucket/x.png"]


@pytest.mark.parametrize("source", ["missing.jpg", "nothing/*.jpg", "@missing.txt"])
def test_what_matches_nothing_is_named(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match=source.lstrip("@").replace("*", r"\*")):
        find_items([source])


def test_a_damaged_video_is_a_problem_of_its_own(photos: Path) -> None:
    pytest.importorskip("av", reason="PyAV comes with the extra [label]")
    (photos / "broken.mp4").write_bytes(b"no film")
    items, problems = find_items([str(photos)])
    assert len(items) == 4
    assert [(Path(item.source).name, "broken.mp4" in reason) for item, reason in problems] == [("broken.mp4", True)]


def test_a_film_is_cut_at_key_frames(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "STRETCH_SECONDS", 3.0)
    items, _ = find_items([str(film)])
    assert [(item.start, item.end) for item in items] == [(0.0, 4.0), (4.0, 8.0), (8.0, None)]


def test_cuts_do_not_change_which_frames_are_seen(film: Path) -> None:
    whole = [(frame, picture.mean().round()) for frame, _, picture in stretches.read_stretch(str(film), 0.0, None, 5.0)]
    cut = [
        (frame, picture.mean().round())
        for start, end in ((0.0, 4.0), (4.0, 8.0), (8.0, None))
        for frame, _, picture in stretches.read_stretch(str(film), start, end, 5.0)
    ]
    assert whole == cut
    assert [frame for frame, _ in whole] == list(range(0, 100, 2))


def test_shards_are_named_by_their_items() -> None:
    items = [Item(f"{number}.jpg") for number in range(5)] + [Item("film.mp4", 0.0, 20.0), Item("film.mp4", 20.0)]
    shards = list(make_shards(items, 2))
    assert sorted(len(shard.items) for shard in shards) == [1, 1, 1, 2, 2]
    assert len({shard.name for shard in shards}) == 5
    assert {shard.name for shard in shards} == {shard.name for shard in make_shards(items, 2)}
