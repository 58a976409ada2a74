"""The npm package is whole, and its types name what its modules have."""

import json
import re
from pathlib import Path

import fer_edge
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.bundled import ASSETS
from fer_edge.runtime.preprocess import decode_picture
from fer_edge.web.site import SAMPLE
from tools.web.build_npm import ENGINE, build_package, strip_comments
from tools.web.npm_test import MODEL, cut_face_of

FILES = {name: content for name, content in build_package().items() if not name.endswith(".wasm")}
TYPES = FILES["index.d.ts"].decode()


def test_everything_that_is_imported_is_there() -> None:
    imported = {name for content in FILES.values() for name in re.findall(r'from "\./([^"]+)"', content.decode())}
    assert len(imported) > 15
    assert imported <= set(FILES)
    manifest = json.loads(FILES["package.json"])
    assert manifest["version"] == fer_edge.__version__
    assert {"LICENSE", "README.md", manifest["types"].removeprefix("./")} <= set(FILES)


def test_types_name_what_is_exported() -> None:
    exported = set(re.findall(r"export \{ (\w+) \}", FILES["index.js"].decode()))
    assert set(re.findall(r"^export (?:class|function) (\w+)", TYPES, re.MULTILINE)) == exported


def test_typed_methods_exist() -> None:
    source = {name: content.decode() for name, content in FILES.items() if name.endswith(".js")}
    for name, body in re.findall(r"^export class (\w+)[^{]*\{(.*?)^\}", TYPES, re.MULTILINE | re.DOTALL):
        module = next(text for text in source.values() if f"export class {name} " in text)
        for method in re.findall(r"^  (?:static )?(\w+)\(", body, re.MULTILINE):
            assert re.search(rf"^  (?:static )?(?:async )?{method}\(", module, re.MULTILINE) or method == "constructor"


def test_only_comments_are_left_out() -> None:
    assert strip_comments('// a\n/** b\n * c\n */\nconst d = "//"; // e\n  /** f */\n  g();\n') == (
        'const d = "//"; // e\n  g();\n'
    )
    for path in ENGINE.glob("*.js"):
        lines = path.read_text().splitlines()
        left = FILES[path.name].decode().splitlines()
        assert [line for line in lines if not re.match(r"\s*(//|/\*\*| \*)", line)] == left, path.name


def test_picture_of_the_example_is_a_smile() -> None:
    with EmotionClassifier(MODEL) as classifier:
        assert classifier.predict(decode_picture(cut_face_of(Path(ASSETS) / SAMPLE))).label == "happy"
