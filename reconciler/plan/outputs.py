"""What an output is to a sidecar: its document, and the digest that tells when it has changed.

The document holds the true address, secrets included, and goes to the sidecar alone. The digest
is made of what anyone may read, and of the mark that changes with a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import assert_never

from reconciler.model.desired import DecklinkOutput, NdiOutput, Output, StreamOutput
from reconciler.plan.digest import digest_of


@lru_cache(maxsize=16384)
def output_digest(output: Output) -> str:
    """Digest of an output's wanted settings."""
    return digest_of(output)


def output_document(output: Output) -> dict[str, object]:
    """Write an output as the engine protocol has it, with its digest; holds secrets."""
    kind, url, options = _parts(output)
    return {
        "name": output.name,
        "type": kind,
        "url": url,
        "options": dict(options),
        "digest": output_digest(output),
    }


def output_type(output: Output) -> str:
    """The kind of an output, as lineups and engines call it."""
    match output:
        case StreamOutput():
            return output.type
        case DecklinkOutput():
            return "decklink"
        case NdiOutput():
            return "ndi"
        case _:
            assert_never(output)


def shown_address(output: Output) -> str:
    """Where an output goes, as anyone may read it."""
    match output:
        case StreamOutput():
            return output.url.shown
        case DecklinkOutput():
            return f"device {output.device}"
        case NdiOutput():
            return output.ndi_name
        case _:
            assert_never(output)


def _parts(output: Output) -> tuple[str, str, Mapping[str, str]]:
    match output:
        case StreamOutput():
            options = dict(output.options)
            if output.passphrase is not None:
                options["passphrase"] = output.passphrase.value
            return output.type, output.url.value, options
        case DecklinkOutput():
            options = {"keyer": output.keyer, "latency": output.latency}
            return "decklink", f"decklink://{output.device}", options
        case NdiOutput():
            return "ndi", f"ndi://{output.ndi_name}", {}
        case _:
            assert_never(output)
