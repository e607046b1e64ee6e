// The Pulumi plugin `github`: the public Terraform provider for GitHub behind Pulumi's Terraform bridge, with the
// names that the published package pulumi_github has. For machines where the published plugin can't be had.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/integrations/terraform-provider-github/v6/github"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

// version is set by the linker to that of the published plugin which this one stands in for.
var version = "0.0.0"

func provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:                       shim.NewProvider(github.NewProvider(version, "none")()),
		Name:                    "github",
		Version:                 version,
		GitHubOrg:               "integrations",
		TFProviderModuleVersion: "v6",
		Config: map[string]*tfbridge.SchemaInfo{
			"base_url": {Default: &tfbridge.DefaultInfo{
				EnvVars: []string{"GITHUB_BASE_URL"}, Value: "https://api.github.com/",
			}},
			"token": {Secret: tfbridge.True(), Default: &tfbridge.DefaultInfo{EnvVars: []string{"GITHUB_TOKEN"}}},
		},
		// These names are unique on GitHub's side: the new one can't exist before the old one is gone.
		Resources: map[string]*tfbridge.ResourceInfo{
			"github_actions_environment_secret":    {DeleteBeforeReplace: true},
			"github_repository_autolink_reference": {DeleteBeforeReplace: true},
			"github_repository_deploy_key":         {DeleteBeforeReplace: true},
			"github_repository_environment": {Fields: map[string]*tfbridge.SchemaInfo{
				// Terraform allows one block; the published package has a list.
				"reviewers": {MaxItemsOne: tfbridge.False()},
			}},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("github_", "index", tokens.MakeStandard("github")))
	info.SetAutonaming(255, "-")
	return info
}

func schema(info tfbridge.ProviderInfo) ([]byte, error) {
	// The generator would load the plugins of the Pulumi project in or above its working directory.
	if started, err := os.Getwd(); err == nil {
		defer func() { _ = os.Chdir(started) }()
	}
	if err := os.Chdir("/"); err != nil {
		return nil, err
	}
	quiet := diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never})
	result, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo: info, DiagnosticsSink: quiet, XInMemoryDocs: true,
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(result.PackageSpec)
}

func main() {
	info := provider()
	text, err := schema(info)
	if err != nil {
		fmt.Fprintf(os.Stderr, "the schema of the GitHub plugin can't be generated, so no resource can be declared: %v\n", err)
		os.Exit(1)
	}
	tfbridge.Main("github", version, info, text)
}
