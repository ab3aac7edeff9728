"""`python -m reconciler`: the same as `reconcile`."""

from reconciler.cli.main import main

main()
