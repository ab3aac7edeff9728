"""The journal entry of what was done already: a database that is away does not undo it."""

from __future__ import annotations

import logging

from reconciler.errors import AdapterError
from reconciler.model.records import JournalEntry
from reconciler.shell.world import World

log = logging.getLogger(__name__)


def note(world: World, entry: JournalEntry) -> None:
    """Journal `entry`, or say in the log that it is not there."""
    try:
        world.store.journal([entry])
    except AdapterError as error:
        log.warning(
            "journal: channel=%s what=%s who=%s: %s", entry.channel, entry.what, entry.who, error
        )
