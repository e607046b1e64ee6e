// Package remote stands for the module command:remote, which this plugin does not have.
package remote

import (
	"context"
	"fmt"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Absent is a provider that refuses each resource by name; it is asked for those that the plugin does not have.
func Absent() p.Provider {
	return p.Provider{
		Check: func(_ context.Context, req p.CheckRequest) (p.CheckResponse, error) {
			return p.CheckResponse{}, refusal(req.Urn)
		},
		Diff: func(_ context.Context, req p.DiffRequest) (p.DiffResponse, error) {
			return p.DiffResponse{}, refusal(req.Urn)
		},
		Create: func(_ context.Context, req p.CreateRequest) (p.CreateResponse, error) {
			return p.CreateResponse{}, refusal(req.Urn)
		},
		Read: func(_ context.Context, req p.ReadRequest) (p.ReadResponse, error) {
			return p.ReadResponse{}, refusal(req.Urn)
		},
		Update: func(_ context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
			return p.UpdateResponse{}, refusal(req.Urn)
		},
		Delete: func(_ context.Context, req p.DeleteRequest) error {
			return refusal(req.Urn)
		},
	}
}

func refusal(urn resource.URN) error {
	return fmt.Errorf("this plugin `command` was built without %s: it has the module command:local alone. %q was not "+
		"touched. Install Pulumi's own plugin where its downloads can be reached", urn.Type(), urn.Name())
}
