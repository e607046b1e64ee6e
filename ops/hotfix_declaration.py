"""What a stack file says of a hotfix."""

import json
import re
from pathlib import Path

import yaml

from release.error import ReleaseError
from settings.stack_document import read_document

_CONFIG = re.compile(r"^config:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*(?P<indent>[ ]+)(?=[^ #\r\n])", re.MULTILINE)


def declare_hotfix(project: Path, stack: str, *, release: str, reason: str) -> str:
    """Write into a stack file which release goes without validation and why; gives the file's name.

    A declaration that is there already is replaced; comments and everything else stay as they are.

    Args:
        project: the folder of the stack file.
        stack: the stack.
        release: the release hash.
        reason: why.

    Raises:
        SettingsError: the files can't be read.
        ReleaseError: the file is written in a way that this can't add to; it is as it was.
    """
    namespace = read_document(project / "Pulumi.yaml").get("name")
    path = project / f"Pulumi.{stack}.yaml"
    before, key = read_document(path), f"{namespace}:hotfix"
    hotfix = {"release": release, "reason": reason}
    text = _declare(path.read_bytes().decode(), key, hotfix)
    wanted = {**before, "config": {**(before.get("config") or {}), key: hotfix}}
    if text is None or _parse(text) != wanted:
        raise ReleaseError(
            f"{path.name} is written in a way that a declaration can't be added to. Nothing was written or pushed."
            f" Remedy: add it by hand, under config: {key}: with release: {release} and the reason."
        )
    path.write_bytes(text.encode())
    return path.name


def _declare(text: str, key: str, hotfix: dict[str, str]) -> str | None:
    found = _CONFIG.search(text)
    if found is None:
        return None
    indent, end = found["indent"], "\r\n" if "\r\n" in text else "\n"
    # The key's own line, and those below it that are further in.
    own = rf"^{indent}(?P<quote>[\"']?){re.escape(key)}(?P=quote):.*\n(?:(?:{indent}[ ].*)?\r?\n)*"
    text = re.sub(own, "", text, flags=re.MULTILINE)
    lines = [f"{indent}{key}:", *(f"{indent}{indent}{name}: {json.dumps(value)}" for name, value in hotfix.items())]
    begin = text.index("\n", found.start()) + 1
    return text[:begin] + "".join(line + end for line in lines) + text[begin:]


def _parse(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None
