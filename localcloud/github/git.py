"""The bare git repository behind a GitHub repository: the only truth about refs and commits."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.durable import sync_folder, sync_tree

_ISOLATION = """[safe]
\tdirectory = *
[user]
\tname = GitHub
\temail = noreply@github.com
"""
# Nothing is collected, since a commit may have no ref yet; forks are read by commit.
_CONFIGURATION = {
    # What was confirmed is on the disk; by itself git leaves single objects to the system.
    "core.fsync": "committed",
    "gc.auto": "0",
    "receive.autogc": "false",
    "maintenance.auto": "false",
    "uploadpack.allowAnySHA1InWant": "true",
    "http.receivepack": "true",
    "receive.hideRefs": "refs/pull",
    # A push is decided ref by ref, see git_http.
    "receive.procReceiveRefs": "refs",
}
_CONFLICTS = 1  # exit code of git merge-tree
_FORM = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


class GitError(Exception):
    """The git command failed; the text is what it wrote to standard error."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who made a commit, and when (ISO 8601)."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit as git holds it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """How one file differs between two trees.

    Attributes:
        status: GitHub's word: added, removed, modified, renamed, copied or changed.
        previous: the path before a renaming.
        patch: the hunks; None for a binary file.
    """

    path: str
    previous: str | None
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str | None


class BareRepository:
    """One bare repository, driven by the git command line apart from all configuration of the user.

    Args:
        path: the folder that ends in .git; `create` makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, *, source: Path | None, branch: str) -> None:
        """Make the repository; a kill leaves either nothing or all of it.

        Args:
            source: a git work tree whose HEAD becomes the branch; where it is None or has no commit, the
                repository starts with one empty commit.
            branch: the default branch.

        Raises:
            GitError: the source's history cannot be read.
        """
        building = self._begin(branch)
        if source is not None and building.has_commit(source):
            origin = str(source.resolve())
            building.run("fetch", "--quiet", "--no-tags", "--update-shallow", origin, f"HEAD:refs/heads/{branch}")
        else:
            tree = building.run("mktree", given="")
            building.run(
                "update-ref", f"refs/heads/{branch}", building.run("commit-tree", tree, "-m", "Initial commit")
            )
        self._finish(building)

    def copy(self, parent: "BareRepository", *, branch: str, only: bool) -> None:
        """Make the repository as a fork, with all branches and tags of its parent or with one branch only."""
        building = self._begin(branch)
        wanted = [f"refs/heads/{branch}" if only else "refs/heads/*", *([] if only else ["refs/tags/*"])]
        building.run("fetch", "--quiet", str(parent.path), *(f"{ref}:{ref}" for ref in wanted))
        self._finish(building)

    def _begin(self, branch: str) -> "BareRepository":
        building = BareRepository(self.path.with_suffix(".building"))
        shutil.rmtree(building.path, ignore_errors=True)
        building.path.mkdir(parents=True)
        building.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", ".")
        (building.path / "isolation").write_text(_ISOLATION, encoding="utf-8")
        return building

    def _finish(self, building: "BareRepository") -> None:
        sync_tree(building.path)
        building.path.rename(self.path)
        sync_folder(self.path.parent)

    def has_commit(self, source: Path) -> bool:
        """Tell whether a folder is a git work tree with at least one commit."""
        return self._succeeds("-C", str(source), "rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def refs(self, prefix: str) -> dict[str, str]:
        """Map each ref (full name) that starts with the prefix to its commit."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        pairs = (line.split(" ") for line in lines)
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def branch(self, name: str) -> str | None:
        """Give the commit at the head of a branch, or None where there is no such branch."""
        return self.sha(f"refs/heads/{name}")

    def sha(self, revision: str) -> str | None:
        """Give the hash of the commit that a hash, ref or branch name stands for, or None where there is none."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except GitError:
            return None

    def commit(self, revision: str) -> Commit | None:
        """Read the commit that a hash, ref or branch name stands for, or None where there is none."""
        sha = self.sha(revision)
        return None if sha is None else self.commits("-1", sha)[0]

    def commits(self, *selection: str) -> list[Commit]:
        """Read commits, newest first, as `git log` selects them by arguments such as `base..head`."""
        fields = self.run("log", "-z", "--no-show-signature", f"--format={_FORM}", *selection).split("\0")
        return [
            Commit(
                sha=fields[at],
                tree=fields[at + 1],
                parents=tuple(fields[at + 2].split()),
                author=Signature(name=fields[at + 3], email=fields[at + 4], date=fields[at + 5]),
                committer=Signature(name=fields[at + 6], email=fields[at + 7], date=fields[at + 8]),
                message=fields[at + 9].strip(),
            )
            for at in range(0, len(fields) - 9, 10)
        ]

    def is_valid_name(self, ref: str) -> bool:
        """Tell whether git accepts a full ref name."""
        return self._succeeds("check-ref-format", ref)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether moving a ref from one commit to the other loses nothing."""
        return self._succeeds("merge-base", "--is-ancestor", older, newer)

    def merge_base(self, one: str, other: str) -> str | None:
        """Give the commit at which two histories part, or None where they have nothing in common."""
        try:
            return self.run("merge-base", one, other)
        except GitError:
            return None

    def distance(self, base: str, head: str) -> tuple[int, int]:
        """Count the commits that only the head has, and those that only the base has."""
        behind, ahead = self.run("rev-list", "--left-right", "--count", f"{base}...{head}").split()
        return int(ahead), int(behind)

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """Merge two commits without a work tree; None where they conflict or have no history in common."""
        if self.merge_base(ours, theirs) is None:
            return None
        try:
            return self.run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
        except GitError as error:
            if error.code != _CONFLICTS:
                raise
            return None

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, *, author: Signature, committer: Signature
    ) -> str:
        """Write a commit and give its hash; no ref points to it yet."""
        people = {
            f"GIT_{role}_{field.upper()}": getattr(signature, field)
            for role, signature in (("AUTHOR", author), ("COMMITTER", committer))
            for field in ("name", "email", "date")
        }
        named = [word for parent in parents for word in ("-p", parent)]
        return self.run("commit-tree", tree, *named, "-F", "-", given=message, variables=people)

    def rebased(self, base: str, head: str, committer: Signature) -> str | None:
        """Write the commits of base..head again on top of base; None where one of them conflicts."""
        tip = base
        for commit in reversed(self.commits("--no-merges", "--topo-order", f"{base}..{head}")):
            onto = self.commit(tip)
            assert onto is not None  # noqa: S101 - it was written a moment ago
            # What the new parent holds, as if it were made from the old one: then the merge base is the old one.
            stand_in = self.write_commit(onto.tree, commit.parents, onto.message, author=committer, committer=committer)
            tree = self.merged_tree(stand_in, commit.sha)
            if tree is None:
                return None
            if tree != onto.tree:
                tip = self.write_commit(tree, [tip], commit.message, author=commit.author, committer=committer)
        return tip

    def changes(self, base: str, head: str, *, patches: bool = False) -> list[FileChange]:
        """List the files that differ between two commits, with the hunks where they are asked for."""
        words = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
        detect = ("diff", "-M", "--no-ext-diff", "--no-color")
        told = iter(self.run(*detect, "--raw", "--numstat", "--abbrev=40", "-z", base, head).split("\0"))
        hunks = iter(self._hunks(base, head) if patches else ())
        entries: list[tuple[list[str], list[str]]] = []
        counts: list[list[str]] = []
        for part in told:
            if part.startswith(":"):
                entries.append(
                    (part.split(" "), [next(told) for _ in range(2 if part.split(" ")[4][0] in "RC" else 1)])
                )
            elif part:
                counts.append(part.split("\t")[:2])
                if part.endswith("\t"):  # of a renamed file, whose two paths follow
                    next(told)
                    next(told)
        return [
            FileChange(
                path=paths[-1],
                previous=paths[0] if len(paths) > 1 else None,
                status=words[status[0]],
                blob=old if status[0] == "D" else new,
                additions=int(added.replace("-", "0")),
                deletions=int(removed.replace("-", "0")),
                patch=next(hunks, None),
            )
            for ((_, _, old, new, status), paths), (added, removed) in zip(entries, counts, strict=True)
        ]

    def _hunks(self, base: str, head: str) -> list[str | None]:
        """List the hunks of each file that differs, None for a binary one, in the order of `changes`."""
        text = self.run("diff", "-M", "--no-ext-diff", "--no-color", "--patch", base, head)
        found: list[str | None] = []
        for part in f"\n{text}".split("\ndiff --git ")[1:]:
            _, begins, hunk = part.partition("\n@@")
            found.append(f"@@{hunk}" if begins else None)
        return found

    def entries(self, revision: str, path: str) -> list[tuple[str, str, str]]:
        """List what stands at a path of a commit, or in the folder there: kind (blob, tree, commit), hash, path."""
        lines = self.run("ls-tree", "-z", revision, *([path] if path else [])).split("\0")[:-1]
        pairs = (line.split("\t", 1) for line in lines)
        return [(described.split(" ")[1], described.split(" ")[2], name) for described, name in pairs]

    def read(self, revision: str, path: str) -> bytes | None:
        """Read a file of a commit, or None where it has none at the path."""
        try:
            return self._git("cat-file", "blob", f"{revision}:{path}")
        except GitError:
            return None

    def fetch(self, other: "BareRepository", sha: str) -> None:
        """Take a commit with its history from another repository; no ref points to it yet."""
        self.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(other.path), sha)

    def move(self, targets: Mapping[str, str | None]) -> None:
        """Point refs to commits, and HEAD to a ref; None deletes. Doing it again changes nothing."""
        existing = self.refs("refs/")
        gone = [f"delete {ref}\n" for ref, target in targets.items() if target is None and ref in existing]
        there = [f"update {ref} {target}\n" for ref, target in targets.items() if target is not None and ref != "HEAD"]
        for instructions in (gone, there):
            if instructions:
                self.run("update-ref", "--stdin", given="".join(instructions))
        if targets.get("HEAD"):
            self.run("symbolic-ref", "HEAD", str(targets["HEAD"]))

    def run(self, *arguments: str, given: str | None = None, variables: Mapping[str, str] | None = None) -> str:
        """Run git in the repository and give its standard output without the last line end.

        Raises:
            GitError: it exited with another code than 0.
        """
        return self._git(*arguments, given=given, variables=variables).decode(errors="replace").rstrip("\n")

    def environment(self) -> dict[str, str]:
        """Give the variables in which git runs apart from all configuration of the user."""
        numbered = enumerate(_CONFIGURATION.items())
        settings = {
            f"GIT_CONFIG_{part}_{number}": text
            for number, pair in numbered
            for part, text in zip(("KEY", "VALUE"), pair, strict=True)
        }
        return {
            "PATH": _search_path(),
            "HOME": str(self.path),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.path / "isolation"),
            "GIT_CONFIG_COUNT": str(len(_CONFIGURATION)),
            "GIT_TERMINAL_PROMPT": "0",
            **settings,
        }

    def _succeeds(self, *arguments: str) -> bool:
        try:
            self.run(*arguments)
        except GitError:
            return False
        return True

    def _git(self, *arguments: str, given: str | None = None, variables: Mapping[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**self.environment(), **(variables or {})},
            input=b"" if given is None else given.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.decode(errors="replace").strip(), done.returncode)
        return done.stdout


def _search_path() -> str:
    """Give the folders of git and of the shell's own commands alone: nothing else of the caller's PATH takes part."""
    git = shutil.which("git")
    if git is None:
        raise GitError("git is not on PATH; the local GitHub keeps its repositories with it: install git")
    return os.pathsep.join(dict.fromkeys([str(Path(git).parent), "/usr/bin", "/bin"]))
