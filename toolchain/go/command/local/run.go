package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Run is the function `run`: it runs a command each time the program calls it, in a preview too.
type Run struct{}

// RunInputs are the arguments of `run`.
type RunInputs struct {
	Options
	Command string `pulumi:"command"`
}

// RunOutputs are what `run` returns.
type RunOutputs struct {
	RunInputs
	Results
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, req infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunOutputs], error) {
	output := RunOutputs{RunInputs: req.Input}
	err := run(ctx, output.Command, output.Options, &output.Results)
	return infer.FunctionResponse[RunOutputs]{Output: output}, err
}

// Annotate documents the function in the schema.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(&r, "Runs a command of this machine in every preview and every deployment.\n"+
		"Use the resource `Command` for what is to run once.")
}

// Annotate documents the arguments in the schema.
func (r *RunInputs) Annotate(a infer.Annotator) {
	a.Describe(&r.Command, "The command to run.")
}
