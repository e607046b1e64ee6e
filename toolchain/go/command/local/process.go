package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
)

// grace is what a cancelled command has to end by itself. The engine kills this plugin after five seconds.
const grace = 3 * time.Second

// run executes the script and replaces the results with its own. It fails with the command's own output when the
// command can't be started or exits with another code than 0; the results are then unchanged.
func run(ctx context.Context, script string, options Options, results *Results) error {
	arguments := []string{"/bin/sh", "-c"}
	if options.Interpreter != nil && len(*options.Interpreter) > 0 {
		arguments = append([]string{}, *options.Interpreter...)
	}
	cmd := exec.Command(arguments[0], append(arguments[1:], script)...)
	cmd.Env = environment(options, *results)
	folder, err := os.Getwd()
	if options.Dir != nil {
		folder, err = *options.Dir, nil
	}
	if err != nil {
		return err
	}
	cmd.Dir = folder
	if options.Stdin != nil {
		cmd.Stdin = strings.NewReader(*options.Stdin)
	}

	both := &transcript{}
	stdout, stderr := &capture{transcript: both}, &capture{transcript: both}
	log := p.GetLogger(ctx)
	if options.Logging.shows("stdout") {
		stdout.log = log.InfoStatus
	}
	if options.Logging.shows("stderr") {
		stderr.log = log.InfoStatus
	}
	err = execute(ctx, cmd, stdout, stderr)
	stdout.close()
	stderr.close()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("the command took longer than customTimeouts allows, and it and its children were ended")
	case errors.Is(err, context.Canceled):
		err = errors.New("the command was cancelled, and it and its children were ended")
	case errors.Is(err, syscall.E2BIG):
		err = fmt.Errorf("%w (where that is the output of the run before, set addPreviousOutputInEnv to false)", err)
	}
	if err != nil {
		return fmt.Errorf("%w: running %s:\n%s", err, shown(ctx, script), valid(both.text.Bytes()))
	}

	found := Results{Stdout: stdout.text(), Stderr: stderr.text(), Assets: results.Assets, Archive: results.Archive}
	if err := collect(folder, options, &found); err != nil {
		return fmt.Errorf("the command succeeded, but the files that it was to make can't be read: %w", err)
	}
	*results = found
	return nil
}

// execute runs the command until it has ended and nothing that it started can write any more. When the context is
// done, the command and its children have the grace to end by themselves.
func execute(ctx context.Context, cmd *exec.Cmd, stdout, stderr io.Writer) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	// A process group of its own: whatever the command starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}

	done, ended := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(grace):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		// What has left the process group lives on, and may hold these open.
		_, _ = out.Close(), errs.Close()
	})
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(stdout, out) })
	reading.Go(func() { _, _ = io.Copy(stderr, errs) })
	reading.Wait()
	err = cmd.Wait()
	close(done)
	if !stop() {
		<-ended
		return ctx.Err()
	}
	return err
}

// environment is this process's own, then the declared one, then the outputs of the run before.
func environment(options Options, before Results) []string {
	all := os.Environ()
	if options.Environment != nil {
		for name, value := range *options.Environment {
			all = append(all, name+"="+value)
		}
	}
	if options.AddPreviousOutputInEnv == nil || *options.AddPreviousOutputInEnv {
		if before.Stdout != "" {
			all = append(all, "PULUMI_COMMAND_STDOUT="+before.Stdout)
		}
		if before.Stderr != "" {
			all = append(all, "PULUMI_COMMAND_STDERR="+before.Stderr)
		}
	}
	return all
}
