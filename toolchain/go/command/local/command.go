// Package local holds the resource command:local:Command and the function command:local:run.
package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command runs a command of this machine when the resource is created, updated and deleted; a preview runs nothing.
type Command struct{}

// Inputs are what a program declares. Source of names, types and rules: the published package pulumi_command 1.2.1.
type Inputs struct {
	Options
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// State is what the engine stores.
type State struct {
	Inputs
	Results
}

// Create runs `create`.
func (*Command) Create(ctx context.Context, req infer.CreateRequest[Inputs]) (infer.CreateResponse[State], error) {
	state := State{Inputs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && state.Create != nil {
		err = run(ctx, *state.Create, state.Options, &state.Results)
	}
	return infer.CreateResponse[State]{ID: id, Output: state}, err
}

// Update runs `update`, or `create` again where there is none.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[Inputs, State],
) (infer.UpdateResponse[State], error) {
	state := State{Inputs: req.Inputs, Results: req.State.Results}
	script := state.Update
	if script == nil {
		script = state.Create
	}
	var err error
	if !req.DryRun && script != nil {
		err = run(ctx, *script, state.Options, &state.Results)
	}
	return infer.UpdateResponse[State]{Output: state}, err
}

// Delete runs `delete` with the inputs of the last create or update.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[State]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, run(ctx, *req.State.Delete, req.State.Options, &req.State.Results)
}

// Annotate documents the resource in the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "A command of this machine that runs when the resource is created, updated or deleted.\n"+
		"An exit code other than 0 fails that step.")
}

// Annotate documents the properties in the schema.
func (i *Inputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Create, "The command that creates.")
	a.Describe(&i.Update, "The command that updates; without it `create` runs again.\n"+
		"PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR hold the outputs of the run before.")
	a.Describe(&i.Delete, "The command that deletes.\n"+
		"PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR hold the outputs of the run before.")
	a.Describe(&i.Triggers, "Values of any type. A change of one replaces the resource: `create` runs, then the\n"+
		"`delete` of the replaced resource.")
}
