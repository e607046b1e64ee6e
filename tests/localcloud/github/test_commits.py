from pathlib import Path
from typing import Any

from tests.localcloud.github.work_tree import R, clone


def test_every_kind_of_change_is_shown(github: Any, tmp_path: Path) -> None:
    tree = clone(github, tmp_path / "work")
    for path, text in (("old name", "a\nb\nc\nd\n"), ("gone", "1\n"), ("changed", "1\n2\n")):
        tree.commit(path, text)
    base = tree.git("rev-parse", "HEAD")
    tree.git("mv", "old name", "new \u00e4")
    tree.git("rm", "--quiet", "gone")
    (tree.folder / "binary").write_bytes(bytes(range(256)))
    tree.git("add", "--all")
    tree.commit("changed", "1\n3\n4\n")
    tree.git("push", "--quiet", "origin", "main")
    shown = github("GET", f"{R}/compare/{base}...main").json()
    files = {file["filename"]: file for file in shown["files"]}
    assert {name: (file["status"], file["additions"], file["deletions"]) for name, file in files.items()} == {
        "new \u00e4": ("renamed", 0, 0),
        "gone": ("removed", 0, 1),
        "binary": ("added", 0, 0),
        "changed": ("modified", 2, 1),
    }
    assert files["new \u00e4"]["previous_filename"] == "old name"
    assert files["changed"]["patch"] == "@@ -1,2 +1,3 @@\n 1\n-2\n+3\n+4"
    assert "patch" not in files["binary"]
    assert files["changed"]["sha"] == tree.git("rev-parse", "main:changed")
    assert github("GET", f"{R}/commits/main").json()["stats"] == {"additions": 2, "deletions": 2, "total": 4}
    again = github("GET", f"{R}/contents/{'new%20%C3%A4'}").json()
    assert (again["type"], again["size"]) == ("file", 8)
    assert github("GET", f"{R}/contents/gone?ref={base}").status_code == 200
    assert github("GET", f"{R}/contents/gone").status_code == 404
    listed = github("GET", f"{R}/commits?path=gone").json()
    assert [item["commit"]["message"] for item in listed] == ["Change changed", "Change gone"]
