package local

import "github.com/pulumi/pulumi-go-provider/infer"

// Logging says which of a command's two output streams the engine shows while it runs; both are always captured.
type Logging string

// Values are the modes, as the schema lists them.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: "stdout", Description: "Show stdout in the log, not stderr"},
		{Name: "stderr", Value: "stderr", Description: "Show stderr in the log, not stdout"},
		{Name: "stdoutAndStderr", Value: "stdoutAndStderr", Description: "Show stdout and stderr in the log"},
		{Name: "none", Value: "none", Description: "Show nothing in the log"},
	}
}

func (l *Logging) shows(stream string) bool {
	return l == nil || *l == "stdoutAndStderr" || string(*l) == stream
}
