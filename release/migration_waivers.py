"""The linter's findings that migrations waive, each with the reason that stands beside the statement."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pglast import parser

from release.backend_source import BackendSource
from release.migration_source import Migration, read_text

# As squawk reads it, in a comment of either kind: rules, then whatever follows a second `--`.
_WAIVER = re.compile(
    r"(?:--|/\*)\s*squawk-ignore(?P<file>-file)?(?![\w-])(?P<rules>[^\n]*?)(?:--(?P<reason>.*?))?(?:\*/)?", re.DOTALL
)
_COMMENTS = frozenset({"SQL_COMMENT", "C_COMMENT"})
_SEMICOLON = "ASCII_59"
_WHY = re.compile(r"--\s*why:\s*(?P<reason>\S.*)")
_STATEMENT_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One finding that is meant.

    Attributes:
        file: the migration's file name.
        line: of the waiver, from 1.
        rule: the linter's name of the finding; `every rule` where none is named.
        reason: why it is meant; empty where nobody said.
        statement: the statement that it is about, its blanks joined and its end cut; `the whole file` for one of those.
    """

    file: str
    line: int
    rule: str
    reason: str
    statement: str


def find_waivers(backend: BackendSource, migrations: Sequence[Migration]) -> list[Waiver]:
    """Find every waiver of migrations, in the order in which they stand.

    Raises:
        ReleaseError: a file is no text.
    """
    return [
        waiver
        for migration in migrations
        for waiver in find_waivers_in(migration.file_name, read_text(backend.directory, migration))
    ]


def find_waivers_in(file_name: str, sql: str) -> list[Waiver]:
    """Find the waivers of one file's text; none in a text that PostgreSQL can't take apart."""
    try:
        tokens = parser.scan(sql)
    except parser.ParseError:
        return []
    waivers = []
    for index, token in enumerate(tokens):
        if token.name not in _COMMENTS:
            continue
        match = _WAIVER.fullmatch(sql[token.start : token.end + 1].strip())
        if not match:
            continue
        line = sql.count("\n", 0, token.start) + 1
        reason = (match["reason"] or "").strip() or _reason_above(sql, line)
        statement = "the whole file" if match["file"] else _statement(sql, tokens, index)
        rules = [rule.strip() for rule in match["rules"].split(",") if rule.strip()] or ["every rule"]
        waivers += [
            Waiver(file=file_name, line=line, rule=rule, reason=" ".join(reason.split()), statement=statement)
            for rule in rules
        ]
    return waivers


def _reason_above(sql: str, line: int) -> str:
    above = sql.split("\n")[line - 2].strip() if line > 1 else ""
    match = _WHY.fullmatch(above)
    return match["reason"] if match else ""


def _statement(sql: str, tokens: Sequence[parser.Token], index: int) -> str:
    """Give the statement that a comment among the tokens is about: the one on its own line, or else the next."""
    comment = tokens[index]
    before = [token for token in tokens[:index] if token.name not in _COMMENTS]
    if before and "\n" not in sql[before[-1].end : comment.start]:
        while len(before) > 1 and before[-1].name == _SEMICOLON:
            before.pop()
        start = next((number for number in range(len(before), 0, -1) if before[number - 1].name == _SEMICOLON), 0)
        own = before[start:]
    else:
        after = (token for token in tokens[index:] if token.name not in _COMMENTS)
        own = list(itertools.takewhile(lambda token: token.name != _SEMICOLON, after))
    text = " ".join(sql[own[0].start : own[-1].end + 1].split()) if own else ""
    return text if len(text) <= _STATEMENT_CHARACTERS else f"{text[:_STATEMENT_CHARACTERS]}…"
