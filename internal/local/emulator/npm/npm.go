// Package npm pins firebase-tools, the npm package with the Firebase Auth emulator, and names the
// folder in which it is kept once it is installed.
package npm

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// pinned is the npm package that pins firebase-tools, with the hash of everything it depends on.
//
//go:embed package.json package-lock.json
var pinned embed.FS

// AuthScript runs the Auth emulator; node -e takes it, in the folder of firebase-tools.
//
//go:embed auth.js
var AuthScript string

// AuthServer is the part of firebase-tools that is run, below its folder. An install is complete
// when it is there.
const AuthServer = "node_modules/firebase-tools/lib/emulator/auth/server.js"

// Files returns what npm installs firebase-tools from, by name.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := pinned.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read embedded %s: %w", name, err)
		}
		files[name] = data
	}
	return files, nil
}

// Packages returns how many packages are installed: those of the lock file that are not optional.
func Packages() (int, error) {
	files, err := Files()
	if err != nil {
		return 0, err
	}
	var lock struct {
		Packages map[string]struct{ Optional bool }
	}
	if err := json.Unmarshal(files["package-lock.json"], &lock); err != nil {
		return 0, fmt.Errorf("parse embedded package-lock.json: %w", err)
	}
	n := 0
	for name, p := range lock.Packages {
		if name != "" && !p.Optional {
			n++
		}
	}
	return n, nil
}

// Folder returns where firebase-tools is kept below a cache folder; its name carries a hash of the
// pinned versions. The cache "" is the folder facescan of the user's cache.
func Folder(cache string) (string, error) {
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find the cache folder for firebase-tools: %w", err)
		}
		cache = filepath.Join(user, "facescan")
	}
	files, err := Files()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	sum.Write(files["package.json"])
	sum.Write(files["package-lock.json"])
	return filepath.Join(cache, "auth-emulator-"+hex.EncodeToString(sum.Sum(nil))[:12]), nil
}

// Installed reports whether firebase-tools is complete in the folder.
func Installed(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, filepath.FromSlash(AuthServer)))
	return err == nil
}
