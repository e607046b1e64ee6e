import datetime as dt
import json
from pathlib import Path

import pytest

from settings.error import SettingsError
from settings.provided import provided_value
from settings.reading import PUBLIC_ENCRYPTION_SALT, parse, read_files, refuse_public_encryption
from settings.stack import Settings
from settings.supabase import ProjectSettings, SupabaseSettings

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


ADOPTED = {"organization": "acme", "project": {"name": "app", "region": "eu-central-1", "ref": "abcdefghijklmnopqrst"}}


def test_a_created_project_has_to_be_in_the_region_of_the_adopted_one() -> None:
    project = ProjectSettings(name="app", region="us-east-1", ref="abcdefghijklmnopqrst")
    others = {"production": SupabaseSettings(organization="acme", project=project)}
    with pytest.raises(SettingsError, match=r"region = eu-central-1: stack production adopts.*Remedy: use us-east-1"):
        parse("staging", "app", stack_file(), frozenset(), ENVIRONMENT, others=others)


@pytest.mark.parametrize("time", ["", " 00:00:00 +0000 UTC"])
@pytest.mark.parametrize("days", [0, 1])
def test_a_waiver_lifts_the_protection_until_its_last_day(days: int, time: str) -> None:
    assert read(stack_file(supabase=ADOPTED)).is_protected
    until = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)).isoformat()
    waivers = {"deletion": {"reason": "the environment is renamed", "until": until + time}}
    assert not read(stack_file(supabase=ADOPTED, waivers=waivers)).is_protected


def test_a_waiver_that_is_over_is_refused() -> None:
    waivers = {"deletion": {"reason": "the environment is renamed", "until": "2026-01-01"}}
    with pytest.raises(SettingsError, match=r"app:waivers.deletion: it held until 2026-01-01"):
        read(stack_file(supabase=ADOPTED, waivers=waivers))


def test_a_created_project_is_not_protected() -> None:
    assert not read(stack_file()).is_protected


def test_a_secret_may_take_its_value_from_another_name() -> None:
    secrets = {"SUPABASE_ACCESS_TOKEN": "config:READ_TOKEN"}
    environments = {"read": {"branches": "any", "secrets": secrets}}
    with pytest.raises(SettingsError, match="app:READ_TOKEN: no value for this secret"):
        read(stack_file(environments=environments))
    settings = read(stack_file(environments=environments), READ_TOKEN="x")
    assert "SUPABASE_ACCESS_TOKEN" not in settings.secret_names()


@pytest.mark.parametrize("source", ["configuration", "config:lower", "project.name"])
def test_a_source_that_does_not_exist_is_refused(source: str) -> None:
    environments = {"staging": {"branches": ["staging"], "secrets": {"TOKEN": source}}}
    with pytest.raises(SettingsError, match="no source of a secret"):
        read(stack_file(environments=environments))


@pytest.mark.parametrize(("owner", "needed"), [("staging", True), ("production", False)])
def test_only_the_owner_of_the_repository_needs_its_secrets(owner: str, *, needed: bool) -> None:
    config = stack_file(repositoryOwnerStack=owner, repositoryWide={"secrets": {"DEPLOY_KEY": "config"}})
    assert ("DEPLOY_KEY" in read(config, DEPLOY_KEY="x").secret_names()) is needed


def test_who_may_push_is_no_use_where_everybody_may() -> None:
    pushes = {"restricted": False, "users": ["ada"]}
    branch = {"name": "staging", "protection": {"pushes": pushes}}
    with pytest.raises(SettingsError, match="no effect unless restricted is true"):
        read(stack_file(branch=branch))


@pytest.mark.parametrize("stack", ["staging", "production"])
def test_the_files_of_this_project_are_read_without_the_engine(stack: str) -> None:
    settings = read_files(Path(__file__).parent.parent, stack)
    assert settings.owns_repository is (stack == "production")
    assert set(settings.others) == {"staging", "production"} - {stack}


def test_a_value_of_one_stack_alone_comes_first() -> None:
    environment = {"TOKEN": "of all", "TOKEN_PRE_PROD": "of one", "TOKEN_OTHER": ""}
    assert provided_value("TOKEN", "pre-prod", environment) == "of one"
    assert provided_value("TOKEN", "other", environment) == "of all"
    assert provided_value("ABSENT", "other", environment) is None


def test_a_stack_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"There is no Pulumi.gone.yaml here"):
        read_files(tmp_path, "gone")
