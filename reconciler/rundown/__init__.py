"""Schedule + playlists -> timed events; re-timing after a live act. Pure: no clock, no I/O.

`compile_rundown` makes a rundown of a channel's lineup, `retime` bends it after live acts,
`to_wire` and `from_wire` carry it, `describe` names a frame for people.
"""

from reconciler.rundown.compile import Compiled, Sources, Window, compile_rundown
from reconciler.rundown.localtime import describe
from reconciler.rundown.resume import Carry, carry_of
from reconciler.rundown.retime import Effective, Mode, retime
from reconciler.rundown.wire import act_from_wire, act_to_wire, digest, from_wire, to_wire

__all__ = [
    "Carry",
    "Compiled",
    "Effective",
    "Mode",
    "Sources",
    "Window",
    "act_from_wire",
    "act_to_wire",
    "carry_of",
    "compile_rundown",
    "describe",
    "digest",
    "from_wire",
    "retime",
    "to_wire",
]
