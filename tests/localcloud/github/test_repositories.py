from typing import Any

R = "/repos/mano-app/mano"


def test_settings_change_and_stay(github: Any) -> None:
    wanted = {"allow_rebase_merge": False, "delete_branch_on_merge": True, "merge_commit_title": "PR_TITLE"}
    github("PATCH", R, wanted)
    shown = github("GET", R).json()
    assert {name: shown[name] for name in wanted} == wanted
    assert shown["allow_merge_commit"] is True


def test_one_merge_method_must_stay(github: Any) -> None:
    methods = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")
    refused = github("PATCH", R, dict.fromkeys(methods, False))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "merge_commit_allowed"


def test_push_protection_is_switched_on(github: Any) -> None:
    github("PATCH", R, {"security_and_analysis": {"secret_scanning_push_protection": {"status": "enabled"}}})
    shown = github("GET", R).json()["security_and_analysis"]
    assert shown["secret_scanning_push_protection"] == {"status": "enabled"}
    assert shown["secret_scanning"] == {"status": "disabled"}


def test_a_setting_that_is_not_kept_is_no_success(github: Any) -> None:
    for setting in (
        {"pull_request_creation_policy": "all"},
        {"security_and_analysis": {"advanced_security": {"status": "enabled"}}},
        {"name": "renamed"},
    ):
        assert github("PATCH", R, setting).status_code == 501
    assert github("PATCH", R, {"security_and_analysis": {"secret_scanning": {"status": "on"}}}).status_code == 422


def test_an_archived_repository_is_read_only(github: Any) -> None:
    github("PATCH", R, {"archived": True})
    refused = github("POST", f"{R}/labels", {"name": "x"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Repository was archived so is read-only.")
    github("PATCH", R, {"archived": False})
    assert github("POST", f"{R}/labels", {"name": "x"}).status_code == 201


def test_names_have_no_case(github: Any) -> None:
    assert github("GET", "/repos/Mano-App/MANO").json()["full_name"] == "mano-app/mano"
    assert github("GET", "/users/BOB").json()["login"] == "bob"


def test_roles_come_from_the_organisation(github: Any) -> None:
    roles = {
        name: github("GET", f"{R}/collaborators/{name}/permission").json()["permission"] for name in ("ada", "bob")
    }
    assert roles == {"ada": "admin", "bob": "write"}
    assert github("GET", R).json()["permissions"]["admin"] is True


def test_settings_that_github_does_not_take(github: Any) -> None:
    assert github("PATCH", R, {"visibility": "secret"}).status_code == 422
    for names in (["with space"], ["-first"], ["x" * 51], [f"topic-{number}" for number in range(21)]):
        assert github("PUT", f"{R}/topics", {"names": names}).status_code == 422
    assert github("GET", f"{R}/topics").json() == {"names": []}
    permissions = f"{R}/actions/permissions"
    assert github("PUT", permissions, {"enabled": True, "allowed_actions": "some"}).status_code == 422
    assert github("PUT", f"{permissions}/selected-actions", {}).status_code == 409
    github("PUT", permissions, {"enabled": True, "allowed_actions": "selected"})
    assert github("PUT", f"{permissions}/selected-actions", {"patterns_allowed": ["supabase"]}).status_code == 422
    assert github("PUT", f"{permissions}/workflow", {"default_workflow_permissions": "admin"}).status_code == 422


def test_secret_scanning_of_a_private_repository_is_paid(github: Any) -> None:
    wanted = {"security_and_analysis": {"secret_scanning_push_protection": {"status": "enabled"}}}
    github.service.set_plan("mano-app", "free")
    refused = github("PATCH", R, wanted)
    assert (refused.status_code, refused.json()["message"]) == (
        422,
        "Secret scanning is not available for this repository.",
    )
    assert github("PATCH", R, wanted | {"private": False}).status_code == 200
