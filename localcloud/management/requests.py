"""The bodies that the Management API takes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Region = Literal[
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ap-east-1", "ap-southeast-1", "ap-northeast-1",
    "ap-northeast-2", "ap-southeast-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-central-1",
    "eu-central-2", "ca-central-1", "ap-south-1", "sa-east-1",
]  # fmt: skip
SmartGroup = Literal["americas", "emea", "apac"]
Size = Literal[
    "nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge",
]  # fmt: skip
NonEmpty = Annotated[str, StringConstraints(min_length=1)]


class Body(BaseModel):
    """A body; what the local cloud does not know in it is an error and not ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


class RegionSelection(Body):
    """Either one region, or a group out of which the platform picks one."""

    type: Literal["specific", "smartGroup"]
    code: Region | SmartGroup


class CreateProject(Body):
    """Body of v1-create-a-project; of several organisations and regions the newer fields win."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    db_pass: NonEmpty
    organization_slug: str | None = None
    organization_id: str | None = None
    region: Region | None = None
    region_selection: RegionSelection | None = None
    desired_instance_size: Size | None = None
    plan: Literal["free", "pro"] | None = None


class Named(Body):
    """Body with a name: v1-update-a-project, v1-create-an-organization."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Addon(Body):
    """Body of v1-apply-project-addon; the local cloud knows the database server's size and the custom domain."""

    addon_type: Literal["compute_instance", "custom_domain"]
    addon_variant: Annotated[str, StringConstraints(pattern=r"^(ci_[a-z0-9]+|cd_default)$")]


class NetworkRestrictions(Body):
    """Body of v1-update-network-restrictions."""

    dbAllowedCidrs: list[str] = []  # noqa: N815 - the API's name
    dbAllowedCidrsV6: list[str] = []  # noqa: N815


class SslConfig(Body):
    """What of a project is to be encrypted."""

    database: bool


class SslEnforcement(Body):
    """Body of v1-update-ssl-enforcement-config."""

    requestedConfig: SslConfig  # noqa: N815 - the API's name


class Secret(Body):
    """One entry of v1-bulk-create-secrets; its rules are in function_secrets."""

    name: NonEmpty
    value: str


class Query(Body):
    """Body of v1-run-a-query and v1-read-only-query."""

    query: NonEmpty
    parameters: list[Any] = []
    read_only: bool = False


class Password(Body):
    """Body of v1-update-database-password."""

    password: Annotated[str, StringConstraints(min_length=4)]


class Postgrest(Body):
    """Body of v1-update-postgrest-service-config."""

    db_schema: str | None = None
    db_extra_search_path: str | None = None
    max_rows: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    db_pool: Annotated[int, Field(ge=0, le=1000)] | None = None


class AuthSettings(Body):
    """Body of v1-update-auth-service-config, as far as the local cloud keeps settings."""

    site_url: Annotated[str, StringConstraints(pattern=r"^[^,]+$")] | None = None
    uri_allow_list: str | None = None
    disable_signup: bool | None = None
    jwt_exp: Annotated[int, Field(ge=0, le=604800)] | None = None
    mailer_autoconfirm: bool | None = None
    external_email_enabled: bool | None = None
    external_anonymous_users_enabled: bool | None = None
    password_min_length: Annotated[int, Field(ge=6, le=32767)] | None = None


KeyName = Annotated[str, StringConstraints(min_length=4, max_length=64, pattern=r"^[a-z_][a-z0-9_]+$")]


class ApiKeyChange(Body):
    """Body of v1-update-project-api-key."""

    name: KeyName | None = None
    description: str | None = None
    secret_jwt_template: dict[str, Any] | None = None


class NewApiKey(ApiKeyChange):
    """Body of v1-create-project-api-key."""

    type: Literal["publishable", "secret"]
    name: KeyName


class CustomHostname(Body):
    """Body of v1-update-hostname-config."""

    custom_hostname: Annotated[str, StringConstraints(min_length=1, max_length=253)]


PointName = Annotated[str, StringConstraints(min_length=1, max_length=20)]


class RestorePoint(Body):
    """Body of v1-create-restore-point and v1-undo."""

    name: PointName


class Backup(Body):
    """Body of v1-restore-physical-backup."""

    id: int


class PointInTime(Body):
    """Body of v1-restore-pitr-backup."""

    recovery_time_target_unix: Annotated[int, Field(ge=0)]


class LoginRole(Body):
    """Body of v1-create-login-role."""

    read_only: bool
