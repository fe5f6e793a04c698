package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNow(t *testing.T) {
	t.Parallel()
	local := map[string]string{"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}
	for name, tt := range map[string]struct {
		environ map[string]string
		service string
		text    string
		moved   time.Duration
	}{
		"moved by days":             {local, "", "240h\n", 240 * time.Hour},
		"moved back":                {local, "", "-1h30m", -90 * time.Minute},
		"not moved":                 {local, "", "", 0},
		"no duration":               {local, "", "ten days", 0},
		"in a deployed function":    {local, "facescan-scans", "240h", 0},
		"without the emulators":     {nil, "", "240h", 0},
		"deployed, and no emulator": {nil, "facescan-scans", "240h", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "clock")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			p := &Process{Config: Config{Clock: file, Service: tt.service, environ: tt.environ}}
			before := time.Now().Add(tt.moved)
			got := p.Now()
			if after := time.Now().Add(tt.moved); got.Before(before) || got.After(after) {
				t.Errorf("got %s, want one of %s to %s", got, before, after)
			}
		})
	}
	t.Run("standing still", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "clock")
		still := time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.UTC)
		if err := os.WriteFile(file, []byte(still.Format(time.RFC3339Nano)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p := &Process{Config: Config{Clock: file, environ: local}}
		if got := p.Now(); !got.Equal(still) {
			t.Errorf("got %s, want %s", got, still)
		}
		p.Config.Service = "facescan-scans"
		if got := time.Until(p.Now()); got.Abs() > time.Minute {
			t.Errorf("a deployed function's time stands still at %s", p.Now())
		}
	})
	t.Run("without a file", func(t *testing.T) {
		t.Parallel()
		p := &Process{Config: Config{Clock: filepath.Join(t.TempDir(), "none"), environ: local}}
		if got := time.Until(p.Now()); got.Abs() > time.Minute {
			t.Errorf("moved by %s", got)
		}
	})
}

// The variable must not reach production: there a clock that can be moved would revive tickets and
// delete photos before their time.
func TestConfig_refusesAMovedClockInProduction(t *testing.T) {
	t.Parallel()
	environ := map[string]string{"GOOGLE_CLOUD_PROJECT": "p", "FACESCAN_CLOCK": "/tmp/clock"}
	if _, err := ReadConfig(environ); err == nil || !strings.Contains(err.Error(), "FACESCAN_CLOCK") {
		t.Errorf("got %v, want a refusal of FACESCAN_CLOCK", err)
	}
	environ["FIRESTORE_EMULATOR_HOST"] = "127.0.0.1:1"
	if _, err := ReadConfig(environ); err != nil {
		t.Errorf("on the emulators: %v", err)
	}
}
