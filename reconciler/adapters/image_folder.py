"""Writes the folder from which an image is built: the recipe, this program, and what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.adapters.own_wheel import make_wheel, wheel_name
from reconciler.adapters.shipped import shipped
from reconciler.errors import Rejected, UsageError

RECIPE, PINS, NEEDS, WHEELS = "Dockerfile", "constraints.txt", "requirements.txt", "wheels"


def write_image_folder(folder: Path, recipe: str, packages: Sequence[str]) -> tuple[Path, ...]:
    """Write all of it; what was written before is replaced, wheels of other packages stay.

    Raises `UsageError` for a folder that holds anything else, since all of it would go into the
    build, and `Rejected` where it cannot be written.
    """
    foreign = _foreign(folder)
    if foreign:
        raise UsageError(
            f"{folder}: expected an empty or new folder, or one that this command wrote;"
            f" found {foreign[0]}; nothing was written"
        )
    own = wheel_name()
    files = {
        RECIPE: recipe.encode(),
        PINS: shipped(PINS).read_bytes(),
        NEEDS: "".join(f"{name}\n" for name in packages).encode(),
        f"{WHEELS}/{own}": make_wheel(),
    }
    try:
        (folder / WHEELS).mkdir(parents=True, exist_ok=True)
        for old in (folder / WHEELS).glob(f"{own.partition('-')[0]}-*.whl"):
            old.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise Rejected(f"{folder}: cannot be written: {error.strerror}") from error
    return tuple(folder / name for name in files)


def _foreign(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    known = {RECIPE, PINS, NEEDS, WHEELS}
    return sorted(path.name for path in folder.iterdir() if path.name not in known)
