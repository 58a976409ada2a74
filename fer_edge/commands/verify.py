"""`fer-edge verify` and `fer-edge sign`."""

from __future__ import annotations

from pathlib import Path

from fer_edge import console
from fer_edge.commands.shared import read_model_bytes
from fer_edge.files import require_free, write_bytes


def verify(model: str, *, key: Path | None) -> None:
    """Check every byte of a model file, and its signature if a key is given; print one line.

    Raises:
        ModelError: it is damaged, altered, not of fer-edge, or not signed with the key.
    """
    from fer_edge.convert.metadata import check_file
    from fer_edge.convert.signing import check_signature, signer

    path, content = read_model_bytes(model)
    file = check_file(content, str(path))
    if key is not None:
        check_signature(file, key, str(path))
        seal = f"signed with {key}"
    elif (claimed := signer(file)) is not None:
        seal = f"signature of key {claimed[:16]} not checked, pass --verify-key"
    else:
        seal = "not signed"
    about = f"{file.metadata.name} {file.metadata.recipe}"
    console.print_line(f"{path} is intact: {about}, SHA-256 {file.metadata.content['flatbuffer_sha256']}, {seal}")


def sign(model: Path, *, key: Path, out: Path | None, force: bool) -> None:
    """Write a model file with a signature: over the model itself with `force`, else to `out`.

    Raises:
        ModelError: the model is damaged or was altered.
        OutputError: the target exists, or cannot be written.
        FerEdgeError: the key cannot be used.
    """
    from fer_edge.convert.signing import sign_file

    target = out or model
    path, content = read_model_bytes(str(model))
    require_free(target, force=force)
    write_bytes(target, sign_file(content, key, str(path)))
    console.print_line(f"Signed {target}")
