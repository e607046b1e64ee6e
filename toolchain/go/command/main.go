// The Pulumi plugin `command`, reduced to command:local:Command as documented for 1.2.1: the same properties, the
// same previews and the same state as the published plugin. For machines where the published plugin can't be had.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pulumi/pulumi-go-provider/infer"

	"pulumi-resource-command/local"
)

// version is set by the linker to that of the published plugin which this one stands in for.
var version = "0.0.0"

func main() {
	// The engine ends a plugin with SIGINT and kills it five seconds later.
	stopped, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	provider, err := infer.NewProviderBuilder().
		WithDisplayName("Command").
		WithResources(infer.Resource(&local.Command{Stopped: stopped})).
		Build()
	if err == nil {
		err = provider.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "the plugin `command` can't serve the engine, so no command can run: %v\n", err)
		os.Exit(1)
	}
}
