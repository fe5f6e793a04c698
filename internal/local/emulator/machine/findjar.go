package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// jarPlaces lists where the jar of a service may be.
type jarPlaces struct {
	env       string // variable that names the file
	inSDK     string // glob below the root of the Google Cloud SDK
	inCache   string // glob below the cache of firebase-tools
	mainClass string // when the manifest names none
	component string // of gcloud
	apt       string // package of the component in Google's Debian repository
	name      string // for people
}

var jarsOf = map[Service]jarPlaces{
	Firestore: {
		env:       "FIRESTORE_EMULATOR_JAR",
		inSDK:     "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar",
		inCache:   "cloud-firestore-emulator-v*.jar",
		mainClass: firestoreMain,
		component: "cloud-firestore-emulator",
		apt:       "google-cloud-cli-firestore-emulator",
		name:      "Google's Firestore emulator",
	},
	PubSub: {
		env:       "PUBSUB_EMULATOR_JAR",
		inSDK:     "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
		inCache:   "pubsub-emulator-*/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
		mainClass: "com.google.cloud.pubsub.testing.v1.Main",
		component: "pubsub-emulator",
		apt:       "google-cloud-cli-pubsub-emulator",
		name:      "Google's Pub/Sub emulator",
	},
}

// findJar looks for the jar of a service which the Java at hand can run. The order: the variable,
// the Google Cloud SDK, the cache of firebase-tools, and last, because it takes seconds, the SDK
// that `gcloud info` reports.
func (f *finder) findJar(ctx context.Context, s Service) {
	places := jarsOf[s]
	if named := f.Getenv(places.env); named != "" {
		f.useNamed(s, named)
		return
	}
	var refused []string // why the files found are of no use
	for _, candidate := range f.candidates(places) {
		why := f.tryJar(s, candidate)
		if why == "" {
			return
		}
		refused = append(refused, why)
	}
	if root := f.askGcloud(ctx); root != "" {
		for _, candidate := range newest(filepath.Join(root, places.inSDK)) {
			if f.tryJar(s, candidate) == "" {
				return
			}
		}
	}
	if f.javaVersion >= downloadJava {
		f.found.Download = append(f.found.Download, s)
		return
	}
	because := "not in the Google Cloud SDK, nor in the cache of firebase-tools"
	if len(refused) > 0 {
		because = strings.Join(refused, "; ")
	}
	f.lack(places.name, because, fmt.Sprintf("gcloud components install %s, or sudo apt-get install -y %s, "+
		"or Java %d (%s), with which it is downloaded on first use", places.component, places.apt, downloadJava,
		f.byOS("sudo apt-get install -y openjdk-21-jre-headless", "brew install openjdk@21")))
}

// useNamed takes the file that a variable names, and no other.
func (f *finder) useNamed(s Service, file string) {
	if why := f.tryJar(s, file); why != "" {
		f.lack(jarsOf[s].name, why, fmt.Sprintf("set %s to its jar, or unset it to have it searched", jarsOf[s].env))
	}
}

// tryJar takes the file if the Java at hand can run it, and otherwise says why not. Without a Java,
// whose absence is reported already, any readable jar will do.
func (f *finder) tryJar(s Service, file string) (refused string) {
	info, err := inspectJar(file, jarsOf[s].mainClass)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !Exists(file):
		return file + " does not exist"
	case err != nil:
		return err.Error()
	case f.javaVersion > 0 && info.Java > f.javaVersion:
		return fmt.Sprintf("%s needs Java %d, this is Java %d", file, info.Java, f.javaVersion)
	}
	f.found.Jars[s] = info
	return ""
}

// candidates returns the files that are found without starting a program, best first.
func (f *finder) candidates(places jarPlaces) []string {
	var files []string
	for _, root := range f.sdkRoots() {
		files = append(files, newest(filepath.Join(root, places.inSDK))...)
	}
	cache := f.Getenv("FIREBASE_EMULATORS_PATH")
	if cache == "" {
		cache = filepath.Join(f.Home, ".cache", "firebase", "emulators")
	}
	return append(files, newest(filepath.Join(cache, places.inCache))...)
}

// sdkRoots returns where the Google Cloud SDK may lie: what the environment says, the folder of the
// gcloud on the PATH, and where the common installers put it.
func (f *finder) sdkRoots() []string {
	var roots []string
	for _, name := range []string{"CLOUDSDK_ROOT_DIR", "CLOUDSDK_ROOT"} {
		if root := f.Getenv(name); root != "" {
			roots = append(roots, root)
		}
	}
	if gcloud, err := f.LookPath("gcloud"); err == nil {
		if real, err := filepath.EvalSymlinks(gcloud); err == nil {
			roots = append(roots, filepath.Dir(filepath.Dir(real))) // ROOT/bin/gcloud
		}
	}
	roots = append(roots, filepath.Join(f.Home, "google-cloud-sdk"))
	for _, place := range []string{
		"/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/opt/google-cloud-sdk",
		"/usr/local/google-cloud-sdk", "/usr/local/share/google-cloud-sdk", "/opt/homebrew/share/google-cloud-sdk",
		"/snap/google-cloud-cli/current", "/google-cloud-sdk",
	} {
		roots = append(roots, filepath.Join(f.Root, place))
	}
	return roots
}

// askGcloud asks the gcloud on the PATH, if any, where it is installed; a wrapper script hides that
// from sdkRoots.
func (f *finder) askGcloud(ctx context.Context) string {
	gcloud, err := f.LookPath("gcloud")
	if err != nil {
		return ""
	}
	out, err := f.Output(ctx, gcloud, "info", "--format=value(installation.sdk_root)")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}
