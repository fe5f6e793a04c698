package ready

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

func configOf(t *testing.T, database string) boot.Config {
	t.Helper()
	environ := boot.Environ()
	environ["GOOGLE_CLOUD_PROJECT"], environ["FACESCAN_DATABASE"] = emulatortest.UniqueProject(t), database
	config, err := boot.ReadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "(default)", "facescan-eu"} {
		t.Run("the database "+name+" answers", func(t *testing.T) {
			t.Parallel()
			p := &boot.Process{Config: configOf(t, name)}
			ask := Database(p)
			for _, state := range []string{"without the document", "with it"} {
				if err := ask(t.Context()); err != nil {
					t.Errorf("%s: %v", state, err)
				}
				fs, err := database.Open(t.Context(), p)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = fs.Close() })
				if _, err := fs.Doc("limits/sweep").Set(t.Context(), map[string]any{"schema": 1}); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	t.Run("no longer than its caller waits", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Database(&boot.Process{Config: configOf(t, "")})(ctx); err == nil {
			t.Error("ready after the caller left")
		}
	})
}

// What the emulator cannot be made to answer.
func TestLook(t *testing.T) {
	t.Parallel()
	const missing = `[{"missing":"projects/p/databases/(default)/documents/limits/sweep"}]`
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string // "" is ready
	}{
		"an answer":               {http.StatusOK, missing, ""},
		"a long answer":           {http.StatusOK, strings.Repeat(" ", 1<<20) + missing, ""},
		"no right":                {http.StatusForbidden, `{"error":{"status":"PERMISSION_DENIED"}}`, "403"},
		"no database of the name": {http.StatusNotFound, `{"error":{"status":"NOT_FOUND"}}`, "NOT_FOUND"},
		"an overloaded database":  {http.StatusServiceUnavailable, strings.Repeat("x", 1<<20), "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var path, token string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				path, token = r.URL.Path, r.Header.Get("Authorization")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer server.Close()
			l, err := newLook(t.Context(), boot.Config{Project: "p"}, strings.TrimPrefix(server.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			err = l.ask(t.Context())
			if tt.want == "" && err != nil {
				t.Errorf("err = %v", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 1000) {
				t.Errorf("err = %v, want %q and no more than a part of the answer", err, tt.want)
			}
			if path != "/v1/projects/p/databases/(default)/documents:batchGet" || token != "Bearer owner" {
				t.Errorf("asked %s as %s", path, token)
			}
		})
	}
	t.Run("nobody is there", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		l, err := newLook(t.Context(), boot.Config{Project: "p"}, strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if l.ask(t.Context()) == nil {
			t.Error("ready without a database")
		}
	})
}
