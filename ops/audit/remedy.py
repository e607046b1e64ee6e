"""What repairs a difference."""

from estate.entity import Kind

_SECRETS = {Kind.ENVIRONMENT_SECRET, Kind.REPOSITORY_SECRET}
_DECLARABLE = {
    *_SECRETS,
    Kind.ENVIRONMENT,
    Kind.ENVIRONMENT_VARIABLE,
    Kind.REPOSITORY_VARIABLE,
    Kind.FUNCTION_SECRET,
}
ACCEPT = "or accept it in .github/audit-accepted.yaml"


def repair_missing(kind: Kind, name: str, stack: str) -> str:
    """Say how a declared thing that is gone comes back."""
    if kind is Kind.MIGRATION:
        return (
            f"find out who took {name} from the ledger; if its changes are still in the database: supabase migration"
            f" repair {name} --status applied"
        )
    if kind is Kind.ADMINISTRATOR:
        return f"give {name} the role admin, or remove the name from repositoryWide.administrators"
    return f"pulumi up --refresh --stack {stack}"


def repair_drift(kind: Kind, name: str, stack: str) -> str:
    """Say how a thing becomes again what is declared."""
    if kind in _SECRETS:
        secret = name.rpartition("/")[2]
        return (
            "somebody wrote it by hand, and its value can't be read back: rotate it where it is issued, then"
            f" pulumi config set --secret {secret} --stack {stack} and pulumi up --stack {stack}"
        )
    if kind is Kind.PROJECT:
        return f"look at the project's page; pulumi up --refresh --stack {stack} restores a paused one"
    return f"pulumi up --refresh --stack {stack}"


def repair_unmanaged(kind: Kind, removal: str | None, stack: str) -> str:
    """Say how a thing that nobody declared goes, or becomes a declared one.

    Args:
        kind: what it is.
        removal: the command that removes it, where there is one.
        stack: whose concern it is.
    """
    if kind is Kind.MIGRATION:
        return "find out who applied it, and add its file: supabase migration fetch writes it from the ledger"
    if kind is Kind.FUNCTION:
        return f"{removal}; or add its sources to the backend and release them; {ACCEPT}"
    if kind is Kind.ADMINISTRATOR:
        return f"take the role away, or name it in repositoryWide.administrators; {ACCEPT}"
    if removal is None:
        return f"its owner has to remove it; {ACCEPT}"
    declaring = f"or declare it in Pulumi.{stack}.yaml; " if kind in _DECLARABLE else ""
    return f"{removal}; {declaring}{ACCEPT}"
