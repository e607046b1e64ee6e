// The Pulumi plugin `command`, reduced to its module local as documented for 1.2.1: the same properties, the same
// previews and the same state as the published plugin. For machines where the published plugin can't be had.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pulumi/pulumi-go-provider/infer"

	"pulumi-resource-command/local"
	"pulumi-resource-command/remote"
)

// version is set by the linker to that of the published plugin which this one stands in for.
var version = "0.0.0"

func main() {
	provider, err := infer.NewProviderBuilder().
		WithDisplayName("Command").
		WithDescription("Runs commands of this machine as resources; a stand-in without the module remote.").
		WithKeywords("pulumi", "command", "category/utility", "kind/native").
		WithRepository("https://github.com/pulumi/pulumi-command").
		WithGoImportPath("github.com/pulumi/pulumi-command/sdk/go/command").
		WithResources(infer.Resource(&local.Command{})).
		WithFunctions(infer.Function(&local.Run{})).
		WithWrapped(remote.Absent()).
		Build()
	if err == nil {
		// The engine ends a plugin with SIGINT and kills it five seconds later; what still runs has to end before.
		stopped, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(stopped, func() { _ = provider.Cancel(context.Background()) })
		err = local.HideSecretScripts(provider).Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "the plugin `command` can't serve the engine, so no command can run: %v\n", err)
		os.Exit(1)
	}
}
