"""`reconcile image`: the folder from which an image of engine and sidecar is built."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from reconciler import wiring
from reconciler.sidecar.casparcg.config import Image

_STANDARD = Image(base="casparcg")


@click.command(
    "image",
    epilog="""
\b
Examples:
  reconcile image build --base casparcg:2.5.0
  docker build --tag playout build
""",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base", metavar="IMAGE", required=True, help="An image with CasparCG, yours.")
@click.option(
    "--engine",
    metavar="PATH",
    default=_STANDARD.engine,
    show_default=True,
    help="The server's program in that image.",
)
@click.option(
    "--libraries",
    metavar="PATH",
    default=_STANDARD.libraries,
    show_default=True,
    help="Its own libraries in that image; nothing but the server sees them.",
)
@click.option(
    "--uid",
    type=click.IntRange(1, 65_533),
    default=_STANDARD.uid,
    show_default=True,
    help="The user that it runs as, which must be able to write its state folder.",
)
@click.option("--embedded", is_flag=True, help="Hold what our own engine needs too (250 MB).")
def command(  # noqa: PLR0913  # one for each option
    folder: Path, *, base: str, engine: str, libraries: str, uid: int, embedded: bool
) -> None:
    """Write into FOLDER all that an image of CasparCG and sidecar is built from.

    It holds this very program. Run it again after an upgrade.
    """
    image = Image(base=base, engine=engine, libraries=libraries, uid=uid)
    for path in wiring.write_image(folder, image, embedded=embedded):
        click.echo(f"+ {path}")
    place = shlex.quote(str(folder))
    click.echo(
        f"\nNext:\n  docker build --tag playout {place}\n\n"
        "Where the build has no network, fetch the wheels first, with the Python of the image:\n"
        f"  pip download --only-binary=:all: -d {place}/wheels -c {place}/constraints.txt"
        f" -r {place}/requirements.txt\n"
        f"  docker build --build-arg PIP_NO_INDEX=1 --tag playout {place}"
    )
