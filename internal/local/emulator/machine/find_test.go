package machine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator/machine/machinetest"
	"github.com/facescan/facescan/internal/local/emulator/npm"
)

// imaginary is a computer made up by a test, below a temporary folder.
type imaginary struct {
	root    string
	goos    string
	env     map[string]string
	path    map[string]string // binary -> file
	outputs map[string]string // last element of a command's path -> what it prints
	err     error             // how these commands fail
}

func (i imaginary) machine() Machine {
	return Machine{
		OS:     i.goos,
		Home:   filepath.Join(i.root, "home"),
		Root:   i.root,
		Cache:  filepath.Join(i.root, "cache"),
		Getenv: func(name string) string { return strings.ReplaceAll(i.env[name], "ROOT", i.root) },
		LookPath: func(name string) (string, error) {
			if file, ok := i.path[name]; ok {
				return filepath.Join(i.root, file), nil
			}
			return "", os.ErrNotExist
		},
		Output: func(_ context.Context, name string, _ ...string) (string, error) {
			out, ok := i.outputs[filepath.Base(name)]
			if !ok {
				return "", os.ErrNotExist
			}
			return strings.ReplaceAll(out, "ROOT", i.root), i.err
		},
	}
}

const (
	java8  = `java version "1.8.0_402"`
	java17 = `openjdk version "17.0.15" 2025-04-15`
	java21 = `openjdk version "21" 2023-09-19`

	gcloudFirestore   = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
	gcloudPubSub      = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-0.8.20-all.jar"
	firebaseCache     = "home/.cache/firebase/emulators/"
	firebaseFirestore = firebaseCache + "cloud-firestore-emulator-v1.22.0.jar"
)

func TestFind(t *testing.T) {
	jvm := map[string]string{"java": "bin/java"}
	tests := map[string]struct {
		on       imaginary
		jars     map[string]byte // file -> version of Java it was compiled for
		link     string          // bin/gcloud is a link to this file
		services []Service
		want     map[Service]string // jar by service
		download []Service
		missing  []string // substrings of the error, one per missing thing at least
	}{
		"nothing at all": {
			services: []Service{Firestore, PubSub, Auth},
			missing: []string{
				"Java 17 or newer is missing (no java in $JAVA_HOME or on the PATH)", "apt-get install -y openjdk-17-jre-headless",
				"Firestore emulator", "gcloud components install cloud-firestore-emulator",
				"Pub/Sub emulator", "gcloud components install pubsub-emulator",
				"Node 20 or newer is missing (no node on the PATH)", "npm is missing (no npm on the PATH",
			},
		},
		"nothing at all on a Mac": {
			on: imaginary{goos: "darwin"}, services: []Service{Firestore, Auth},
			missing: []string{"brew install openjdk@21", "brew install node"},
		},
		"Java and Node too old": {
			on: imaginary{
				path:    map[string]string{"java": "bin/java", "node": "bin/node", "npm": "bin/npm"},
				outputs: map[string]string{"java": java8, "node": "v18.19.0\n"},
			},
			jars:     map[string]byte{"usr/lib/google-cloud-sdk/" + gcloudFirestore: 11},
			services: []Service{Firestore, Auth},
			missing:  []string{"java is Java 8", "node is v18.19.0"},
		},
		"Java and Node that do not run": {
			on:       imaginary{path: map[string]string{"java": "bin/java", "node": "bin/node", "npm": "bin/npm"}},
			services: []Service{PubSub, Auth},
			missing:  []string{"java -version fails", "node --version fails"},
		},
		"gcloud in a common place": {
			on: imaginary{path: jvm, outputs: map[string]string{"java": java17}},
			jars: map[string]byte{
				"usr/lib/google-cloud-sdk/" + gcloudFirestore: 11, "usr/lib/google-cloud-sdk/" + gcloudPubSub: 7,
			},
			services: []Service{Firestore, PubSub},
			want: map[Service]string{
				Firestore: "usr/lib/google-cloud-sdk/" + gcloudFirestore, PubSub: "usr/lib/google-cloud-sdk/" + gcloudPubSub,
			},
		},
		"gcloud on the PATH is a link": {
			on: imaginary{
				path: map[string]string{"java": "bin/java", "gcloud": "bin/gcloud"}, outputs: map[string]string{"java": java17},
			},
			jars: map[string]byte{"somewhere/sdk/" + gcloudPubSub: 7}, link: "somewhere/sdk/bin/gcloud",
			services: []Service{PubSub},
			want:     map[Service]string{PubSub: "somewhere/sdk/" + gcloudPubSub},
		},
		"gcloud in $CLOUDSDK_ROOT_DIR": {
			on: imaginary{
				env: map[string]string{"CLOUDSDK_ROOT_DIR": "ROOT/mine"}, path: jvm, outputs: map[string]string{"java": java17},
			},
			jars:     map[string]byte{"mine/" + gcloudFirestore: 11, "usr/lib/google-cloud-sdk/" + gcloudFirestore: 11},
			services: []Service{Firestore},
			want:     map[Service]string{Firestore: "mine/" + gcloudFirestore},
		},
		"gcloud is a wrapper": {
			on: imaginary{
				path:    map[string]string{"java": "bin/java", "gcloud": "bin/wrapper"},
				outputs: map[string]string{"java": java17, "wrapper": "ROOT/hidden\n"},
			},
			jars:     map[string]byte{"hidden/" + gcloudFirestore: 11},
			services: []Service{Firestore},
			want:     map[Service]string{Firestore: "hidden/" + gcloudFirestore},
		},
		"firebase-tools' own with Java 21, the newest": {
			on:       imaginary{path: jvm, outputs: map[string]string{"java": java21}},
			jars:     map[string]byte{firebaseFirestore: 21, firebaseCache + "cloud-firestore-emulator-v1.9.0.jar": 11},
			services: []Service{Firestore},
			want:     map[Service]string{Firestore: firebaseFirestore},
		},
		"firebase-tools' own with Java 17, an older one": {
			on:       imaginary{path: jvm, outputs: map[string]string{"java": java17}},
			jars:     map[string]byte{firebaseFirestore: 21, firebaseCache + "cloud-firestore-emulator-v1.9.0.jar": 11},
			services: []Service{Firestore},
			want:     map[Service]string{Firestore: firebaseCache + "cloud-firestore-emulator-v1.9.0.jar"},
		},
		"firebase-tools' own with Java 17 only": {
			on:       imaginary{path: jvm, outputs: map[string]string{"java": java17}},
			jars:     map[string]byte{firebaseFirestore: 21},
			services: []Service{Firestore},
			missing:  []string{"v1.22.0.jar needs Java 21, this is Java 17"},
		},
		"a named jar": {
			on: imaginary{
				env:  map[string]string{"PUBSUB_EMULATOR_JAR": "ROOT/my.jar", "JAVA_HOME": "ROOT/nowhere"},
				path: jvm, outputs: map[string]string{"java": java17},
			},
			jars:     map[string]byte{"my.jar": 17, "usr/lib/google-cloud-sdk/" + gcloudPubSub: 7},
			services: []Service{PubSub},
			want:     map[Service]string{PubSub: "my.jar"},
		},
		"a named jar that is not there": {
			on: imaginary{
				env: map[string]string{"PUBSUB_EMULATOR_JAR": "ROOT/my.jar"}, path: jvm, outputs: map[string]string{"java": java17},
			},
			jars:     map[string]byte{"usr/lib/google-cloud-sdk/" + gcloudPubSub: 7},
			services: []Service{PubSub},
			missing:  []string{"my.jar does not exist", "set PUBSUB_EMULATOR_JAR to its jar"},
		},
		"Java 21 downloads what is missing": {
			on: imaginary{
				path:    map[string]string{"java": "bin/java", "node": "bin/node", "npm": "bin/npm"},
				outputs: map[string]string{"java": java21, "node": "v24.1.0"},
			},
			services: []Service{Firestore, PubSub},
			download: []Service{Firestore, PubSub},
		},
		"Java 21 downloads nothing without Node": {
			on:       imaginary{path: jvm, outputs: map[string]string{"java": java21}},
			services: []Service{Firestore},
			missing:  []string{"Node 20 or newer", "npm"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.on.root = t.TempDir()
			for file, java := range test.jars {
				class := firestoreMain
				if strings.Contains(file, "pubsub") || file == "my.jar" {
					class = jarsOf[PubSub].mainClass
				}
				machinetest.WriteJar(t, filepath.Join(test.on.root, file), class, class != firestoreMain, java)
			}
			if test.link != "" {
				linkGcloud(t, test.on.root, test.link)
			}
			found, err := test.on.machine().Find(t.Context(), test.services...)
			checkMissing(t, err, test.missing)
			for service, file := range test.want {
				if got := found.Jars[service].Path; got != filepath.Join(test.on.root, file) {
					t.Errorf("%s: found %q, want %q", service, got, file)
				}
			}
			if !slices.Equal(found.Download, test.download) {
				t.Errorf("to download: %v, want %v", found.Download, test.download)
			}
		})
	}
}

// linkGcloud makes ROOT/bin/gcloud a link to an executable below root.
func linkGcloud(t *testing.T, root, target string) {
	t.Helper()
	file := filepath.Join(root, target)
	if err := os.MkdirAll(filepath.Join(root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	machinetest.WriteScript(t, file, "")
	if err := os.Symlink(file, filepath.Join(root, "bin/gcloud")); err != nil {
		t.Fatal(err)
	}
}

// checkMissing checks that an error lists what is missing, or is nil if nothing is.
func checkMissing(t *testing.T, err error, wants []string) {
	t.Helper()
	var missing *MissingError
	if errors.As(err, &missing) != (len(wants) > 0) {
		t.Fatalf("got %v, want it to tell of %q", err, wants)
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

// The jars that are installed here are of the two known kinds.
func TestInspectJar(t *testing.T) {
	here := This()
	here.Getenv = func(name string) string {
		if strings.HasSuffix(name, "_EMULATOR_HOST") {
			return ""
		}
		return os.Getenv(name)
	}
	found, err := here.Find(t.Context(), Firestore, PubSub)
	if err != nil {
		t.Fatal(err)
	}
	for service, file := range found.Jars {
		if file.Java < 5 || file.Java > 99 || file.mainClass != jarsOf[service].mainClass {
			t.Errorf("%s: %+v", service, file)
		}
	}
	noJar := filepath.Join(t.TempDir(), "no.jar")
	machinetest.WriteScript(t, noJar, "")
	if _, err := inspectJar(noJar, firestoreMain); err == nil {
		t.Error("a shell script is taken for a jar")
	}
	other := filepath.Join(t.TempDir(), "other.jar")
	machinetest.WriteJar(t, other, "other.Main", true, 11)
	j, err := inspectJar(other, firestoreMain)
	if diff := cmp.Diff([]string{"-jar", other}, j.Args()); diff != "" || err != nil {
		t.Errorf("a jar that names its main class: %s, %v", diff, err)
	}
	unnamed := filepath.Join(t.TempDir(), "unnamed.jar")
	machinetest.WriteJar(t, unnamed, firestoreMain, false, 11)
	j, err = inspectJar(unnamed, firestoreMain)
	if diff := cmp.Diff([]string{"-cp", unnamed, firestoreMain}, j.Args()); diff != "" || err != nil {
		t.Errorf("a jar that names none: %s, %v", diff, err)
	}
}

// What the Auth emulator needs depends on whether it is installed.
func TestFindFirebaseTools(t *testing.T) {
	node := imaginary{path: map[string]string{"node": "bin/node"}, outputs: map[string]string{"node": "v24.1.0"}}
	for name, test := range map[string]struct {
		on        imaginary
		installed bool
		missing   []string
	}{
		"Node alone":                         {node, false, []string{"npm is missing (no npm on the PATH"}},
		"Node alone, and firebase-tools":     {node, true, nil},
		"firebase-tools alone":               {imaginary{}, true, []string{"Node 20 or newer is missing"}},
		"nothing, but an emulator that runs": {imaginary{env: map[string]string{Auth.Env(): "127.0.0.1:1"}}, false, nil},
		"Node that fails, and says why it does": {
			failing("node"), true, []string{"node --version fails: exit status 1: no such library"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.on.root = t.TempDir()
			m := test.on.machine()
			folder, err := npm.Folder(m.Cache)
			if err != nil {
				t.Fatal(err)
			}
			if test.installed {
				machinetest.WriteScript(t, filepath.Join(folder, npm.AuthServer), "")
			}
			_, err = m.Find(t.Context(), Auth)
			checkMissing(t, err, test.missing)
			if err != nil && strings.Count(err.Error(), "\n") != len(test.missing)-1 {
				t.Errorf("not a line for each missing thing: %v", err)
			}
		})
	}
}

// failing is a computer on which a program fails.
func failing(program string) imaginary {
	return imaginary{
		path: map[string]string{program: "bin/" + program}, outputs: map[string]string{program: "no such library\nat all"},
		err: errors.New("exit status 1"),
	}
}

// A search that is interrupted is no search that found nothing.
func TestFind_isInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := This().Find(ctx, Firestore); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
