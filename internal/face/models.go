package face

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
)

// models are the cascades, ready to run. They are never written to after loading.
type models struct {
	finder *finder
	pupil  *regressor
	// places holds the landmark cascades by pigo's names.
	places map[string]*regressor
}

// loaded are the models, once loadModels was called. It is no sync.OnceValues, whose function every program would link that imports
// this package, and the cascades with it.
var loaded struct {
	once   sync.Once
	models *models
	err    error
}

// loadModels checks and parses the cascades at the first call, about 10 ms, so that a function that never sees a photo does not
// pay for it.
func loadModels() (*models, error) {
	loaded.once.Do(func() { loaded.models, loaded.err = modelsFrom(cascades()) })
	return loaded.models, loaded.err
}

func modelsFrom(files map[string][]byte) (*models, error) {
	m := &models{places: map[string]*regressor{}}
	for _, c := range cascadeSums {
		if err := check(files[c.name], c.sha256); err != nil {
			return nil, fmt.Errorf("face: cascade %s: %w", c.name, err)
		}
		if err := m.add(c.name, files[c.name]); err != nil {
			return nil, fmt.Errorf("face: cascade %s: %w", c.name, err)
		}
	}
	return m, nil
}

func (m *models) add(name string, data []byte) (err error) {
	switch name {
	case "facefinder":
		m.finder, err = parseFinder(data)
	case "puploc":
		m.pupil, err = parseRegressor(data)
	default:
		m.places[name], err = parseRegressor(data)
	}
	return err
}

// check compares the checksum of a cascade: data that differ in one bit would give scores that look sound and are not.
func check(data []byte, want string) error {
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("damaged: sha256 is %s, not %s", got, want)
	}
	return nil
}
