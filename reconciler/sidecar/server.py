"""The sidecar's HTTP: parses, authorises, calls the conductor, answers JSON.

Errors are `{"error": "…"}`: 400 what cannot be meant, 401 no or wrong token, 404 no such thing, 409
refused as things stand, 503 the disk or the engine is away.
"""

from __future__ import annotations

import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Flask, Response, jsonify, request, send_file
from werkzeug.exceptions import HTTPException

from reconciler.errors import ReconcilerError, Rejected, Unreachable, UsageError
from reconciler.model.rundown import Act
from reconciler.rundown.wire import from_wire, to_wire
from reconciler.sidecar import acts as live
from reconciler.sidecar.conductor import SHOWN_WITHIN, Conductor
from reconciler.sidecar.engine_port import EngineSeen
from reconciler.sidecar.fields import Fields
from reconciler.sidecar.lengths import lengths_of
from reconciler.sidecar.metrics import metrics
from reconciler.sidecar.reading import read
from reconciler.sidecar.spec import parse_outputs
from reconciler.sidecar.status import on_air_of, status

log = logging.getLogger(__name__)

BODY_MOST = 64 << 20  # bytes; a rundown of a week of ten-second events is a tenth of it
ROWS_MOST = 1_000  # as-run rows in one answer
_PREVIEW = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".mp4": "video/mp4"}
View = Callable[..., Response]
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def make_app(conductor: Conductor) -> Flask:
    """The WSGI application of one sidecar."""
    app = Flask("sidecar", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_MOST
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    views = _Views(conductor)
    app.before_request(views.authorise)
    app.register_error_handler(Exception, _error)
    for rule, method, view in views.rules():
        app.add_url_rule(rule, endpoint=f"{method} {rule}", view_func=view, methods=[method])
    return app


def _error(error: Exception) -> tuple[Response, int]:
    match error:
        case HTTPException():
            return jsonify(error=error.description or error.name), error.code or 500
        case UsageError():
            return jsonify(error=str(error)), 400
        case Rejected():
            return jsonify(error=str(error)), 409
        case Unreachable() | OSError():
            return jsonify(error=f"the disk: {error}"), 503
        case ReconcilerError():
            return jsonify(error=str(error)), 400
        case _:
            log.error("a request failed", exc_info=error)
            return jsonify(error=f"a fault of the sidecar: {type(error).__name__}"), 500


class _Views:
    """One function per call, over one conductor."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._token = conductor.spec.token.encode()

    def rules(self) -> tuple[tuple[str, str, View], ...]:
        return (
            ("/healthz", "GET", self.healthz),
            ("/status", "GET", self.status),
            ("/metrics", "GET", self.metrics),
            ("/rundown", "GET", self.rundown),
            ("/rundown", "PUT", self.load_rundown),
            ("/asrun", "GET", self.asrun),
            ("/asrun/ack", "POST", self.acknowledge),
            ("/outputs", "PUT", self.outputs),
            ("/lease", "POST", self.lease),
            ("/lease/join", "POST", self.join),
            ("/lease/hush", "POST", self.hush),
            ("/lease/seal", "POST", self.seal),
            ("/playlist/load", "POST", self.playlist),
            ("/transport/<act>", "POST", self.transport),
            ("/channel/stop", "POST", self.stop),
            ("/preview/<name>", "GET", self.preview),
        )

    def authorise(self) -> tuple[Response, int] | None:
        if request.path == "/healthz":
            return None
        given = request.headers.get("Authorization", "").encode()
        if hmac.compare_digest(given, b"Bearer " + self._token):
            return None
        return jsonify(error="expected the header Authorization: Bearer TOKEN"), 401

    def healthz(self) -> Response:
        return jsonify(ok=True, channel=self._conductor.spec.channel)

    def status(self) -> Response:
        return jsonify(status(self._conductor))

    def metrics(self) -> Response:
        return Response(metrics(self._conductor), mimetype="text/plain; version=0.0.4")

    def rundown(self) -> Response:
        """What is to be shown; with `held=1`, what the next compile goes on from."""
        bent = self._conductor.effective()
        rundown = bent.held if request.args.get("held") == "1" else bent.rundown
        if rundown is None:
            return jsonify(digest="", rundown=None)
        wire = to_wire(rundown, reveal=request.args.get("reveal") == "1")
        held = self._conductor.held
        return jsonify(digest=held.digest if held else "", rundown=wire)

    def load_rundown(self) -> Response:
        said = Fields(_body(), "body")
        try:
            rundown = from_wire(said.mapping("rundown"))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"body.rundown: {error!r}") from error
        changed = self._conductor.load_rundown(said.integer("epoch"), said.text("digest"), rundown)
        return jsonify(ok=True, changed=changed, digest=said.text("digest"))

    def asrun(self) -> Response:
        after = _count("after", 0)
        limit = min(_count("limit", 500), ROWS_MOST)
        spool = self._conductor.spool
        rows = [{"seq": seq, **row.to_wire()} for seq, row in spool.rows(after=after, limit=limit)]
        spec = self._conductor.spec
        return jsonify(spool=spool.spool_id, channel=spec.channel, epoch=spec.epoch, rows=rows)

    def acknowledge(self) -> Response:
        seq = Fields(_body(), "body").integer("seq")
        return jsonify(ok=True, forgotten=self._conductor.spool.acknowledge(seq))

    def outputs(self) -> Response:
        outputs = parse_outputs(Fields(_body(), "body").items("outputs"))
        self._conductor.set_outputs(outputs)
        return jsonify(ok=True, outputs=[output.name for output in outputs])

    def lease(self) -> Response:
        heard_at = time.monotonic()
        said = Fields(_body(), "body")
        ttl = said.optional_integer("ttl_ms")
        asked = said.optional_integer("clock_ms")
        asked_at = heard_at if asked is None else min(heard_at, asked / 1000)
        counts = self._conductor.hear_lease(
            said.integer("epoch"),
            None if ttl is None else ttl / 1000,
            asked_at,
            lift=said.integer("lift", 0),
        )
        lease = self._conductor.lease
        sending = lease.may_send(time.monotonic())
        return jsonify(ok=True, epoch=lease.highest, sending=sending, counts=counts)

    def join(self) -> Response:
        """Keep what is shown from a frame on, for a successor's first word."""
        seam = Fields(_body(), "body").integer("seam")
        self._conductor.join(seam)
        return jsonify(ok=True, seam=seam)

    def hush(self) -> Response:
        """Fall silent before a frame; answers once it is."""
        seam = Fields(_body(), "body").integer("seam")
        number = self._conductor.hush(seam)
        return jsonify(ok=True, number=number, until=self._conductor.engine.read().sent_until)

    def seal(self) -> Response:
        """Let a hush last until it is lifted."""
        number = Fields(_body(), "body").integer("number")
        self._conductor.seal(number)
        return jsonify(ok=True, number=number)

    def playlist(self) -> Response:
        started = time.monotonic()
        body = _body()
        _, items = live.read_list(body)
        rate = self._conductor.spec.format.rate
        lengths, left_out = lengths_of(self._conductor.spec.media_root, items, rate)
        act = self._conductor.play_list(body, lengths)
        return self._answer("load", act, started, left_out=left_out)

    def transport(self, act: str) -> Response:
        started = time.monotonic()
        _optional_body()
        return self._answer(act, self._conductor.act(act), started)

    def stop(self) -> Response:
        return self.transport("stop")

    def preview(self, name: str) -> Response:
        folder = self._conductor.spec.preview_folder
        kind = _PREVIEW.get(Path(name).suffix)
        path = folder / name
        if kind is None or not _NAME.fullmatch(name) or not path.is_file():
            return _error_response(f"no such preview file: {name}", 404)
        answer = send_file(path, mimetype=kind, conditional=True, etag=True, max_age=0)
        answer.headers["Cache-Control"] = "no-cache" if kind == _PREVIEW[".m3u8"] else "max-age=60"
        return answer

    def _answer(
        self,
        name: str,
        act: Act | None,
        started: float,
        *,
        left_out: Mapping[str, str] | None = None,
    ) -> Response:
        """Wait for the read-back to show the act, and tell what it showed."""
        conductor = self._conductor
        at = act.at if act is not None else conductor.now()
        wanted = conductor.picture.at(at)
        serial = conductor.serial

        def is_shown(seen: EngineSeen) -> bool:
            on_air = seen.on_air
            return (
                seen.serial >= serial
                and seen.tick >= at
                and wanted is not None
                and on_air is not None
                and on_air.key == wanted.key
            )

        seen = conductor.engine.await_seen(is_shown, SHOWN_WITHIN if act is not None else 0)
        shown = is_shown(seen) if act is not None else True
        latency = round((time.monotonic() - started) * 1000, 1)
        conductor.note_act(name, act, seen if shown else None)
        reading = read(conductor)
        answer: dict[str, object] = {
            "ok": True,
            "act": name,
            "changed": act is not None,
            "seq": conductor.acts_seq,
            "at": at,
            "shown": shown,
            "latency_ms": latency,
            "transport": conductor.bent.transport,
            "on_air": on_air_of(conductor, reading),
        }
        if left_out:
            answer["left_out"] = dict(left_out)
        return jsonify(answer)


def _body() -> Mapping[str, object]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise UsageError("expected a JSON object as the body")
    return body


def _optional_body() -> None:
    if request.get_data(cache=True):
        _body()


def _count(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal():
        raise UsageError(f"{name}: expected a whole number from 0 up, found {text!r}")
    return int(text)


def _error_response(text: str, code: int) -> Response:
    answer = jsonify(error=text)
    answer.status_code = code
    return answer
