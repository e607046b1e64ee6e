"""Prints what the program declares for a stack, by its stack files, on clouds that hold nothing but a repository."""

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
import yaml

from release.backend_source import read_backend
from release.live_state import PRESENCE_QUERY
from tests.components.recorder import Answers, Declared, record, rest

ROOT = Path(__file__).parents[2]
REPOSITORY = "repos/mano-app/mano"
MEMBERS = ("ada", "dana", "lee")
# What changes with the backend, and is no decision of the estate.
_OF_THE_BACKEND = ("RELEASE_TOKEN", "MIGRATIONS")


# The project that has validated the backend, where production asks for it.
STAGING = {"ref": "stagingstagingstagin", "status": "ACTIVE_HEALTHY"}


def validated(query: str) -> list[dict[str, Any]]:
    if query == PRESENCE_QUERY:
        return [{"release": True}]
    digest = read_backend(ROOT / "backend").digest
    return [{"digest": digest, "number": 1, "at": "2026-01-01 10:00", "reason": None}]


def person(number: int, login: str) -> dict[str, Any]:
    permissions = {"push": True, "admin": login == "ada"}
    return {"login": login, "id": number, "node_id": f"U_{number}", "permissions": permissions}


def print_plan(stack: str) -> None:
    os.chdir(ROOT)
    names = (
        "PULUMI_CONFIG_PASSPHRASE",
        "REPOSITORY_READ_TOKEN",
        "REPOSITORY_WRITE_TOKEN",
        "SUPABASE_ACCESS_TOKEN",
        "SUPABASE_ACCESS_TOKEN_STAGING",
        "SUPABASE_PREVIEW_TOKEN",
        "SUPABASE_PREVIEW_TOKEN_STAGING",
        "SUPABASE_READ_TOKEN",
        "SUPABASE_READ_TOKEN_STAGING",
        "SUPABASE_DB_PASSWORD",
        "ANTHROPIC_API_KEY",
        "GITHUB_TOKEN",
    )
    os.environ |= dict.fromkeys(names, "a-seeded-secret")
    os.environ |= dict.fromkeys(["STATE_BACKEND_URL", "PREVIEW_BACKEND_URL"], "file:///a-seeded-place")
    os.environ |= {"SUPABASE_API_ENDPOINT": "http://127.0.0.1:9", "GITHUB_BASE_URL": "http://127.0.0.1:9/"}
    common = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    own = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    config = {key: entry["value"] for key, entry in common.items()} | own
    pulumi.runtime.set_all_config(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    )
    people = [person(number, login) for number, login in enumerate(MEMBERS, start=1)]
    answers: Answers = {
        "pulumi:pulumi:readStackResourceOutputs": lambda _: {"outputs": {}},
        "github:index/getBranchProtectionRules:getBranchProtectionRules": lambda _: {"rules": []},
        "github:index/getRestApi:getRestApi": rest(
            {
                REPOSITORY: {"node_id": "R_1", "private": True},
                "orgs/mano-app": {"plan": {"name": "enterprise"}},
                f"{REPOSITORY}/collaborators": people,
                "orgs/mano-app/teams/release-managers": {"id": 9, "node_id": "T_9"},
                "orgs/mano-app/teams/release-managers/members": people[1:],
            }
        ),
        "supabase:index:getProject": lambda query: {"found": stack == "production" and "ref" not in query, **STAGING},
        "supabase:index:queryDatabase": lambda query: {"rows": json.dumps(validated(query["query"]))},
        "supabase:index:getOrganization": lambda _: {"id": "mano", "name": "mano", "plan": "free"},
        "supabase:index:reachesProject": lambda _: {"reaches": False},
    }
    declared = record(lambda: runpy.run_path(str(ROOT / "__main__.py")), answers, stack=stack)
    sys.stdout.write(yaml.safe_dump({entry.urn: shown(entry) for entry in declared}, width=120))


def shown(resource: Declared) -> dict[str, Any]:
    inputs = dict(resource.inputs)
    if isinstance(inputs.get("environment"), dict):
        inputs["environment"] = {k: v for k, v in inputs["environment"].items() if k not in _OF_THE_BACKEND}
    parts = {"inputs": inputs, "options": resource.options}
    return {name: part for name, part in parts.items() if part}


if __name__ == "__main__":
    print_plan(sys.argv[1])
