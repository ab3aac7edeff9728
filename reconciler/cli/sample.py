"""The sample lineup's media: made on the spot, where the lineup names it and it is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.engine.testcard import SAMPLES, SLATE, make_sample_media
from reconciler.model.desired import Desired
from reconciler.shell.observe import assets_of
from reconciler.shell.world import World


def make_missing_samples(
    world: World, desired: Desired, lineup: Path, *, tell: Callable[[str], None]
) -> None:
    """Make the sample media if the lineup names some that is missing; own media is left alone.

    `lineup` is the lineup's folder: addresses without a leading / count from there.
    """
    known = {sample.card.name for sample in SAMPLES} | {Path(SLATE).stem}
    wanted = sorted(asset for asset in assets_of(desired) if asset in known)
    facts = world.library.catalogue(wanted, desired.assets, desired.media)
    missing = [
        fact
        for fact in facts.values()
        if fact.problem is not None and "://" not in fact.uri.removeprefix("file://")
    ]
    if not missing:
        return
    folder = (lineup / missing[0].uri.removeprefix("file://")).parent.resolve()
    tell(f"making sample media in {folder} (once; about half a minute)")
    make_sample_media(folder, tell)
