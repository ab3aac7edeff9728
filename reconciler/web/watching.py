"""How a person may watch an output: a player's command, or else where it goes. Pure."""

from __future__ import annotations

import re
from typing import assert_never

from reconciler.model.desired import DecklinkOutput, NdiOutput, Output, StreamOutput

_GROUP = re.compile(r"udp://(?=2[23]\d\.)")  # a multicast address: 224 up to 239


def how_to_watch(output: Output) -> str:
    """One line for an operator; secrets in an address stay as the lineup wrote them."""
    match output:
        case StreamOutput():
            return _stream(output)
        case DecklinkOutput():
            return f"SDI, on device {output.device}"
        case NdiOutput():
            return f"NDI source {output.ndi_name}"
        case _:
            assert_never(output)


def _stream(output: StreamOutput) -> str:
    url = output.url.shown
    is_called = dict(output.options).get("mode") == "listener"
    match output.type:
        case "udp":
            return f"ffplay {_GROUP.sub('udp://@', url)}"
        case "srt" if is_called:
            return f"ffplay {url}"
        case "srt" | "rtmp":
            return f"it calls {url}"
        case _:
            return f"ffplay {url}"
