"""Notes what the projects' databases print."""

import re

from localcloud.logs.store import LogStore

PREFIX = "%m [%p] %e %q%u@%d "
"""`log_line_prefix` of the servers, which `PostgresLog` reads."""
_LINE = re.compile(
    r"\S+ \S+ \S+ \[(?P<pid>\d+)\] (?P<state>\w{5}) (?:(?P<user>[^@ ]*)@(?P<database>\S*) )?"
    r"(?P<severity>[A-Z0-9]+):  (?P<message>.*)"
)


class PostgresLog:
    """Parses the servers' lines; a line without the prefix continues the one before it and is kept as it is."""

    def __init__(self, store: LogStore) -> None:
        """Take where the lines go."""
        self._store = store

    def note(self, ref: str, line: str) -> None:
        """Note a line that a project's server printed."""
        found = _LINE.fullmatch(line)
        if found is None:
            self._store.add(ref, "postgres_logs", line, {"identifier": ref})
            return
        parsed = {
            "error_severity": found["severity"],
            "sql_state_code": found["state"],
            "process_id": int(found["pid"]),
            "user_name": found["user"],
            "database_name": found["database"],
        }
        self._store.add(ref, "postgres_logs", found["message"], {"identifier": ref, "parsed": parsed})
