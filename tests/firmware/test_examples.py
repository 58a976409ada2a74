"""The example projects compile: linux as a whole, the others against stand-ins for their SDKs' headers."""

import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.firmware.selftest import selftest_face
from fer_edge.firmware.source import SelfTest, write_c
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.reference import ask_reference

EXAMPLES = Path(__file__).parents[2] / "examples/firmware"
STRICT = ("-O1", "-Wall", "-Wextra", "-Werror", "-Istubs", "-I.")

PROJECTS = {
    "pico": (
        "main.c",
        {
            "pico/stdlib.h": "#include <stdint.h>\nvoid stdio_init_all(void); void sleep_ms(uint32_t);\n"
            "uint64_t time_us_64(void);\n"
        },
    ),
    "esp-idf/main": (
        "main.c",
        {
            "esp_log.h": '#include <stdio.h>\n#define ESP_LOGI(tag, ...) (printf("%s: ", tag), printf(__VA_ARGS__))\n'
            "void app_main(void);\n",
            "esp_timer.h": "#include <stdint.h>\nint64_t esp_timer_get_time(void);\n",
        },
    ),
    "zephyr/src": (
        "main.c",
        {
            "zephyr/kernel.h": "#include <stdint.h>\nint64_t k_uptime_get(void);\n",
            "zephyr/sys/printk.h": "void printk(const char *, ...) __attribute__((format(printf, 1, 2)));\n",
        },
    ),
    "arduino/fer_edge_demo": (
        "fer_edge_demo.ino",
        {
            "Arduino.h": "struct Port { void begin(long); operator bool(); template <class T> void print(T); "
            "template <class T> void println(T); };\nextern Port Serial;\nunsigned long millis(); void delay(int);\n"
        },
    ),
}


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    file = read_model(find_model("edge_cnn_s"))
    face = selftest_face()
    c = write_c(file, selftest=SelfTest(face, ask_reference(file.flatbuffer, face[None, ..., None])[0]))
    return {"fer_edge.c": c.source, "fer_edge.h": c.header}


def copy(project: str, sources: dict[str, str], stubs: dict[str, str], folder: Path) -> None:
    shutil.copytree(EXAMPLES / project, folder, dirs_exist_ok=True)
    for name, text in {**sources, **{f"stubs/{name}": text for name, text in stubs.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.parametrize("project", PROJECTS)
def test_compiles(project: str, sources: dict[str, str], tmp_path: Path) -> None:
    main, stubs = PROJECTS[project]
    arduino = main.endswith(".ino")
    compiler = ["g++", "-std=gnu++14", "-x", "c++", "-include", "Arduino.h"] if arduino else ["gcc", "-std=gnu11"]
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not installed")
    copy(project, sources, stubs, tmp_path)
    done = subprocess.run([*compiler, *STRICT, "-c", main], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_build_files_name_what_is_there() -> None:
    generated = {"fer_edge.c"}
    for lists in EXAMPLES.rglob("CMakeLists.txt"):
        named = set(re.findall(r"[\w/]+\.c\b", lists.read_text()))
        assert {name for name in named if Path(name).name not in generated} <= {
            str(path.relative_to(lists.parent)) for path in lists.parent.rglob("*.c")
        }


def test_linux_example(sources: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("make") is None or shutil.which("cc") is None:
        pytest.skip("make or cc is not installed")
    copy("linux", sources, {}, tmp_path)
    face = selftest_face()
    cv2.imwrite(str(tmp_path / "face.pgm"), face)
    cv2.imwrite(str(tmp_path / "large.pgm"), cv2.resize(face, (200, 200), interpolation=cv2.INTER_CUBIC))
    (tmp_path / "cut.pgm").write_bytes((tmp_path / "large.pgm").read_bytes()[:500])
    cv2.imwrite(str(tmp_path / "colour.ppm"), np.zeros((9, 9, 3), np.uint8))
    subprocess.run(["make", "-s", "CFLAGS=-std=c99 -O2 -Wall -Wextra -Wconversion -Werror"], cwd=tmp_path, check=True)

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["./faces", *names], cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("face.pgm", "large.pgm")
    assert re.fullmatch(r"face\.pgm: happy 9\d%\nlarge\.pgm: happy 9\d%\n", done.stdout), done.stdout
    for name in ("cut.pgm", "colour.ppm", "nosuch.pgm"):
        assert (run(name).returncode, run(name).stderr[: len(name) + 7]) == (1, f"{name} is no ")
