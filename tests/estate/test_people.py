from estate.people import People
from settings.model import Principals


def test_names_become_ids_whatever_their_case(people: People) -> None:
    named = Principals(users=("Dana",), teams=("keepers",))
    assert people.numbers(named) == ([2], [9])
    assert people.node_ids(named) == ["U_2", "T_9"]
    assert people.logins(named) == {"dana", "lee"}


def test_who_does_not_exist_is_named(people: People) -> None:
    assert people.unknown(Principals(users=("dana", "gone"), teams=("nobody", "keepers"))) == [
        "user gone",
        "team nobody",
    ]
