"""How much of production is taken."""

import re
from dataclasses import dataclass

from psycopg import sql

from ops.anonymise.catalogue import Catalogue
from ops.anonymise.plan import RefreshPlan
from ops.anonymise.reader_role import Reading
from release.database import Connection
from release.error import ReleaseError

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) ?(?P<unit>[KMG]I?B|)", re.IGNORECASE)
_SAMPLE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<percent> ?%)?")
# A part of the rows takes more than that part of the bytes: pages are not full, and parents come with their children.
_MARGIN = 0.8


@dataclass(frozen=True, kw_only=True)
class Share:
    """All rows, or a part of them: a share, about so many, or what fits.

    Attributes:
        share: from 0 to 1.
        rows: how many of all tables together, about.
        bytes: what staging's database may come to.
    """

    share: float | None = None
    rows: int | None = None
    bytes: int | None = None

    def of(self, reading: Reading, plan: RefreshPlan, beside: int) -> float:
        """Give the share of the rows that are to be taken, from 0 to 1.

        Args:
            reading: production.
            plan: what is copied.
            beside: the bytes of staging's database that are not tables.

        Raises:
            ReleaseError: not even a part fits.
        """
        if self.share is not None:
            return self.share
        if self.rows is not None:
            count = sql.SQL("select count(*) as rows from {}")
            found = [
                reading.connection.execute(count.format(reading.relations[table.name])).fetchone()
                for table in plan.tables
            ]
            return min(1.0, self.rows / max(1, sum(int(row["rows"]) for row in found if row)))
        if self.bytes is None:
            return 1.0
        room = self.bytes - beside
        if room <= 0:
            raise ReleaseError(
                f"Staging holds more than {self.bytes} bytes beside the copied tables, so nothing fits and nothing was"
                " changed. Remedy: a larger size, or a smaller staging."
            )
        wanted = max(1, sum(table.bytes for table in plan.tables))
        return 1.0 if wanted <= room else _MARGIN * room / wanted

    def check(self, tables: int, beside: int) -> None:
        """Make sure that what was copied fits.

        Args:
            tables: the bytes of staging's tables with the new rows.
            beside: those of its database that are not tables.

        Raises:
            ReleaseError: it does not.
        """
        if self.bytes is not None and tables + beside > self.bytes:
            raise ReleaseError(
                f"Staging would come to {tables + beside} bytes, more than {self.bytes}, so nothing was changed."
                " Remedy: a smaller part by --sample."
            )


def read_share(sample: str | None, fit: str | None) -> Share:
    """Read the options: `10%` or a number of rows, and a size such as `500MB`.

    Raises:
        ReleaseError: they are something else, or both.
    """
    if sample and fit:
        raise ReleaseError("A part is taken either by --sample or by --fit. Nothing was read. Remedy: leave one out.")
    if sample:
        found = _SAMPLE.fullmatch(sample)
        if found and found["percent"] and 0 < float(found["number"]) <= 100:  # noqa: PLR2004 - per cent
            return Share(share=float(found["number"]) / 100)
        if found and not found["percent"] and found["number"].isdecimal() and int(found["number"]):
            return Share(rows=int(found["number"]))
        raise ReleaseError(f"{sample} is no part of the rows. Nothing was read. Remedy: such as 10% or 5000.")
    if fit:
        found = _SIZE.fullmatch(fit)
        if not found:
            raise ReleaseError(f"{fit} is no size. Nothing was read. Remedy: such as 500MB.")
        return Share(bytes=int(float(found["number"]) * _UNITS[found["unit"].upper()]))
    return Share()


def bytes_beside(staging: Connection, target: Catalogue) -> int:
    """Give what staging's database holds beside its tables; asked before they are replaced."""
    row = staging.execute("select pg_database_size(current_database()) as bytes").fetchone()
    return int(row["bytes"]) - sum(table.bytes for table in target.tables.values()) if row else 0
