import pulumi
import pytest

from components.target_project import TargetProject, TargetProjectArgs
from settings.supabase import SupabaseSettings
from tests.components.recorder import Declared, record

REF = "abcdefghijklmnopqrst"


def declared(ref: str | None, *, auth: dict[str, str]) -> dict[str, Declared]:
    supabase = SupabaseSettings.model_validate(
        {"organization": "acme", "project": {"name": "app", "region": "eu-central-1", "ref": ref}, "auth": auth}
    )

    def program() -> None:
        TargetProject(
            "project",
            TargetProjectArgs(
                supabase=supabase,
                database_password=pulumi.Output.secret("a-seeded-password"),
                function_secrets={"KEY": "a-seeded-key"},
                protected=ref is not None,
            ),
        )

    return {entry.kind.split(":")[-1]: entry for entry in record(program)}


def test_a_project_without_a_ref_is_created() -> None:
    project = declared(None, auth={})["Project"]
    assert project.options == {}
    assert project.inputs["database_password"] == "[secret]"


def test_a_project_with_a_ref_is_adopted_protected_and_kept() -> None:
    resources = declared(REF, auth={"site_url": "https://x"})
    assert resources["Project"].options == {"import": REF, "protect": True, "retainOnDelete": True}
    assert [resources[kind].options for kind in ("FunctionSecrets", "AuthSettings")] == [{"protect": True}] * 2


@pytest.mark.parametrize("auth", [{}, {"site_url": "https://x"}])
def test_auth_settings_are_declared_where_some_are_named(auth: dict[str, str]) -> None:
    resources = declared(None, auth=auth)
    assert ("AuthSettings" in resources) is bool(auth)
    assert resources["FunctionSecrets"].inputs["secrets"] == {"KEY": "[secret]"}
