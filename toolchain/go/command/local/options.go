package local

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Options are how a command runs, for the resource and the function alike.
type Options struct {
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
}

// Results are what the last run left behind.
type Results struct {
	Stdout  string                           `pulumi:"stdout"`
	Stderr  string                           `pulumi:"stderr"`
	Assets  *map[string]types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                `pulumi:"archive,optional"`
}

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

// globs describes the language of both lists of paths.
const globs = "\n\n`*` stands for anything but `/`, `**` for anything. Folders themselves are left out. The globs apply\n" +
	"in order, and one that begins with `!` takes out again what it matches. Names are relative to `dir`, with `/`\n" +
	"and without `./`. Their language is that of https://github.com/gobwas/glob."

// Annotate documents the properties in the schema.
func (o *Options) Annotate(a infer.Annotator) {
	a.Describe(&o.Interpreter, "The program that gets the command as its last argument, and its other arguments.\n"+
		"Default: `[\"/bin/sh\", \"-c\"]`.")
	a.Describe(&o.Dir, "The folder to run in, which must exist. Default: that of the Pulumi program.")
	a.Describe(&o.Environment, "Environment variables, beside those that the engine itself has.")
	a.Describe(&o.Stdin, "What the command reads from its standard input.")
	a.Describe(&o.Logging, "Which outputs the engine shows while the command runs; by default both. The properties\n"+
		"`stdout` and `stderr` are filled all the same. For secrets in them see `additionalSecretOutputs`.")
	a.Describe(&o.AddPreviousOutputInEnv, "Whether a run finds the outputs of the run before in the variables\n"+
		"PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR. Default: true.")
	a.Describe(&o.AssetPaths, "Globs of the files to return one by one in `assets` once the command is done."+globs)
	a.Describe(&o.ArchivePaths, "Globs of the files to return together in `archive` once the command is done."+globs)
}

// Annotate documents the properties in the schema.
func (r *Results) Annotate(a infer.Annotator) {
	a.Describe(&r.Stdout, "What the command wrote to its standard output, without the last line break.")
	a.Describe(&r.Stderr, "What the command wrote to its standard error, without the last line break.")
	a.Describe(&r.Assets, "The files that `assetPaths` found, by their name relative to `dir`.")
	a.Describe(&r.Archive, "The files that `archivePaths` found.")
}
