"""The schema `release` of a project's database, as this version of the project keeps it."""

import hashlib
from importlib.resources import files

SCHEMA = files("release").joinpath("schema.sql").read_bytes()
SCHEMA_DIGEST = hashlib.sha256(SCHEMA).hexdigest()[:16]
