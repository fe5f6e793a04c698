package database

import (
	"os"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// process is one on the emulator, with a project of its own.
func process(t *testing.T) *boot.Process {
	t.Helper()
	environ := boot.Environ()
	environ["GOOGLE_CLOUD_PROJECT"] = emulatortest.UniqueProject(t)
	config, err := boot.ReadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	return &boot.Process{Config: config}
}

// TestFirestore_isTheNamedDatabase: what one database has, another lacks, for both clients.
func TestFirestore_isTheNamedDatabase(t *testing.T) {
	t.Parallel()
	usual := process(t)
	named := &boot.Process{Config: usual.Config}
	named.Config.Database = "facescan-eu"
	create := func(fs *firestore.Client, err error) codes.Code {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = fs.Close() })
		_, err = fs.Collection("limits").Doc("mine").Create(t.Context(), map[string]any{"schema": 1})
		return status.Code(err)
	}
	for _, p := range []*boot.Process{usual, named} {
		if code := create(Open(t.Context(), p)); code != codes.OK {
			t.Errorf("the first document in %q: %v", p.Config.Database, code)
		}
		if code := create(Listening(t.Context(), p)); code != codes.AlreadyExists {
			t.Errorf("the same document in %q again: %v", p.Config.Database, code)
		}
	}
}
