"""Actions variables of repositories and environments."""

from localcloud.github.environments import environment_of
from localcloud.github.errors import ConflictError, UnprocessableError
from localcloud.github.operations import ENVIRONMENT, NO_CONTENT, REPOSITORY, Answer, Call, operation
from localcloud.github.sealed_secrets import canonical_name
from localcloud.github.store import Json, found

_COLLECTIONS = (REPOSITORY + "/actions/variables", ENVIRONMENT + "/variables")
_ITEMS = tuple(f"{collection}/{{name}}" for collection in _COLLECTIONS)

_MAX_VALUE = 48 * 1024  # bytes
_MAX_VARIABLES = {False: 500, True: 100}  # in a repository, in an environment


@operation("GET", *_COLLECTIONS)
def list_variables(call: Call) -> Answer:
    """List the variables."""
    return call.page(list(_variables(call).values()), "variables")


@operation("POST", *_COLLECTIONS)
def create_variable(call: Call) -> Answer:
    """Create a variable.

    Raises:
        ConflictError: there is one of that name.
        UnprocessableError: a name that GitHub does not take, a value too large, or one variable too many.
    """
    name, value = canonical_name(call.required("name", str), "Variable"), _value(call.required("value", str))
    if name.lower() in _variables(call):
        raise ConflictError("Already exists - Variable already exists")
    most = _MAX_VARIABLES["environment_name" in call.parameters]
    if len(_variables(call)) >= most:
        raise UnprocessableError(f"Maximum number of variables reached: {most}.")
    dates = dict.fromkeys(("created_at", "updated_at"), call.store.now())
    _variables(call)[name.lower()] = {"name": name, "value": value, **dates}
    return Answer(body={}, status=201)


@operation("GET", *_ITEMS)
def get_variable(call: Call) -> Answer:
    """Show a variable."""
    return Answer(body=_variable(call))


@operation("PATCH", *_ITEMS)
def update_variable(call: Call) -> Answer:
    """Change the value or the name."""
    variables, variable = _variables(call), _variable(call)
    name = canonical_name(call.optional("name", str, variable["name"]), "Variable")
    if name != variable["name"] and name.lower() in variables:
        raise ConflictError("Already exists - Variable already exists")
    value = _value(call.optional("value", str, variable["value"]))
    del variables[variable["name"].lower()]
    variables[name.lower()] = variable | {"name": name, "value": value, "updated_at": call.store.now()}
    return NO_CONTENT


@operation("DELETE", *_ITEMS)
def delete_variable(call: Call) -> Answer:
    """Delete a variable."""
    del _variables(call)[_variable(call)["name"].lower()]
    return NO_CONTENT


def _value(text: str) -> str:
    if len(text.encode()) > _MAX_VALUE:
        raise UnprocessableError(f"Variable value is too large: the maximum is {_MAX_VALUE // 1024} KB.")
    return text


def _variables(call: Call) -> dict[str, Json]:
    owner = environment_of(call) if "environment_name" in call.parameters else call.repository
    variables: dict[str, Json] = owner["variables"]
    return variables


def _variable(call: Call) -> Json:
    return found(_variables(call), call.parameters["name"])
