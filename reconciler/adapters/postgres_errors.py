"""Turns psycopg's failures into ours, once, at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from reconciler.errors import Rejected, Unreachable

SYSTEM = "database"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise `Unreachable` where trying again may help, and `Rejected` where it will not.

    A wait that was cut short (a lock, a statement's time) counts as the first: the answer was
    not no. `what` says what was attempted.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Unreachable(
            f"{SYSTEM}: {what}: no connection in time", system=SYSTEM, attempt=what
        ) from error
    except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure) as error:
        raise Unreachable(
            f"{SYSTEM}: {what}: another transaction holds what it needs; the next pass will try"
            " again",
            system=SYSTEM,
            attempt=what,
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unreachable(
            f"{SYSTEM}: {what}: {_first_line(error)}", system=SYSTEM, attempt=what
        ) from error
    except psycopg.Error as error:
        raise Rejected(
            f"{SYSTEM}: {what}: {_first_line(error)}", system=SYSTEM, attempt=what
        ) from error


def _first_line(error: psycopg.Error) -> str:
    # The lines below it quote the statement and its values, which are nobody's business in a log.
    text = error.diag.message_primary or str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
