package face

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"

	pigo "github.com/esimov/pigo/core"
)

// The trained cascades of pigo, unchanged; see cascades/NOTICE.
//
//go:embed cascades
var cascadeFiles embed.FS

// models are the cascades, ready to run. They are never written to after loading.
type models struct {
	finder *pigo.Pigo
	pupil  *regressor
	// places holds the landmark cascades by pigo's names.
	places map[string]*regressor
}

// loadModels checks and parses the cascades at the first call, about 15 ms, so that a function that never sees a photo does not
// pay for it.
var loadModels = sync.OnceValues(func() (*models, error) {
	files, err := fs.Sub(cascadeFiles, "cascades")
	if err != nil {
		return nil, fmt.Errorf("face: %w", err)
	}
	return modelsFrom(files)
})

func modelsFrom(files fs.FS) (*models, error) {
	m := &models{places: map[string]*regressor{}}
	for _, c := range cascadeSums {
		data, err := readChecked(files, c.name, c.sha256)
		if err != nil {
			return nil, err
		}
		if err := m.add(c.name, data); err != nil {
			return nil, fmt.Errorf("face: cascade %s: %w", c.name, err)
		}
	}
	return m, nil
}

func (m *models) add(name string, data []byte) (err error) {
	switch name {
	case "facefinder":
		m.finder, err = pigo.NewPigo().Unpack(data)
	case "puploc":
		m.pupil, err = parseRegressor(data)
	default:
		m.places[name], err = parseRegressor(data)
	}
	return err
}

// readChecked reads a cascade and compares its checksum: pigo panics on damaged data, and data that differ in one bit would give
// scores that look sound and are not.
func readChecked(files fs.FS, name, want string) ([]byte, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("face: cascade %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != want {
		return nil, fmt.Errorf("face: cascade %s is damaged: sha256 is %s, not %s", name, got, want)
	}
	return data, nil
}
