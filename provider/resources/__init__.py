"""The resources that a program declares; one class per file."""

from provider.resources.auth_settings import AuthSettings
from provider.resources.custom_hostname import CustomHostname
from provider.resources.database_access import DatabaseAccess
from provider.resources.function_secrets import FunctionSecrets
from provider.resources.project import Project

__all__ = ["AuthSettings", "CustomHostname", "DatabaseAccess", "FunctionSecrets", "Project"]
