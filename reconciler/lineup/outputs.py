"""The shape of a channel's outputs, told apart by `type`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from reconciler.lineup.findings import expected
from reconciler.lineup.scalars import (
    ClockSpan,
    DeviceName,
    Name,
    Scalar,
    Title,
    matching,
    whole,
    word,
)


class Strict(BaseModel):
    """What every shape shares: frozen, and no key that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


def an_address(what: str, *schemes: str, port: bool = False) -> Scalar[str]:
    """Read an address with one of `schemes`; an expression for a secret may hide any part of it."""
    start = re.compile(rf"({'|'.join(schemes)})://([^\s/?]*)([/?]\S*)?")

    def read(text: str) -> str:
        if text.startswith("{{"):
            return text
        match = start.fullmatch(re.sub(r"\{\{.*?\}\}", "0", text))
        if match is None or not match[2]:
            raise ValueError
        if port and not re.search(r":\d{1,5}$", match[2]):
            raise ValueError(expected(f"{what}, with a port", text))
        return text

    return Scalar(what, read, {"type": "string"})


def _place(text: str) -> str:
    if not text.strip() or not text.isprintable() or ("://" in text and text[:7] != "file://"):
        raise ValueError
    return text


FilePlace = Annotated[str, Scalar("a path or file:// address", _place, {"type": "string"})]


class UdpOutput(Strict):
    """MPEG-TS over UDP, to one machine or a multicast group."""

    type: Literal["udp"]
    name: Name | None = None
    url: Annotated[str, an_address("an address such as udp://239.1.1.1:5004", "udp", port=True)]
    ttl: Annotated[int, whole(0, 255, "a number of hops from 0 to 255")] | None = Field(
        None, description="how many routers a multicast may pass"
    )
    interface: (
        Annotated[
            str,
            Scalar("an interface's address", matching(r"[0-9A-Fa-f.:]{2,45}"), {"type": "string"}),
        ]
        | None
    ) = Field(None, description="the local address that a multicast leaves by")


class SrtOutput(Strict):
    """MPEG-TS over SRT, calling or listening."""

    type: Literal["srt"]
    name: Name | None = None
    url: Annotated[str, an_address("an address such as srt://mux.example:9001", "srt", port=True)]
    mode: Annotated[str, word("caller", "listener")] | None = Field(
        None, description="caller (the default) or listener"
    )
    latency: ClockSpan | None = Field(None, description="how long lost packets may be asked for")
    passphrase: Title | None = Field(
        None, description="10 to 79 characters; a secret: {{ secrets.NAME }}"
    )
    streamid: Title | None = None


class RtmpOutput(Strict):
    """FLV over RTMP, to a live platform."""

    type: Literal["rtmp"]
    name: Name | None = None
    url: Annotated[
        str, an_address("an address such as rtmp://live.example/app/key", "rtmp", "rtmps")
    ]


class FileOutput(Strict):
    """An MPEG-TS file on the node."""

    type: Literal["file"]
    name: Name | None = None
    url: FilePlace


class HlsOutput(Strict):
    """The programme as HLS, in a folder on the node."""

    type: Literal["hls"]
    name: Name | None = None
    url: FilePlace


class Spare(Strict):
    """A device on another node that a DeckLink output may move to."""

    node: Name
    device: DeviceName


class DecklinkOutput(Strict):
    """SDI through a DeckLink device of the node."""

    type: Literal["decklink"]
    name: Name | None = None
    device: DeviceName = Field(description="a number from 1, or a persistent id of nodes.yaml")
    spare: Spare | None = None
    keyer: Annotated[str, word("external", "internal", "default")] = "external"
    latency: Annotated[str, word("normal", "low", "default")] = "normal"


class NdiOutput(Strict):
    """An NDI source on the node's network."""

    type: Literal["ndi"]
    name: Name | None = None
    ndi_name: Title = Field(description="the source's name, as receivers list it")


OutputFile = Annotated[
    UdpOutput | SrtOutput | RtmpOutput | FileOutput | HlsOutput | DecklinkOutput | NdiOutput,
    Field(discriminator="type"),
]
OUTPUT_TYPES = ("udp", "srt", "rtmp", "file", "hls", "decklink", "ndi")
