package local

import (
	"context"
	"strconv"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

type secretScript struct{}

// HideSecretScripts keeps a script that is a secret out of the error of its run, which the engine shows to everybody.
// The provider's own methods get values without their secrecy.
func HideSecretScripts(provider p.Provider) p.Provider {
	hiding := provider
	hiding.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		return provider.Create(marked(ctx, req.Properties), req)
	}
	hiding.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		return provider.Update(marked(ctx, req.Inputs), req)
	}
	hiding.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		return provider.Delete(marked(ctx, req.Properties), req)
	}
	hiding.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		return provider.Invoke(marked(ctx, req.Args), req)
	}
	return hiding
}

func marked(ctx context.Context, properties property.Map) context.Context {
	for _, name := range []string{"create", "update", "delete", "command"} {
		if properties.Get(name).HasSecrets() {
			return context.WithValue(ctx, secretScript{}, true)
		}
	}
	return ctx
}

// shown is how an error names a script.
func shown(ctx context.Context, script string) string {
	if ctx.Value(secretScript{}) != nil {
		return "a secret command"
	}
	return strconv.Quote(script)
}
