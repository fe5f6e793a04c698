package emulator

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// firestoreMain is the main class of Google's Firestore emulator. The jar of the gcloud component does not name it
// in its manifest, the one firebase-tools downloads does.
const firestoreMain = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"

// jarInfo is what has to be known about a jar to run it.
type jarInfo struct {
	mainClass string // from the manifest; empty when it names none
	java      int    // major version of Java which the main class was compiled for
}

// inspectJar reads a jar's manifest and the class-file version of its main class. fallbackMain is the class to look
// at when the manifest names none.
func inspectJar(file, fallbackMain string) (jarInfo, error) {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return jarInfo{}, fmt.Errorf("open jar %s: %w", file, err)
	}
	defer func() { _ = archive.Close() }() // was only read

	info := jarInfo{}
	if info.mainClass, err = manifestMain(&archive.Reader); err != nil {
		return jarInfo{}, fmt.Errorf("read manifest of %s: %w", file, err)
	}
	class := info.mainClass
	if class == "" {
		class = fallbackMain
	}
	if info.java, err = classVersion(&archive.Reader, class); err != nil {
		return jarInfo{}, fmt.Errorf("read class %s of %s: %w", class, file, err)
	}
	return info, nil
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

// classVersion returns the Java version a class was compiled for: bytes 6 and 7 of a class file are its format's
// major version, which is the Java version plus 44.
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
