"""The generated part of a pull request's text, apart from what people write around it."""

import re
from pathlib import Path

import jinja2

from ops.plan.markdown import inline

_BEGIN, _END = "<!-- generated: {} -->", "<!-- end of generated: {} -->"
_LIMIT = 60_000


def write_body(template: Path, kind: str, facts: dict[str, object], before: str | None) -> str:
    """Fill in a template, and keep what stands around its generated part in a text that is there already.

    Args:
        template: a text in which the part between the two marks of `kind` is generated.
        kind: `release` or `hotfix`.
        facts: the template's names.
        before: the pull request's text; None where there is none yet.
    """
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - Markdown; names that others choose are written as code
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = inline
    text = environment.from_string(template.read_text(encoding="utf-8")).render(facts)[:_LIMIT]
    begin, end = _BEGIN.format(kind), _END.format(kind)
    if before is None or begin not in before or end not in before:
        return text
    # The last mark counts: a title that quotes one stands before it.
    generated = re.search(f"{re.escape(begin)}.*{re.escape(end)}", text, re.DOTALL)
    if generated is None:
        return text
    head, _, rest = before.partition(begin)
    return head + generated[0] + rest.rpartition(end)[2]
