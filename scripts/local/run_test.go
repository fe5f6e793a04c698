package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator/machine"
)

// own are the variables of emulators, with none that runs already.
func own() map[string]string {
	env := map[string]string{"CALLED_FROM": ""}
	for _, s := range machine.Services() {
		env[s.Env()] = ""
	}
	return env
}

// TestRun_keepsWhatItSeeds runs everything twice with one folder, and ends it as a terminal does.
func TestRun_keepsWhatItSeeds(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "kept")
	run := func() string {
		p := local(t, own(), "run", "-port", "0", "-keep", folder, "-seed")
		p.await("Ctrl-C stops it.")
		p.signal(syscall.SIGINT, true)
		status, out := p.status()
		if status != 0 || !strings.HasSuffix(out, "stopped\n") {
			t.Fatalf("exit status %d: %s", status, out)
		}
		p.noneLeft()
		return out
	}
	const sows = "making 3 users with scans on 3 days\n"
	for i, made := range []bool{true, false} {
		out := run()
		if strings.Contains(out, sows) != made || !strings.Contains(out, "ada@example.com     correct horse ada\n") {
			t.Errorf("run %d: %s", i+1, out)
		}
	}
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info, err)
	}
	inside, err := os.ReadDir(folder)
	if err != nil || len(inside) != 2 || inside[0].Name() != "facescan.lock" || inside[1].Name() != "state-2" {
		t.Errorf("in it: %v, %v", inside, err)
	}
}
