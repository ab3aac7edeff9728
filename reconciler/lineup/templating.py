"""Expressions in values: `{{ vars.x }}`, `{{ env.X }}`, `{{ secrets.x }}`; none of them runs away.

Jinja2 evaluates them, sandboxed and strict, after its own parser has shown that an expression is
made of names, texts and a few filters only. What holds a secret is kept apart: the shapes of
`files` never see more than the expression itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reconciler.lineup.findings import Finding, Path, nearest
from reconciler.lineup.parse import Raw
from reconciler.model.text import Text
from reconciler.model.video import VideoFormat

_SIMPLE = re.compile(r"\s*(vars|env|secrets)\.([A-Za-z_]\w*)\s*")
_PARTS = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
_FILTERS = frozenset({"default", "d", "lower", "upper", "trim", "urlencode"})
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.Name, nodes.Getattr, nodes.Const, nodes.Concat,
    nodes.Filter, nodes.TemplateData,
)  # fmt: skip
_SHORTEST_PASSPHRASE, _LONGEST_PASSPHRASE = 10, 79  # SRT's own limits (SRTO_PASSPHRASE)

_JINJA = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False
)  # plain text, no markup


class ExpressionError(ValueError):
    """An expression that cannot be used; the message never holds a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What a lineup is given from outside: environment, secrets, and a key to mark them by.

    `rendered` is the digest of what is rendered for a CasparCG engine of a format.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    mark_key: bytes = field(default=b"", repr=False)
    rendered: Callable[[VideoFormat], str] = lambda _: ""

    def mark(self, value: str) -> str:
        """A keyed digest of a secret value: it changes with it and tells nothing of it."""
        return hmac.new(self.mark_key, value.encode(), sha256).hexdigest()[:16]


class _Names:
    """One namespace of names; its own attributes stay out of an expression's reach."""

    __slots__ = ("_held",)

    def __init__(self, held: Mapping[str, str]) -> None:
        self._held = held

    def __getitem__(self, name: str) -> str:
        return self._held[name]


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions may name."""

    values: Values
    vars: Mapping[str, str] = field(default_factory=dict)

    def held(self, space: str) -> Mapping[str, str]:
        """The names of one namespace; those of secrets are in lower case."""
        match space:
            case "vars":
                return self.vars
            case "env":
                return self.values.env
            case _:
                return {name.lower(): value for name, value in self.values.secrets.items()}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file's plain value with its expressions filled in, and apart from it what holds secrets."""

    raw: Raw
    secrets: Mapping[Path, Text] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def has_expressions(text: str) -> bool:
    """Whether there is anything to fill in."""
    return "{" in text and ("{{" in text or "{%" in text or "{#" in text)


def may_hold_secret(path: Path) -> bool:
    """Whether a secret may stand at `path`: in streams' addresses and passphrases, stores' keys."""
    match path:
        case ("outputs", int(), "url" | "passphrase"):
            return True
        case ("live", str()) | ("live", str(), "url"):
            return True
        case ("stores", str(), "access_key" | "secret_key"):
            return True
        case _:
            return False


def render(raw: Raw, file: str, scope: Scope) -> Rendered:
    """Fill in every expression of a file's plain value."""
    secrets: dict[Path, Text] = {}
    findings: list[Finding] = []

    def fill(value: Raw, path: Path) -> Raw:
        if isinstance(value, dict):
            return {key: fill(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each, (*path, index)) for index, each in enumerate(value)]
        if not has_expressions(value):
            return value
        try:
            text = fill_text(value, scope)
            _judge(text, path)
        except ExpressionError as error:
            findings.append(Finding(file, path, str(error)))
            return value
        if text.mark:
            secrets[path] = text
        return text.shown

    return Rendered(fill(raw, ()), secrets, tuple(findings))


def _judge(text: Text, path: Path) -> None:
    if not text.mark:
        return
    if not may_hold_secret(path):
        raise ExpressionError(
            "expected no secret here: secrets may stand in `url`, `passphrase` and the keys of a"
            " store only, since all else is shown on pages and in plans"
        )
    if not text.value.isprintable():
        raise ExpressionError("expected a secret on one line, found one with a control character")
    length = len(text.value)
    if path[-1] == "passphrase" and not _SHORTEST_PASSPHRASE <= length <= _LONGEST_PASSPHRASE:
        raise ExpressionError(
            f"expected {_SHORTEST_PASSPHRASE} to {_LONGEST_PASSPHRASE} characters,"
            f" found a secret of {length}"
        )


def fill_text(template: str, scope: Scope) -> Text:
    """Fill in one text; what a secret becomes is in `value` alone, `shown` keeps the expression."""
    public: list[str] = []
    true: list[str] = []
    is_secret = False
    for part, expression in _split(template):
        if expression is None:
            public.append(part)
            true.append(part)
            continue
        value, holds_secret = _evaluate(expression, scope)
        is_secret = is_secret or holds_secret
        public.append(part if holds_secret else value)
        true.append(value)
    value = "".join(true)
    return Text("".join(public), value, scope.values.mark(value) if is_secret else "")


def _split(template: str) -> Iterator[tuple[str, str | None]]:
    for part in _PARTS.split(template):
        if part.startswith("{{") and part.endswith("}}"):
            yield part, part[2:-2]
        elif has_expressions(part):
            raise ExpressionError(
                f"expected only expressions such as {{{{ vars.x }}}}, found {part.strip()!r}"
            )
        elif part:
            yield part, None


def _evaluate(expression: str, scope: Scope) -> tuple[str, bool]:
    simple = _SIMPLE.fullmatch(expression)
    if simple is not None:
        space, name = simple.groups()
        if space == "secrets":
            name = name.lower()
        _need(space, name, scope)
        return scope.held(space)[name], space == "secrets"
    template, names = _compile(expression)
    optional = "default" in expression or re.search(r"\|\s*d\b", expression) is not None
    for space, name in names:
        if not optional:
            _need(space, name, scope)
    spaces = {space: _Names(scope.held(space)) for space in ("vars", "env", "secrets")}
    try:
        value = template.render(spaces)
    except (TemplateError, TypeError, ValueError, LookupError) as error:
        # The message of a foreign error might quote a secret.
        raise ExpressionError(
            f"cannot work out {{{{{expression}}}}} ({type(error).__name__})"
        ) from None
    return value, any(space == "secrets" for space, _ in names)


@lru_cache(maxsize=4096)
def _compile(expression: str) -> tuple[Template, tuple[tuple[str, str], ...]]:
    try:
        tree = _JINJA.parse(f"{{{{{expression}}}}}")
    except TemplateError as error:
        raise ExpressionError(f"cannot read {{{{{expression}}}}}: {error.message}") from error
    names = tuple(_names(tree, expression))
    return _JINJA.from_string(tree), names


def _names(tree: nodes.Template, expression: str) -> Iterator[tuple[str, str]]:
    owned = 0
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED) or (
            isinstance(node, nodes.Filter) and node.name not in _FILTERS
        ):
            raise ExpressionError(
                f"expected names, texts, `~` and the filters {', '.join(sorted(_FILTERS))},"
                f" found {{{{{expression}}}}}"
            )
        if isinstance(node, nodes.Name) and node.name not in ("vars", "env", "secrets"):
            raise ExpressionError(
                f"expected vars.NAME, env.NAME or secrets.NAME, found `{node.name}`"
                + nearest(node.name, ("vars", "env", "secrets"))
            )
        if isinstance(node, nodes.Getattr):
            owned += 1
            yield _owner(node.node, expression), node.attr
    # A namespace may stand only before a dot: as a value it would be shown whole.
    if owned != sum(1 for _ in tree.find_all(nodes.Name)):
        raise ExpressionError(f"expected a name such as vars.NAME, found {{{{{expression}}}}}")


def _owner(node: nodes.Expr, expression: str) -> str:
    if not isinstance(node, nodes.Name):
        raise ExpressionError(f"expected a plain name after the dot, found {{{{{expression}}}}}")
    return node.name


def _need(space: str, name: str, scope: Scope) -> None:
    known = scope.held(space)
    if name in known:
        return
    hint = nearest(name, known)
    match space:
        case "vars":
            raise ExpressionError(f"no variable `{name}` under `vars` in lineup.yaml{hint}")
        case "env":
            raise ExpressionError(f"no `{name}` in the environment{hint}")
        case _:
            raise ExpressionError(
                f"the secret `{name}` is not set; set RECONCILE_SECRET_{name.upper()}"
                f" in the environment, or `{name}` in the secrets file{hint}"
            )
