import json
from pathlib import Path

import pytest

from settings import PUBLIC_ENCRYPTION_SALT, Settings, SettingsError, parse, refuse_public_encryption

ENVIRONMENT = {"SUPABASE_DB_PASSWORD": "x", "ANTHROPIC_API_KEY": "x", "SUPABASE_ACCESS_TOKEN": "x"}


def stack_file(**changes: object) -> dict[str, str]:
    document: dict[str, object] = {
        "github:owner": "acme",
        "app:repository": "app",
        "app:repositoryOwnerStack": "production",
        "app:supabase": {"organization": "acme", "project": {"name": "app-staging", "region": "eu-central-1"}},
        "app:branch": {"name": "staging", "createFrom": "main"},
        "app:environments": {"staging": {"branches": ["staging"], "secrets": {"SUPABASE_ACCESS_TOKEN": "config"}}},
        "app:functionSecrets": ["ANTHROPIC_API_KEY"],
    }
    document.update({f"app:{key}": value for key, value in changes.items()})
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in document.items()}


def read(config: dict[str, str], secret_keys: frozenset[str] = frozenset(), **environment: str) -> Settings:
    return parse("staging", "app", config, secret_keys, {**ENVIRONMENT, **environment})


def test_a_stack_file_becomes_settings() -> None:
    settings = read(stack_file())
    assert settings.supabase.project.name == "app-staging"
    assert settings.branch.protection.reviews.approvals == 1
    assert settings.secret_names() == {"SUPABASE_ACCESS_TOKEN", "ANTHROPIC_API_KEY", "SUPABASE_DB_PASSWORD"}


def test_three_mistakes_give_one_error_that_names_each() -> None:
    config = stack_file(
        supabase={"organization": "acme", "project": {"name": "app-staging", "region": "eu-centrl-1"}},
        branch={"name": "staging", "createFrm": "main"},
        backend={"parallelDeploys": 99},
    )
    with pytest.raises(SettingsError) as caught:
        read(config)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    region, branch, backend = lines[1:]
    assert "Pulumi.staging.yaml: app:supabase.project.region" in region
    assert '"eu-centrl-1"' in region
    assert "did you mean eu-central-1" in region
    assert "app:branch.createFrm" in branch
    assert "Remedy: remove the key, or correct its spelling" in branch
    assert "app:backend.parallelDeploys = 99" in backend
    assert all("Remedy: " in line for line in lines[1:])


def test_an_unknown_top_level_key_is_named_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"app:enviroments: no such setting. Remedy: did you mean app:environments"):
        read(stack_file(enviroments={}))


def test_a_missing_owner_is_reported_under_the_key_of_the_github_provider() -> None:
    config = stack_file()
    del config["github:owner"]
    with pytest.raises(SettingsError, match=r"github:owner: Field required. Remedy: add the key"):
        read(config)


def test_a_missing_secret_is_named_with_both_ways_to_give_it() -> None:
    with pytest.raises(SettingsError, match=r"app:ANTHROPIC_API_KEY: no value.*config set --secret.*or export"):
        read(stack_file(), ANTHROPIC_API_KEY="")


def test_an_encrypted_value_serves_instead_of_the_environment() -> None:
    config = {**stack_file(), "app:ANTHROPIC_API_KEY": "sk-seeded"}
    assert read(config, frozenset({"app:ANTHROPIC_API_KEY"}), ANTHROPIC_API_KEY="").repository == "app"


def test_a_secret_in_plain_text_is_refused_without_being_shown() -> None:
    config = {**stack_file(), "app:ANTHROPIC_API_KEY": "sk-seeded"}
    with pytest.raises(SettingsError, match="plain text") as caught:
        read(config)
    assert "sk-seeded" not in str(caught.value)


@pytest.mark.parametrize("name", ["lower", "1ST", "GITHUB_TOKEN", "WITH-DASH"])
def test_a_name_that_github_refuses_is_refused_here(name: str) -> None:
    environments = {"staging": {"branches": ["staging"], "secrets": {name: "config"}}}
    with pytest.raises(SettingsError, match="not a name GitHub accepts"):
        read(stack_file(environments=environments))


def test_a_function_secret_of_the_platforms_own_is_refused() -> None:
    with pytest.raises(SettingsError, match="belong to the platform"):
        read(stack_file(functionSecrets=["SUPABASE_URL"]))


def test_the_published_salt_is_refused_for_an_endpoint_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").write_text(f"encryptionsalt: {PUBLIC_ENCRYPTION_SALT}\n", encoding="utf-8")
    refuse_public_encryption("staging", tmp_path, {"SUPABASE_API_ENDPOINT": "http://127.0.0.1:1"})
    with pytest.raises(SettingsError, match="change-secrets-provider passphrase --stack staging"):
        refuse_public_encryption("staging", tmp_path, {"SUPABASE_API_ENDPOINT": "https://api.supabase.com"})


def test_a_salt_of_ones_own_is_accepted_everywhere(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").write_text("encryptionsalt: v1:other\n", encoding="utf-8")
    refuse_public_encryption("staging", tmp_path, {"SUPABASE_API_ENDPOINT": "https://api.supabase.com"})


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_stack_files_of_this_project_are_published_with_the_public_salt(stack: str) -> None:
    text = (Path(__file__).parent.parent / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    assert f"encryptionsalt: {PUBLIC_ENCRYPTION_SALT}\n" in text
