package cascade

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
)

// Models are the cascades, ready to run. They are never written to after loading.
type Models struct {
	finder *finder
	Pupil  *regressor
	// Places holds the landmark cascades by pigo's names.
	Places map[string]*regressor
}

// loaded holds the models once LoadModels was called. A sync.OnceValues would make every program
// that imports this package link its function and the cascades.
var loaded struct {
	once   sync.Once
	models *Models
	err    error
}

// LoadModels returns the models. It checks and parses the cascades at the first call, in about 10
// ms, so that a function that measures no photo does not pay for it.
func LoadModels() (*Models, error) {
	loaded.once.Do(func() { loaded.models, loaded.err = ModelsFrom(Cascades()) })
	return loaded.models, loaded.err
}

// ModelsFrom parses the cascades from their files and verifies the checksums.
func ModelsFrom(files map[string][]byte) (*Models, error) {
	m := &Models{Places: map[string]*regressor{}}
	for _, c := range CascadeSums {
		if err := check(files[c.name], c.sha256); err != nil {
			return nil, fmt.Errorf("face: cascade %s: %w", c.name, err)
		}
		if err := m.add(c.name, files[c.name]); err != nil {
			return nil, fmt.Errorf("face: cascade %s: %w", c.name, err)
		}
	}
	return m, nil
}

func (m *Models) add(name string, data []byte) (err error) {
	switch name {
	case "facefinder":
		m.finder, err = parseFinder(data)
	case "puploc":
		m.Pupil, err = parseRegressor(data)
	default:
		m.Places[name], err = parseRegressor(data)
	}
	return err
}

// check verifies the checksum of a cascade. Data that differ in one bit would give plausible but
// wrong scores.
func check(data []byte, want string) error {
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("damaged: sha256 is %s, not %s", got, want)
	}
	return nil
}
