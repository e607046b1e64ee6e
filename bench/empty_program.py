"""A program that declares nothing, for what the engine takes by itself."""

from bench.copy_of_project import Copy

_UP = ("pulumi", "up", "--yes", "--non-interactive", "--stack", "bench")


class EmptyProgram:
    """A small program beside the real one, in a copy of the project.

    Args:
        copy: the copy, prepared.
        name: of its folder.
        text: of its program; it may use all that the real one imports.
    """

    def __init__(self, copy: Copy, name: str = "empty", text: str = "") -> None:
        self._copy, self._folder = copy, copy.directory / name
        self._folder.mkdir()
        (self._folder / "__main__.py").write_text(text, encoding="utf-8")
        (self._folder / "Pulumi.yaml").write_text(
            f"name: {name}\nruntime:\n  name: python\n  options:\n    virtualenv: ../.venv\n"
            "plugins:\n  providers:\n    - name: supabase\n      path: ../provider\n",
            encoding="utf-8",
        )
        copy.run("pulumi", "stack", "init", "bench", folder=self._folder)
        self.up()

    def up(self) -> float:
        """Run it, and give the seconds that it took."""
        return self._copy.time(*_UP, folder=self._folder)
