"""Plan -> text, JSON, markdown, HTML: pure, and handed its templates."""

from reconciler.report.document import document
from reconciler.report.render import FORMATS, render

__all__ = ["FORMATS", "document", "render"]
