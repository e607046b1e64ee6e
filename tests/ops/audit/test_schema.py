"""docs/audit-report.json is the schema of the report. `RENEW_SCHEMA=1` writes it anew."""

import json
import os

import jsonschema

from ops.audit.report import Report
from tests.conftest import ROOT
from tests.ops.audit.conftest import Clouds
from tests.ops.audit.sample import disturb

DOCUMENT = ROOT / "docs" / "audit-report.json"


def test_the_document_is_the_schema_of_what_is_printed(clouds: Clouds) -> None:
    schema = Report.model_json_schema(mode="serialization")
    if os.environ.get("RENEW_SCHEMA"):
        DOCUMENT.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    assert json.loads(DOCUMENT.read_text(encoding="utf-8")) == schema
    jsonschema.validate(json.loads(disturb(clouds).audit().model_dump_json()), schema)
