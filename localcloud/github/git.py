"""The bare git repository behind a GitHub repository: the only truth about refs and commits."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_ISOLATION = """[safe]
\tdirectory = *
[user]
\tname = GitHub
\temail = noreply@github.com
"""


class GitError(Exception):
    """The git command failed; the text is what it wrote to standard error."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who made a commit, and when (ISO 8601, UTC)."""

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
        building = BareRepository(self.path.with_suffix(".building"))
        shutil.rmtree(building.path, ignore_errors=True)
        building.path.mkdir(parents=True)
        building.run("init", "--quiet", "--bare", f"--initial-branch={branch}", ".")
        (building.path / "isolation").write_text(_ISOLATION, encoding="utf-8")
        if source is not None and building.has_commit(source):
            origin = str(source.resolve())
            building.run("fetch", "--quiet", "--no-tags", "--update-shallow", origin, f"HEAD:refs/heads/{branch}")
        else:
            tree = building.run("mktree", given="")
            building.run(
                "update-ref", f"refs/heads/{branch}", building.run("commit-tree", tree, "-m", "Initial commit")
            )
        building.path.rename(self.path)

    def has_commit(self, source: Path) -> bool:
        """Tell whether a folder is a git work tree with at least one commit."""
        try:
            self.run("-C", str(source), "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except GitError:
            return False
        return True

    def refs(self, prefix: str) -> dict[str, str]:
        """Map each ref (full name) that starts with the prefix to its commit."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        pairs = (line.split(" ") for line in lines)
        return {name: sha for name, sha in pairs if name.startswith(prefix)}

    def commit(self, revision: str) -> Commit | None:
        """Read the commit that a hash, ref or branch name stands for, or None where there is none."""
        try:
            sha = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except GitError:
            return None
        form = "%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"
        fields = self.run("log", "-1", "--no-show-signature", f"--format={form}", sha).split("\0")
        return Commit(
            sha=sha,
            tree=fields[0],
            parents=tuple(fields[1].split()),
            author=Signature(name=fields[2], email=fields[3], date=fields[4]),
            committer=Signature(name=fields[5], email=fields[6], date=fields[7]),
            message=fields[8].strip(),
        )

    def is_valid_name(self, ref: str) -> bool:
        """Tell whether git accepts a full ref name."""
        try:
            self.run("check-ref-format", ref)
        except GitError:
            return False
        return True

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Tell whether moving a ref from one commit to the other loses nothing."""
        try:
            self.run("merge-base", "--is-ancestor", older, newer)
        except GitError:
            return False
        return True

    def point(self, ref: str, sha: str) -> None:
        """Create or move a ref."""
        self.run("update-ref", ref, sha)

    def delete(self, ref: str) -> None:
        """Delete a ref."""
        self.run("update-ref", "-d", ref)

    def rename(self, old: str, new: str) -> None:
        """Rename a branch in one transaction; HEAD follows where it stood on it."""
        self.run("branch", "--move", old, new)

    def set_default(self, branch: str) -> None:
        """Let HEAD stand on a branch."""
        self.run("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def run(self, *arguments: str, given: str | None = None) -> str:
        """Run git in the repository and give its standard output without the last line end.

        Raises:
            GitError: it exited with another code than 0.
        """
        environment = {
            "PATH": _search_path(),
            "HOME": str(self.path),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.path / "isolation"),
            "GIT_TERMINAL_PROMPT": "0",
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.strip())
        return done.stdout.rstrip("\n")


def _search_path() -> str:
    """Give the folder of the git command alone, so that nothing else of the caller's PATH takes part."""
    git = shutil.which("git")
    if git is None:
        raise GitError("git is not on PATH; the local GitHub keeps its repositories with it: install git")
    return str(Path(git).parent)
