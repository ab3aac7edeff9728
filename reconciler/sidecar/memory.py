"""What a sidecar must know again after its own death: rundown, live acts, lease, outputs.

Each in a file of its own, written whole and flushed to disk before the call returns. While the
disk refuses, the newest of each waits here and is tried again: what is on air does not wait for it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ReconcilerError
from reconciler.model.rundown import Act, Rundown
from reconciler.rundown.wire import act_from_wire, act_to_wire, from_wire, to_wire
from reconciler.sidecar.disk import read_json, write_json
from reconciler.sidecar.engine_port import WantedOutput
from reconciler.sidecar.lease import Lease
from reconciler.sidecar.proc import boot_id
from reconciler.sidecar.spec import parse_outputs

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The rundown as it was given, under the digest that its giver uses."""

    digest: str
    rundown: Rundown


class Memory:
    """One folder's files. In reading, what is damaged is absent; `trouble` says what is not kept.

    Its owner calls it under its lock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, object] = {}
        self.trouble = ""

    def flush(self) -> None:
        """Try again to keep what the disk refused."""
        for name, value in tuple(self._waiting.items()):
            self._keep(name, value)

    def _keep(self, name: str, value: object) -> None:
        self._waiting.pop(name, None)
        try:
            write_json(self._folder / name, value)
        except OSError as error:
            self._waiting[name] = value
            if not self.trouble:
                log.error("%s is not kept: %s", name, error.strerror)  # noqa: TRY400  # the sentence says it
            self.trouble = f"{', '.join(sorted(self._waiting))}: {error.strerror}"
        else:
            self.trouble = self.trouble if self._waiting else ""

    def keep_rundown(self, held: Held) -> None:
        """Remember the rundown, secrets in it included."""
        wire = to_wire(held.rundown, reveal=True)
        self._keep("rundown.json", {"digest": held.digest, "rundown": wire})

    def rundown(self) -> Held | None:
        """The rundown kept last."""
        kept = read_json(self._folder / "rundown.json")
        if not isinstance(kept, dict):
            return None
        try:
            return Held(digest=str(kept["digest"]), rundown=from_wire(kept["rundown"]))
        except (ReconcilerError, KeyError, TypeError, ValueError) as error:
            log.error("rundown.json is damaged: %r", error)  # noqa: TRY400  # the file is what matters
            return None

    def keep_acts(self, seq: int, acts: tuple[Act, ...]) -> None:
        """Remember the live acts and the newest number given out."""
        self._keep(
            "acts.json", {"seq": seq, "acts": [act_to_wire(act, reveal=True) for act in acts]}
        )

    def acts(self) -> tuple[int, tuple[Act, ...]]:
        """The newest number given out, and the acts in force."""
        kept = read_json(self._folder / "acts.json")
        if not isinstance(kept, dict):
            return 0, ()
        try:
            return int(kept["seq"]), tuple(act_from_wire(act) for act in kept["acts"])
        except (ReconcilerError, KeyError, TypeError, ValueError) as error:
            log.error("acts.json is damaged: %r", error)  # noqa: TRY400  # the file is what matters
            return 0, ()

    def keep_lease(self, lease: Lease, *, sealed: int = 0) -> None:
        """Remember the highest epoch met, a right to send that has no end, and a sealed hush.

        A right that ends is kept by `keep_deadline`.
        """
        unlimited = lease.granted and lease.until is None and not lease.is_fenced
        kept = {"highest": lease.highest, "unlimited": unlimited, "sealed": sealed}
        self._keep("lease.json", kept)

    def sealed(self) -> int:
        """The number of the sealed hush; 0: none."""
        kept = read_json(self._folder / "lease.json")
        number = kept.get("sealed") if isinstance(kept, dict) else None
        return number if isinstance(number, int) else 0

    def keep_deadline(self, lease: Lease) -> bool:
        """Remember until when a right to send lasts that ends, for a restart of this program.

        The monotonic clock goes on over that, not over one of the machine: so its boot is kept too.
        False where the disk refuses: an older deadline is left there, perhaps a later one.
        """
        runs = lease.granted and not lease.is_fenced
        kept = {"epoch": lease.own, "until": lease.until if runs else None, "boot": boot_id()}
        try:
            write_json(self._folder / "deadline.json", kept, sync=False)
        except OSError:
            return False
        return True

    def _deadline(self, own: int) -> float | None:
        kept = read_json(self._folder / "deadline.json")
        boot = boot_id()
        if not isinstance(kept, dict) or not boot or kept.get("boot") != boot:
            return None
        until = kept.get("until")
        return until if kept.get("epoch") == own and isinstance(until, int | float) else None

    def lease(self, own: int) -> Lease:
        """The lease as far as it outlives a restart."""
        kept = read_json(self._folder / "lease.json")
        highest = kept.get("highest") if isinstance(kept, dict) else None
        unlimited = isinstance(kept, dict) and kept.get("unlimited") is True
        until = None if unlimited else self._deadline(own)
        return Lease(
            own=own,
            highest=max(own, highest if isinstance(highest, int) else own),
            granted=unlimited or until is not None,
            until=until,
        )

    def keep_outputs(self, outputs: tuple[WantedOutput, ...]) -> None:
        """Remember the outputs wanted last."""
        documents = [
            {
                "name": output.name,
                "type": output.type,
                "url": output.url,
                "options": dict(output.options),
                "digest": output.digest,
            }
            for output in outputs
        ]
        self._keep("outputs.json", documents)

    def outputs(self) -> tuple[WantedOutput, ...] | None:
        """The outputs wanted last; None: those of the start document."""
        kept = read_json(self._folder / "outputs.json")
        if not isinstance(kept, list):
            return None
        try:
            return parse_outputs(tuple(kept))
        except ReconcilerError as error:
            log.error("outputs.json is damaged: %s", error)  # noqa: TRY400  # the file is what matters
            return None
