"""The folder of results: a Parquet file a shard, written whole or not at all, and what is done already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.errors import FerEdgeError, OutputError
from fer_edge.files import replacing, write_text
from fer_edge.labelling.labeller import Labelled, Settings

if TYPE_CHECKING:
    import pyarrow as pa

RECORD = b"fer_edge"
"""Key of the JSON in a file's schema that says which items it holds, and which of them failed."""


class ResultFolder:
    """Where the results of one set of settings lie.

    Attributes:
        path: the folder. Beside `settings.json` it holds `faces/NAME.parquet`, one a shard, and
            `failures.parquet`, which is made of them at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faces = path / "faces"
        self.failures = path / "failures.parquet"
        self._settings = path / "settings.json"

    def claim(self, settings: Settings) -> None:
        """Write the settings, or check that those of an earlier call were the same.

        Raises:
            OutputError: the folder holds results of other settings, or something else.
        """
        if not self._settings.exists():
            if self.path.is_dir() and any(self.path.iterdir()):
                raise OutputError(f"{self.path} holds something else already. Choose another --out.")
            write_text(self._settings, json.dumps(settings.as_json(), indent=2) + "\n", force=False)
            return
        try:
            found = json.loads(self._settings.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OutputError(f"{self._settings} is damaged. Choose another --out.") from error
        wanted = settings.as_json()
        differing = [name for name, value in wanted.items() if not isinstance(found, dict) or found.get(name) != value]
        if differing:
            raise OutputError(
                f"{self.path} holds results with other settings ({', '.join(differing)}). Choose another --out."
            )

    def write(self, labelled: Labelled, labels: Sequence[str]) -> None:
        """Write what came of a shard, in one step.

        Raises:
            OutputError: the disk is full, or the folder cannot be written.
        """
        pa, pq = _pyarrow()
        record = {
            "items": [item.key for item in labelled.items],
            "failures": [[*item.key, reason] for item, reason in labelled.failures],
        }
        schema = _schema(pa, labels).with_metadata({RECORD: json.dumps(record).encode()})
        table = pa.Table.from_pylist(labelled.rows, schema=schema)
        with replacing(self.faces / f"{labelled.name}.parquet") as temporary:
            pq.write_table(table, temporary, compression="zstd")

    def done(self) -> tuple[set[tuple[str, float | None]], dict[tuple[str, float | None], str]]:
        """Return the keys of the items that have rows, and those that failed with the reasons.

        Raises:
            OutputError: a file is damaged; it is named.
        """
        rows: set[tuple[str, float | None]] = set()
        failures: dict[tuple[str, float | None], str] = {}
        for record in self._records():
            failed = {(source, start): reason for source, start, reason in record["failures"]}
            failures |= failed
            rows |= {(source, start) for source, start in record["items"]} - set(failed)
        return rows, {key: reason for key, reason in failures.items() if key not in rows}

    def write_failures(self, failures: Iterable[tuple[str, float | None, str]]) -> None:
        """Write `failures.parquet`: path, start and reason of each item without rows."""
        pa, pq = _pyarrow()
        schema = pa.schema([("path", pa.string()), ("start", pa.float64()), ("reason", pa.string())])
        rows = [
            {"path": source, "start": start, "reason": reason} for source, start, reason in sorted(failures, key=str)
        ]
        with replacing(self.failures) as temporary:
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), temporary)

    def _records(self) -> Iterator[dict[str, Any]]:
        _, pq = _pyarrow()
        for path in sorted(self.faces.glob("[!.]*.parquet")):
            try:
                metadata = pq.read_schema(path).metadata or {}
                record = json.loads(metadata[RECORD])
            except (OSError, ValueError, KeyError) as error:
                raise OutputError(f"{path} is damaged: remove it, and its items are labelled again.") from error
            yield record


def _schema(pa: Any, labels: Sequence[str]) -> pa.Schema:
    """Return the columns, as docs/scale.md lists them."""
    return pa.schema(
        [
            pa.field("path", pa.string(), nullable=False),
            ("start", pa.float64()),
            ("frame", pa.int64()),
            ("seconds", pa.float64()),
            ("face", pa.int32()),
            *((name, pa.int32()) for name in ("x", "y", "width", "height")),
            ("confidence", pa.float32()),
            ("landmarks", pa.list_(pa.float32())),
            ("turned", pa.bool_()),
            ("label", pa.string()),
            *((f"score_{name}", pa.float32()) for name in labels),
            ("model_sha256", pa.string()),
            ("version", pa.string()),
        ]
    )


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FerEdgeError("Labelling writes Parquet, which needs pyarrow: pip install '.[label]'.") from error
    return pa, pq
