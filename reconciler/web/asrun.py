"""What went out: pages of JSON or the whole of it as CSV, newest first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Blueprint, Response, abort, jsonify, request

from reconciler.model.ids import ChannelName
from reconciler.ports import Reports
from reconciler.web.site import site, visible

asrun = Blueprint("asrun", __name__, url_prefix="/playout")

_PAGE = 500  # rows, unless asked otherwise
_MOST = 5_000  # rows in one page
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute a text that begins so


@asrun.get("/channels/<asked>/asrun")
def rows(asked: str) -> Response:
    """One page of rows; `Link: rel="next"` leads to older ones until there are none."""
    found = visible(asked)
    if request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv":
        return _csv(found.name)
    limit, before = _whole("limit", _PAGE) or 1, _whole("before", None)
    limit = min(limit, _MOST)
    page = site().deps.reports.asrun(found.name, limit=limit + 1, before=before)
    answer = jsonify([dict(row) for row in page[:limit]])
    if len(page) > limit:
        link = f"{request.path}?limit={limit}&before={page[limit - 1]['id']}"
        answer.headers["Link"] = f'<{link}>; rel="next"'
    return answer


@asrun.get("/channels/<asked>/asrun.csv")
def table(asked: str) -> Response:
    """Every row, as CSV."""
    return _csv(visible(asked).name)


def _csv(name: ChannelName) -> Response:
    lines = _lines(site().deps.reports, name, _whole("before", None))
    answer = Response(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="asrun-{name}.csv"'
    return answer


def _lines(reports: Reports, name: ChannelName, before: int | None) -> Iterator[str]:
    """Read a page, write its lines, and so on; a row that comes meanwhile is not part of it."""
    columns: list[str] = []
    while page := reports.asrun(name, limit=_MOST, before=before):
        if not columns:
            columns = [str(key) for key in page[0]]
            yield _line(columns)
        for row in page:
            yield _line([_cell(row.get(column)) for column in columns])
        before = int(str(page[-1]["id"]))
        if len(page) < _MOST:
            return


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)


def _whole(name: str, default: int | None) -> int | None:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004  # a bigint's safe digits
        abort(400, f"{name}: expected a whole number, found {text!r}")
    return int(text)
