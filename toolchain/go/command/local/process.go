package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
)

// grace is what a cancelled command has to end by itself. The engine kills this plugin after five seconds.
const grace = 3 * time.Second

// run executes the script, if there is one, and puts its results into the state. It fails with the command's own
// output when the command can't be started or exits with another code than 0; the state is then unchanged.
func (c *Command) run(ctx context.Context, script *string, state *State) error {
	if script == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.Stopped, cancel)()

	arguments := []string{"/bin/sh", "-c"}
	if state.Interpreter != nil && len(*state.Interpreter) > 0 {
		arguments = append([]string{}, *state.Interpreter...)
	}
	cmd := exec.CommandContext(ctx, arguments[0], append(arguments[1:], *script)...)
	cmd.Env = environment(state)
	if state.Dir != nil {
		cmd.Dir = *state.Dir
	}
	if state.Stdin != nil {
		cmd.Stdin = strings.NewReader(*state.Stdin)
	}

	both := &transcript{}
	stdout, stderr := &capture{transcript: both}, &capture{transcript: both}
	log := p.GetLogger(ctx)
	if state.Logging.shows("stdout") {
		stdout.log = log.InfoStatus
	}
	if state.Logging.shows("stderr") {
		stderr.log = log.InfoStatus
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr

	// A process group of its own: whatever the command has started ends with it when it is cancelled.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	if ctx.Err() != nil && cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	stdout.close()
	stderr.close()
	if ctx.Err() != nil {
		return fmt.Errorf("the command was cancelled, and it and its children were ended; it had written:\n%s",
			both.text.String())
	}
	if err != nil {
		return fmt.Errorf("the command failed (%w); it wrote:\n%s", err, both.text.String())
	}
	results := Results{Stdout: stdout.text(), Stderr: stderr.text(), Assets: state.Assets, Archive: state.Archive}
	if err := collect(cmd.Dir, state.Inputs, &results); err != nil {
		return fmt.Errorf("the command succeeded, but its files can't be read: %w", err)
	}
	state.Results = results
	return nil
}

// environment is this process's own, then the declared one, then the outputs of the run before.
func environment(state *State) []string {
	all := os.Environ()
	if state.Environment != nil {
		for name, value := range *state.Environment {
			all = append(all, name+"="+value)
		}
	}
	if state.AddPreviousOutputInEnv == nil || *state.AddPreviousOutputInEnv {
		if state.Stdout != "" {
			all = append(all, "PULUMI_COMMAND_STDOUT="+state.Stdout)
		}
		if state.Stderr != "" {
			all = append(all, "PULUMI_COMMAND_STDERR="+state.Stderr)
		}
	}
	return all
}
