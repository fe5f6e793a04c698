package deploy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// interrupted is a terraform that notes how it ends; it answers `version` as tfexec asks first.
const interrupted = `#!/bin/sh
case "$1" in
version) echo '{"terraform_version":"1.11.4","provider_selections":{}}'; exit 0 ;;
esac
trap 'echo interrupted >> "$NOTE"; sleep 0.2; echo state written >> "$NOTE"; exit 1' INT
echo started >> "$NOTE"
echo $$
i=0
while [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
echo never stopped >> "$NOTE"
`

// A terminal sends Ctrl-C to its whole process group. On Linux Terraform is in a group of its own,
// and on macOS it is in ours; the test plays the terminal of macOS by a signal to Terraform. Either
// way Terraform gets exactly one.
func TestStop_letsTerraformFinish(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		system string
		cause  error
		// byTerminal means that the terminal interrupts Terraform, too.
		byTerminal bool
	}{
		"Ctrl-C on Linux":                    {"linux", errTerminal, false},
		"Ctrl-C on macOS":                    {"darwin", errTerminal, true},
		"a kill of this process on macOS":    {"darwin", context.Canceled, false},
		"a kill of this process on Linux":    {"linux", context.Canceled, false},
		"Ctrl-C on another system of Unix's": {"freebsd", errTerminal, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			binary, note := filepath.Join(dir, "terraform"), filepath.Join(dir, "note")
			if err := os.WriteFile(binary, []byte(interrupted), 0o700); err != nil {
				t.Fatal(err)
			}
			tf, err := tfexec.NewTerraform(dir, binary)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(
				tf.SetEnv(map[string]string{"NOTE": note, "PATH": os.Getenv("PATH")}), tf.SetWaitDelay(stopTimeout),
			); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			c := &cloud{system: tt.system}
			// A stop before tfexec reads the output would not wait for the process: only a line of output
			// shows that it does.
			err = c.interruptibly(ctx, func(ctx context.Context) error {
				return tf.ApplyJSON(ctx, &lines{do: func(pid string) {
					cancel(tt.cause)
					if tt.byTerminal {
						interrupt(t, pid)
					}
				}})
			})
			if !strings.Contains(explain(err), "goes on from there") {
				t.Errorf("it ended as %v", err)
			}
			if got := string(read(t, note)); got != "started\ninterrupted\nstate written\n" {
				t.Errorf("terraform noted %q", got)
			}
		})
	}
}

func interrupt(t *testing.T, pid string) {
	t.Helper()
	number, err := strconv.Atoi(strings.TrimSpace(pid))
	if err != nil {
		t.Error(err)
		return
	}
	if err := syscall.Kill(number, syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	signals, exited := make(chan os.Signal, 2), make(chan int, 1)
	var told strings.Builder
	ctx, cancel := interrupts{signals, &told, func(code int) { exited <- code }}.until(t.Context())
	defer cancel(nil)
	signals <- os.Interrupt
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), errTerminal) {
		t.Errorf("the cause is %v", context.Cause(ctx))
	}
	signals <- os.Interrupt
	if code := <-exited; code != 130 {
		t.Errorf("the second one exits with %d", code)
	}
	terminated := make(chan os.Signal, 1)
	terminated <- syscall.SIGTERM
	close(terminated)
	ctx, cancel = interrupts{terminated, new(strings.Builder), nil}.until(t.Context())
	defer cancel(nil)
	<-ctx.Done()
	if errors.Is(context.Cause(ctx), errTerminal) {
		t.Error("a kill counts as the terminal's")
	}
}
