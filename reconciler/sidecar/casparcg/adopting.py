"""What an engine that was found playing holds behind its picture, for whoever steers it now. Pure.

What is on air is recognised by its name like any other (`airing.py`). What waits behind it was
loaded by a sidecar that is dead: unloading it, to load the same again, would cost the next start
where that is near.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.cueing import material_for
from reconciler.sidecar.casparcg.state import Back, Layer, Wanted
from reconciler.sidecar.engine_port import ClipSource, Cue


def adopt_back(wanted: Wanted, layer: Layer) -> Back | None:
    """What waits in the background, if it is a cue that is yet to come; None: nothing of use.

    A cue that is due already may have been loaded to begin anywhere, so it is not counted on.
    """
    cue = _cue_behind(wanted, layer)
    if cue is None:
        return None
    what = replace(material_for(cue, cue.start, 0, wanted), name=layer.back_name)
    return Back(
        cue=cue,
        what=what,
        auto=layer.waiting is not None,
        take_at=cue.start,
        loaded_at=layer.tick,
        ready=False,
        probed_at=0,
    )


def _cue_behind(wanted: Wanted, layer: Layer) -> Cue | None:
    if layer.back == "empty" or layer.back_name == layer.name:
        return None
    for cue in wanted.timeline.cues:
        is_clip = isinstance(cue.source, ClipSource)
        if is_clip and cue.start > layer.tick and names.is_of(layer.back_name, cue):
            return cue
    return None
