from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.image_folder import write_image_folder
from reconciler.adapters.own_wheel import wheel_name
from reconciler.errors import Rejected, UsageError


def test_a_folder_holds_recipe_pins_needs_and_the_program(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    written = write_image_folder(folder, "FROM casparcg\n", ("av", "flask"))

    assert [str(path.relative_to(folder)) for path in written] == [
        "Dockerfile",
        "constraints.txt",
        "requirements.txt",
        f"wheels/{wheel_name()}",
    ]
    assert (folder / "Dockerfile").read_text() == "FROM casparcg\n"
    assert (folder / "requirements.txt").read_text() == "av\nflask\n"
    assert "flask==" in (folder / "constraints.txt").read_text().lower()


def test_writing_it_again_replaces_the_program_and_keeps_what_was_fetched(tmp_path: Path) -> None:
    write_image_folder(tmp_path, "FROM a\n", ("av",))
    older = tmp_path / "wheels" / "playout_reconciler-0.0.1-py3-none-any.whl"
    fetched = tmp_path / "wheels" / "av-1.0-py3-none-any.whl"
    older.write_text("")
    fetched.write_text("")

    write_image_folder(tmp_path, "FROM b\n", ("av",))
    assert (tmp_path / "Dockerfile").read_text() == "FROM b\n"
    assert not older.exists()
    assert fetched.exists()


def test_a_folder_of_other_things_would_all_go_into_the_build(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_text("")
    with pytest.raises(UsageError, match="found id_rsa; nothing was written"):
        write_image_folder(tmp_path, "FROM a\n", ())
    assert [path.name for path in tmp_path.iterdir()] == ["id_rsa"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Rejected, match="cannot be written: Not a directory"):
        write_image_folder(tmp_path / "file" / "build", "FROM a\n", ())
