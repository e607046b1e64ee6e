"""What a stack file says of a hotfix."""

import json
import re
from pathlib import Path

import yaml


def declare_hotfix(project: Path, stack: str, *, release: str, reason: str) -> str:
    """Write into a stack file which release goes without validation and why; gives the file's name.

    A declaration that is there already is replaced; comments and everything else stay as they are.

    Args:
        project: the folder of the stack file.
        stack: the stack.
        release: the release hash.
        reason: why.
    """
    namespace = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
    path = project / f"Pulumi.{stack}.yaml"
    text = path.read_text(encoding="utf-8")
    key = f"  {namespace}:hotfix:"
    # The key's own line, and those below it that are further in.
    text = re.sub(rf"^{re.escape(key)}.*\n(?:(?:    .*)?\n)*", "", text, flags=re.MULTILINE)
    declaration = f"{key}\n    release: {json.dumps(release)}\n    reason: {json.dumps(reason)}\n"
    path.write_text(re.sub(r"^config:\n", lambda found: f"{found[0]}{declaration}", text, flags=re.MULTILINE), "utf-8")
    return path.name
