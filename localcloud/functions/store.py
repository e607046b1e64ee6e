"""What is deployed: the functions' records and every version's files."""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from localcloud.durable import discard_unfinished, read_json, sync_tree, write_json

_RECORDS = "functions.json"


@dataclass(frozen=True, kw_only=True)
class FunctionRecord:
    """A function as the Management API shows it; `created_at` and `updated_at` are milliseconds of the epoch."""

    id: str
    slug: str
    name: str
    version: int
    created_at: int
    updated_at: int
    entrypoint_path: str
    ezbr_sha256: str
    status: str = "ACTIVE"
    verify_jwt: bool = True
    import_map: bool = False
    import_map_path: str | None = None

    def answer(self) -> dict[str, Any]:
        """Give the fields of the contract's FunctionResponse, absent ones left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class FunctionStore:
    """The records of all projects, and a folder `REF/SLUG/vN` with the files of each version.

    A version's folder stands for the root of the container in which the platform bundles: the upload lies in it under
    `tmp/user_fn_REF_ID_N/source`, so that paths in answers and messages are the platform's, and files from above the
    work directory keep their place. Once a version was activated its files never change.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._records: dict[str, dict[str, FunctionRecord]] = {}

    def of_project(self, ref: str) -> dict[str, FunctionRecord]:
        """Give the functions of a project by slug."""
        if ref not in self._records:
            path = self._directory / ref / _RECORDS
            discard_unfinished(path)
            rows = read_json(path) or []
            self._records[ref] = {row["slug"]: FunctionRecord(**row) for row in rows}
        return self._records[ref]

    def find(self, ref: str, slug: str) -> FunctionRecord | None:
        """Give one function, or None."""
        return self.of_project(ref).get(slug)

    def draft(self, ref: str, slug: str) -> FunctionRecord:
        """Give the record that the next deploy of the slug starts from: its id, and the next version."""
        now = int(time.time() * 1000)
        known = self.find(ref, slug)
        if known is not None:
            return replace(known, version=known.version + 1, updated_at=now, status="ACTIVE")
        return FunctionRecord(
            id=str(uuid.uuid4()),
            slug=slug,
            name=slug,
            version=1,
            created_at=now,
            updated_at=now,
            entrypoint_path="",
            ezbr_sha256="",
        )

    def root(self, ref: str, slug: str, version: int) -> Path:
        """Give the folder of a version; it need not exist."""
        return self._directory / ref / slug / f"v{version}"

    def write_files(self, ref: str, draft: FunctionRecord, files: Mapping[str, bytes]) -> Path:
        """Lay down the files of a version that is not active yet.

        Args:
            ref: the project.
            draft: the record that `draft` gave.
            files: contents by path relative to the uploader's work directory.

        Returns:
            The folder in which the relative paths begin.

        Raises:
            ValueError: a path is absolute or leads out of the version's folder.
        """
        root = self.root(ref, draft.slug, draft.version)
        shutil.rmtree(root, ignore_errors=True)
        source = root / "tmp" / f"user_fn_{ref}_{draft.id}_{draft.version}" / "source"
        for path, content in files.items():
            target = Path(os.path.normpath(source / path))
            if Path(path).is_absolute() or not target.is_relative_to(root):
                raise ValueError(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        sync_tree(root)
        return source

    def files(self, ref: str, record: FunctionRecord) -> dict[str, Path]:
        """Give the files of a record's version, by path relative to the folder that holds its `source`."""
        root = self.root(ref, record.slug, record.version)
        base = root / "tmp" / f"user_fn_{ref}_{record.id}_{record.version}"
        found = sorted(path for path in root.rglob("*") if path.is_file())
        return {os.path.relpath(path, base): path for path in found}

    def has_files(self, ref: str, record: FunctionRecord) -> bool:
        """Whether the record's version was ever uploaded; a bulk update can name one that was not."""
        return self.root(ref, record.slug, record.version).is_dir()

    def local_path(self, ref: str, record: FunctionRecord, path: str) -> Path:
        """Give where a path of the record, such as its `entrypoint_path`, lies on this machine."""
        return self.root(ref, record.slug, record.version) / path.removeprefix("file:///")

    def discard(self, ref: str, draft: FunctionRecord) -> None:
        """Remove the files of a draft that could not be bundled."""
        shutil.rmtree(self.root(ref, draft.slug, draft.version), ignore_errors=True)

    def activate(self, ref: str, *records: FunctionRecord) -> None:
        """Make the records the ones that count, all or none, and on disk before this returns."""
        self._write(ref, {**self.of_project(ref), **{record.slug: record for record in records}})

    def delete(self, ref: str, slug: str) -> None:
        """Remove a function with all its versions."""
        self._write(ref, {known: record for known, record in self.of_project(ref).items() if known != slug})
        shutil.rmtree(self._directory / ref / slug, ignore_errors=True)

    def forget(self, ref: str) -> None:
        """Remove all functions of a project."""
        self._records.pop(ref, None)
        shutil.rmtree(self._directory / ref, ignore_errors=True)

    def _write(self, ref: str, records: dict[str, FunctionRecord]) -> None:
        write_json(self._directory / ref / _RECORDS, [asdict(record) for record in records.values()])
        self._records[ref] = records


def contents_digest(files: Mapping[str, bytes], *parts: str) -> str:
    """Give the SHA-256 of paths, contents and further parts; the order of the upload does not matter."""
    digest = hashlib.sha256("\0".join(parts).encode())
    for path in sorted(files):
        digest.update(f"\0{path}\0".encode() + hashlib.sha256(files[path]).digest())
    return digest.hexdigest()
