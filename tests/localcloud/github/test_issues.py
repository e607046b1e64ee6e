from typing import Any

import pytest

R = "/repos/mano-app/mano"
I = f"{R}/issues"  # noqa: E741 - as R is the repository


def test_issues_are_found_by_state_and_labels_and_share_their_numbers(github: Any) -> None:
    for title, labels in (("one", ["drift"]), ("two", ["Drift", "bug"]), ("three", [])):
        github("POST", I, {"title": title, "labels": labels})
    github("PATCH", f"{I}/1", {"state": "closed"})
    assert [item["number"] for item in github("GET", f"{I}?labels=drift").json()] == [2]
    assert [item["title"] for item in github("GET", f"{I}?state=all&direction=asc").json()] == ["one", "two", "three"]
    assert [item["number"] for item in github("GET", f"{I}?labels=drift,bug&state=all").json()] == [2]
    closed = github("GET", f"{I}/1").json()
    assert (closed["state_reason"], closed["closed_by"]["login"]) == ("completed", "ada")
    assert github("GET", f"{R}/labels/drift").json()["color"] == "ededed"


def test_a_label_keeps_to_its_issues_when_it_is_renamed(github: Any) -> None:
    github("POST", I, {"title": "one", "labels": ["drift"]})
    github("PATCH", f"{R}/labels/drift", {"new_name": "seen"})
    assert [label["name"] for label in github("GET", f"{I}/1/labels").json()] == ["seen"]
    github("DELETE", f"{R}/labels/seen")
    assert github("GET", f"{I}/1").json()["labels"] == []


def test_a_comment_is_changed_by_its_author_or_a_writer_only(github: Any) -> None:
    github("PATCH", R, {"private": False})
    github("POST", I, {"title": "one"})
    stranger, path = github.user("stranger"), f"{I}/comments"
    own = stranger("POST", f"{I}/1/comments", {"body": "mine"}).json()["id"]
    other = github("POST", f"{I}/1/comments", {"body": "plan"}).json()["id"]
    assert stranger("PATCH", f"{path}/{own}", {"body": "changed"}).json()["body"] == "changed"
    assert stranger("PATCH", f"{path}/{other}", {"body": "changed"}).status_code == 403
    assert stranger("PATCH", f"{I}/1", {"state": "closed"}).status_code == 403
    assert github("DELETE", f"{path}/{own}").status_code == 204
    assert [item["body"] for item in github("GET", f"{I}/1/comments").json()] == ["plan"]


@pytest.mark.parametrize(("length", "status"), [(65_536, 201), (65_537, 422)])
def test_a_comment_has_an_end(github: Any, length: int, status: int) -> None:
    github("POST", I, {"title": "one"})
    assert github("POST", f"{I}/1/comments", {"body": "x" * length}).status_code == status
