from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import Run


def test_an_image_folder_is_written_and_the_next_step_told(run: Run) -> None:
    said = run("image", "build", "--base", "casparcg:2.5.0", "--uid", "12345")

    assert said.code == 0
    assert "docker build --tag playout build\n" in said.out
    assert "PIP_NO_INDEX=1" in said.out
    recipe = Path("build/Dockerfile").read_text()
    assert "ARG BASE=casparcg:2.5.0\n" in recipe
    assert "useradd --uid 12345 " in recipe
    assert "numpy" not in Path("build/requirements.txt").read_text()


def test_our_own_engine_is_held_on_request(run: Run) -> None:
    assert run("image", "build", "--base", "debian", "--embedded").code == 0
    assert "imageio-ffmpeg\nnumpy\n" in Path("build/requirements.txt").read_text()


def test_a_base_that_cannot_be_meant_writes_nothing(run: Run) -> None:
    said = run("image", "build", "--base", "a b")

    assert said.code == 64
    assert "expected a name such as casparcg:2.5.0, found 'a b'" in said.err
    assert not Path("build").exists()
