"""What `reconcile init` writes: the smallest lineup that goes on air, with comments that teach."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.errors import UsageError

# In the order in which a newcomer should read them; under `templates/starter/`.
STARTER = (
    "lineup.yaml",
    "nodes.yaml",
    "channels/one.yaml",
    "playlists/day.yaml",
    "playlists/evening.yaml",
    "playlists/filler.yaml",
    "access.yaml",
    ".gitignore",
    "README.md",
)


def starter_files(texts: Mapping[str, str], existing: Collection[str] = ()) -> dict[str, str]:
    """The files of a new lineup by relative path; `texts` are those under `templates/starter/`.

    Raises `UsageError` when one of them would overwrite what is there.
    """
    in_the_way = sorted(set(STARTER) & set(existing))
    if in_the_way:
        raise UsageError(f"expected none of {', '.join(in_the_way)}: nothing was written")
    return {path: texts[path] for path in STARTER}
