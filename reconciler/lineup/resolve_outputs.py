"""Outputs as written -> outputs as wanted: named, with options in the engine's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import assert_never

from reconciler.lineup import outputs as written
from reconciler.lineup.files import ChannelFile
from reconciler.lineup.names import unique_names
from reconciler.lineup.reading import Loaded
from reconciler.lineup.templating import Values
from reconciler.model.desired import DecklinkOutput, NdiOutput, Output, StreamOutput
from reconciler.model.ids import NodeName, OutputName
from reconciler.model.text import Text


def outputs_of(loaded: Loaded, values: Values) -> tuple[Output, ...]:
    """The outputs of one channel's file, in its order; the unnamed are called by their type."""
    channel: ChannelFile = loaded.value
    names = unique_names(
        [each.name for each in channel.outputs],
        [each.type for each in channel.outputs],
        joint="-",
    )
    return tuple(
        _output(OutputName(name), index, each, loaded, values)
        for index, (name, each) in enumerate(zip(names, channel.outputs, strict=True))
    )


def _output(
    name: OutputName, index: int, each: written.OutputFile, loaded: Loaded, values: Values
) -> Output:
    match each:
        case written.DecklinkOutput():
            spare = each.spare
            return DecklinkOutput(
                name=name,
                device=each.device,
                spare=None if spare is None else (NodeName(spare.node), spare.device),
                keyer=each.keyer,
                latency=each.latency,
            )
        case written.NdiOutput():
            return NdiOutput(name=name, ndi_name=each.ndi_name)
        case written.SrtOutput():
            return StreamOutput(
                name=name,
                type=each.type,
                url=loaded.text(("outputs", index, "url"), each.url),
                options=_srt_options(each),
                passphrase=_passphrase(each, index, loaded, values),
            )
        case written.UdpOutput():
            options = {"interface": each.interface, "ttl": each.ttl}
            return StreamOutput(
                name=name,
                type=each.type,
                url=loaded.text(("outputs", index, "url"), each.url),
                options=_options(options),
            )
        case written.RtmpOutput() | written.FileOutput() | written.HlsOutput():
            url = loaded.text(("outputs", index, "url"), each.url)
            return StreamOutput(name=name, type=each.type, url=url)
        case _:
            assert_never(each)


def _srt_options(each: written.SrtOutput) -> tuple[tuple[str, str], ...]:
    latency = None if each.latency is None else each.latency // timedelta(milliseconds=1)
    return _options({"mode": each.mode, "latency_ms": latency, "streamid": each.streamid})


def _options(options: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((key, str(options[key])) for key in sorted(options) if options[key] is not None)


def _passphrase(each: written.SrtOutput, index: int, loaded: Loaded, values: Values) -> Text | None:
    if each.passphrase is None:
        return None
    secret = loaded.secrets.get(("outputs", index, "passphrase"))
    if secret is not None:
        return secret
    # It lies in git in the clear, which is no reason to show it on a page as well.
    return Text(shown="•••", value=each.passphrase, mark=values.mark(each.passphrase))
