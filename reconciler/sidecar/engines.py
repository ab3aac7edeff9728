"""The engines that a sidecar can drive, by the name that its start document gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import UsageError
from reconciler.sidecar.casparcg import engine as casparcg
from reconciler.sidecar.casparcg.engine import CasparEngine
from reconciler.sidecar.embedded import CAPABILITIES, EmbeddedEngine
from reconciler.sidecar.engine_port import Capabilities, EnginePort, WantedOutput
from reconciler.sidecar.spec import SidecarSpec


@dataclass(frozen=True, slots=True)
class Engine:
    """One kind of engine: how its port is made, and what it can do before there is one."""

    make: Callable[[SidecarSpec, Sequence[WantedOutput]], EnginePort]
    capabilities: Capabilities


ENGINES: Mapping[str, Engine] = {
    "embedded": Engine(EmbeddedEngine, CAPABILITIES),
    "casparcg": Engine(CasparEngine, casparcg.CAPABILITIES),
}


def make_engine(spec: SidecarSpec, outputs: Sequence[WantedOutput]) -> EnginePort:
    """Start driving the engine that `spec` asks for; raise `UsageError` if there is none such."""
    return _engine(spec).make(spec, outputs)


def refuse_outputs(spec: SidecarSpec) -> None:
    """Raise `UsageError` for outputs that the engine of `spec` cannot feed."""
    able = _engine(spec).capabilities.outputs
    for output in spec.outputs:
        if output.type not in able:
            raise UsageError(
                f"output {output.name}: the {spec.engine} engine sends"
                f" {', '.join(sorted(able))}; found {output.type!r}"
            )


def _engine(spec: SidecarSpec) -> Engine:
    engine = ENGINES.get(spec.engine)
    if engine is None:
        known = ", ".join(sorted(ENGINES))
        raise UsageError(f"spec.engine: expected {known}, found {spec.engine!r}")
    return engine
