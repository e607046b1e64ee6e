"""The engine's own files (Pulumi.yaml, Pulumi.STACK.yaml) as plain data, whatever somebody wrote into them."""

from pathlib import Path
from typing import Any

import yaml

from settings.error import SettingsError

# Far above any stack's: what has more was made to be big, by aliases of aliases for instance.
_MOST_PARTS = 100_000
_DEEPEST = 50
_SCALARS = (str, int, float, bool, type(None))


def read_document(path: Path) -> dict[str, Any]:
    """Read one of these files; an empty one is an empty mapping.

    Raises:
        SettingsError: it can't be read, or is no mapping; its content is not in the text, since it may hold a secret.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if document is None:
            return {}
        if not isinstance(document, dict):
            raise SettingsError(_refusal(path, "it is no mapping of keys"))
        _require_plain(path, document)
    except OSError as error:
        raise SettingsError(_refusal(path, f"it can't be read ({error.strerror})")) from error
    except UnicodeDecodeError as error:
        raise SettingsError(_refusal(path, f"byte {error.start} is no UTF-8")) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise SettingsError(_refusal(path, f"{where}{error.problem or error.context}")) from error
    except yaml.YAMLError as error:
        raise SettingsError(_refusal(path, "it holds characters that YAML has not")) from error
    except RecursionError as error:
        raise SettingsError(_refusal(path, "it is nested too deeply")) from error
    # What PyYAML raises for a value that is none of its tag, such as a 30th of February.
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(_refusal(path, "a date, number or tagged value in it is none")) from error
    return document


def read_section(path: Path, document: dict[str, Any], key: str) -> dict[str, Any]:
    """Give a document's mapping under a key; an empty one where there is none.

    Raises:
        SettingsError: something else stands there.
    """
    section = document.get(key)
    if section is None:
        return {}
    if not isinstance(section, dict) or not all(isinstance(name, str) for name in section):
        raise SettingsError(_refusal(path, f"{key}: is no mapping of names"))
    return section


def _require_plain(path: Path, document: dict[str, Any]) -> None:
    pending: list[tuple[Any, int]] = [(document, 0)]
    seen = 0
    while pending:
        part, depth = pending.pop()
        seen += 1
        if seen > _MOST_PARTS or depth > _DEEPEST:
            raise SettingsError(_refusal(path, "it holds more, or more deeply nested, than any stack could"))
        if isinstance(part, dict):
            if not all(isinstance(key, _SCALARS) for key in part):
                raise SettingsError(_refusal(path, "a key in it is no plain text"))
            pending += [(value, depth + 1) for value in part.values()]
        elif isinstance(part, list):
            pending += [(value, depth + 1) for value in part]
        elif isinstance(part, bytes | set | tuple):
            raise SettingsError(_refusal(path, "a value in it is no text, number, list or mapping"))


def _refusal(path: Path, why: str) -> str:
    return f"{path.name} can't be used: {why}. Nothing was changed. Remedy: correct the file."
