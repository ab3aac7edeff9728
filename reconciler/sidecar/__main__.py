"""`python -m reconciler.sidecar --folder DIR`."""

from reconciler.sidecar.main import main

if __name__ == "__main__":
    raise SystemExit(main())
