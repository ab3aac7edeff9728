"""A hush: silence for a successor's sake, though the lease runs. Pure.

Unsealed it ends by itself, so that whoever asked for it may die: nobody else has been given the
right until it is sealed. Sealed it lasts, through our own death too, until it is lifted by its
number; that may do only who has found in the database that the right to send is still ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LASTS = 6.0  # seconds from its beginning: until the seam, until all has left, and a busy machine
SEALED_WITHIN = 1.0  # seconds from the silence: one call, and then the channel goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush:
    """One hush. `seam`: the frame before which it falls silent; None: nothing leaves any more.

    `ends_at` is in monotonic seconds; None: it is sealed.
    """

    number: int
    seam: int | None = None
    ends_at: float | None = None

    @property
    def is_sealed(self) -> bool:
        """Whether it lasts until it is lifted."""
        return self.ends_at is None

    def holds(self, now: float) -> bool:
        """Whether it is in force at `now`."""
        return self.ends_at is None or now < self.ends_at


def begin(before: Hush | None, number: int, *, seam: int, now: float) -> Hush:
    """A hush that somebody asks for anew; what was sealed stays so, under the newer number."""
    if before is not None and before.is_sealed:
        return replace(before, number=number)
    return Hush(number=number, seam=seam, ends_at=now + LASTS)


def fallen_silent(hush: Hush, now: float) -> Hush:
    """It was read back as silent: to be sealed soon."""
    return hush if hush.is_sealed else replace(hush, seam=None, ends_at=now + SEALED_WITHIN)


def sealed(hush: Hush) -> Hush:
    """It lasts."""
    return replace(hush, seam=None, ends_at=None)
