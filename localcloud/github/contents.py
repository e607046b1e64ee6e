"""Files and folders of a commit."""

from base64 import b64encode

from localcloud.github.errors import NotFoundError
from localcloud.github.operations import REPOSITORY, Answer, Call, operation
from localcloud.github.store import Json

_CONTENTS = REPOSITORY + "/contents"
_LINE = 60  # characters of base64, as GitHub breaks it


@operation("GET", _CONTENTS, _CONTENTS + "/{path+}")
def get_contents(call: Call) -> Answer:
    """Show a file with its content, or list a folder, at `ref` (the default branch where it is not given).

    Raises:
        NotFoundError: there is no such commit or path.
    """
    ref = call.query.get("ref") or call.repository["default_branch"]
    sha, path = call.git.sha(ref), call.parameters.get("path", "").strip("/")
    if sha is None:
        raise NotFoundError(f"No commit found for the ref {ref}")
    entries = call.git.entries(sha, path) if path else []
    if not path or (entries and entries[0][0] == "tree"):
        inside = call.git.entries(sha, f"{path}/" if path else "")
        return Answer(body=[_entry_json(call, entry, ref) for entry in inside])
    content = call.git.read(sha, path)
    if not entries or content is None:
        raise NotFoundError
    text = b64encode(content).decode()
    lines = [text[at : at + _LINE] + "\n" for at in range(0, len(text), _LINE)]
    file = {"size": len(content), "encoding": "base64", "content": "".join(lines)}
    return Answer(body=_entry_json(call, entries[0], ref) | file)


def _entry_json(call: Call, entry: tuple[str, str, str], ref: str) -> Json:
    kind, sha, path = entry
    url = f"{call.url('contents', path)}?ref={ref}"
    git = call.url("git", {"blob": "blobs", "tree": "trees"}.get(kind, "commits"), sha)
    page = call.html(kind, ref, path)
    return {
        "type": {"blob": "file", "tree": "dir"}.get(kind, "submodule"),
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "size": 0,
        "url": url,
        "git_url": git,
        "html_url": page,
        "download_url": call.html("raw", ref, path) if kind == "blob" else None,
        "_links": {"self": url, "git": git, "html": page},
    }
