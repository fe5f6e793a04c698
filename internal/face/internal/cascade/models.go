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

// loaded are the models, once loadModels was called. It is no sync.OnceValues, whose function every
// program would link that imports this package, and the cascades with it.
var loaded struct {
	once   sync.Once
	models *Models
	err    error
}

// LoadModels checks and parses the cascades at the first call, about 10 ms, so that a function that
// never sees a photo does not pay for it.
func LoadModels() (*Models, error) {
	loaded.once.Do(func() { loaded.models, loaded.err = ModelsFrom(Cascades()) })
	return loaded.models, loaded.err
}

// ModelsFrom reads the cascades from their files, which it holds to their checksums.
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

// check compares the checksum of a cascade: data that differ in one bit would give scores that look
// sound and are not.
func check(data []byte, want string) error {
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("damaged: sha256 is %s, not %s", got, want)
	}
	return nil
}
