from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from reconciler import __version__
from reconciler.adapters.own_wheel import SHIPPED, make_wheel, wheel_name

ROOT = Path(__file__).resolve().parents[3]


def opened() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(make_wheel()))


def test_it_ships_what_a_release_ships() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert set(SHIPPED) == set(wanted)
    assert all(place == f"reconciler/_shipped/{name}" for name, place in wanted.items())


def test_the_same_program_gives_the_same_bytes() -> None:
    assert make_wheel() == make_wheel()


def test_nothing_is_in_it_that_is_not_the_program() -> None:
    with opened() as wheel:
        names = wheel.namelist()

    assert "reconciler/sidecar/main.py" in names
    assert "reconciler/_shipped/templates/engine/casparcg.config.j2" in names
    assert not [name for name in names if "__pycache__" in name or "/run/" in name]
    assert {name.partition("/")[0] for name in names} == {
        "reconciler",
        f"playout_reconciler-{__version__}.dist-info",
    }


def test_its_record_tells_every_file_by_digest() -> None:
    with opened() as wheel:
        (record,) = [name for name in wheel.namelist() if name.endswith("/RECORD")]
        rows = [line.rsplit(",", 2) for line in wheel.read(record).decode().splitlines()]
        assert sorted(name for name, _, _ in rows) == sorted(wheel.namelist())
        for name, digest, size in rows:
            if name == record:
                continue
            content = wheel.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
            assert (digest, size) == (f"sha256={found.rstrip('=')}", str(len(content)))


def test_the_program_in_it_runs_from_the_wheel_alone(tmp_path: Path) -> None:
    path = tmp_path / wheel_name()
    path.write_bytes(make_wheel())
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(tmp_path / "site")
    code = (
        "from reconciler.sidecar.casparcg.shipped import engine_templates;"
        "print(engine_templates().searchpath)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "site",
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path / "site" / "reconciler" / "_shipped") in said.stdout
