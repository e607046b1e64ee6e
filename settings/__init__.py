"""The stack's configuration: read once, checked as a whole, frozen. `settings.engine` reads it for the program."""

from settings.backend import BackendSettings
from settings.branch import BranchSettings, ProtectionSettings, PushSettings, ReviewSettings
from settings.environment import EnvironmentSettings
from settings.error import SettingsError
from settings.incidents import IncidentSettings
from settings.model import Model, Principals, SecretSource, VariableSource, configured_name, variable_key, written
from settings.printable import one_line, printable
from settings.promotion import HotfixSettings, PromotionSettings
from settings.provided import provided_value
from settings.reading import (
    PUBLIC_ENCRYPTION_SALT,
    is_on_this_machine,
    parse,
    read_files,
    refuse_public_encryption,
)
from settings.repository_wide import ActionsSettings, LabelSettings, RepositoryWideSettings
from settings.sentry import SentrySettings
from settings.stack import Settings
from settings.stack_document import read_document
from settings.supabase import ProjectSettings, SupabaseSettings
from settings.waivers import DeletionWaiver, Waivers
from settings.withheld import PUBLIC_PASSPHRASE, WITHHELD, repository_secrets_are_kept, values_are_withheld, withholding

__all__ = [
    "PUBLIC_ENCRYPTION_SALT",
    "PUBLIC_PASSPHRASE",
    "WITHHELD",
    "ActionsSettings",
    "BackendSettings",
    "BranchSettings",
    "DeletionWaiver",
    "EnvironmentSettings",
    "HotfixSettings",
    "IncidentSettings",
    "LabelSettings",
    "Model",
    "Principals",
    "ProjectSettings",
    "PromotionSettings",
    "ProtectionSettings",
    "PushSettings",
    "RepositoryWideSettings",
    "ReviewSettings",
    "SecretSource",
    "SentrySettings",
    "Settings",
    "SettingsError",
    "SupabaseSettings",
    "VariableSource",
    "Waivers",
    "configured_name",
    "is_on_this_machine",
    "one_line",
    "parse",
    "printable",
    "provided_value",
    "read_document",
    "read_files",
    "refuse_public_encryption",
    "repository_secrets_are_kept",
    "values_are_withheld",
    "variable_key",
    "withholding",
    "written",
]
