"""Who acts at the command line, for the journal."""

from __future__ import annotations

import getpass


def who_acts() -> str:
    """The user's name, where there is one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "somebody"
