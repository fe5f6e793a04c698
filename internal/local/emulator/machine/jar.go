package machine

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// firestoreMain is the main class of Google's Firestore emulator. The jar of the gcloud component
// does not name it in its manifest, the one firebase-tools downloads does.
const firestoreMain = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"

// Jar is an emulator's jar, as far as it has to be known to run it.
type Jar struct {
	// Path is the file.
	Path string
	// Java is the major version of Java which its main class was compiled for.
	Java int

	mainClass string
	named     bool // the manifest names the main class
}

// Args returns the arguments of java that run the jar's main class.
func (j Jar) Args() []string {
	if j.named {
		return []string{"-jar", j.Path}
	}
	return []string{"-cp", j.Path, j.mainClass}
}

// inspectJar reads a jar's manifest and the class-file version of its main class. fallbackMain is
// that class when the manifest names none.
func inspectJar(file, fallbackMain string) (Jar, error) {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return Jar{}, fmt.Errorf("open jar %s: %w", file, err)
	}
	defer func() { _ = archive.Close() }() // was only read

	j := Jar{Path: file}
	if j.mainClass, err = manifestMain(&archive.Reader); err != nil {
		return Jar{}, fmt.Errorf("read manifest of %s: %w", file, err)
	}
	if j.named = j.mainClass != ""; !j.named {
		j.mainClass = fallbackMain
	}
	if j.Java, err = classVersion(&archive.Reader, j.mainClass); err != nil {
		return Jar{}, fmt.Errorf("read class %s of %s: %w", j.mainClass, file, err)
	}
	return j, nil
}

// manifestMain returns the Main-Class of a jar's manifest, or "".
func manifestMain(archive *zip.Reader) (string, error) {
	manifest, err := archive.Open(path.Join("META-INF", "MANIFEST.MF"))
	if err != nil {
		return "", err
	}
	defer func() { _ = manifest.Close() }()
	lines := bufio.NewScanner(manifest)
	for lines.Scan() {
		if class, ok := strings.CutPrefix(lines.Text(), "Main-Class:"); ok {
			return strings.TrimSpace(class), nil
		}
	}
	return "", lines.Err()
}

// classVersion returns the Java version a class was compiled for: bytes 6 and 7 of a class file are
// its format's major version, which is the Java version plus 44.
func classVersion(archive *zip.Reader, class string) (int, error) {
	file, err := archive.Open(strings.ReplaceAll(class, ".", "/") + ".class")
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	var head [8]byte
	if _, err := io.ReadFull(file, head[:]); err != nil {
		return 0, err
	}
	if string(head[:4]) != "\xca\xfe\xba\xbe" {
		return 0, errors.New("not a class file")
	}
	return int(head[6])<<8 + int(head[7]) - 44, nil
}
