package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/keys"
)

var (
	// ErrForged means that no writer who may publish to the topic has written the document.
	ErrForged = errors.New("no writer who may publish it has signed it")
	// ErrUnsigned means that a version before there were signatures wrote the document. The step
	// outbox of scripts/migrate signs it.
	ErrUnsigned = errors.New("it is not signed: scripts/migrate signs it")
)

// sign signs the document with the id for the writer of the ring.
func (d *document) sign(key keys.Ring, id string) {
	d.Writer = key.Writer()
	d.Proof = key.ID(keys.Owed, d.proven(id))
}

// proven returns what a proof is of: all that is published, and where.
func (d *document) proven(id string) string {
	text, err := json.Marshal(struct {
		ID, Writer, Topic string
		Data              []byte
		Attributes        map[string]string
	}{id, d.Writer, d.Topic, d.Data, d.Attributes})
	if err != nil {
		panic(err) // texts and bytes are always marshalled
	}
	return string(text)
}

// Endorse returns the updates with which the operator signs a document of a version before there
// were signatures. key is the operator's. It returns nil for a document that
// is signed.
func Endorse(snap *firestore.DocumentSnapshot, key keys.Ring) ([]firestore.Update, error) {
	var d document
	if err := snap.DataTo(&d); err != nil {
		return nil, fmt.Errorf("read outbox document %s: %w", snap.Ref.ID, err)
	}
	if !d.unsigned() {
		return nil, nil
	}
	d.sign(key, snap.Ref.ID)
	return []firestore.Update{
		{Path: "schema", Value: schema}, {Path: "writer", Value: d.Writer}, {Path: "proof", Value: d.Proof},
	}, nil
}

// unsigned reports whether the document is of a version before there were signatures.
func (d document) unsigned() bool { return d.Schema < schema && d.Writer == "" && d.Proof == "" }

// judge decides what the sweep publishes.
type judge struct {
	// ringOf returns the ring of the writer, if there may be one.
	ringOf func(writer string) (keys.Ring, bool)
	// may reports whether the writer may publish to the topic.
	may func(writer, topic string) bool
}

// check returns [ErrForged] or [ErrUnsigned] unless the document with the id may be published.
func (j judge) check(id string, d document) error {
	if d.unsigned() {
		return ErrUnsigned
	}
	ring, ok := j.ringOf(d.Writer)
	if !ok || !slices.Contains(ring.IDs(keys.Owed, d.proven(id)), d.Proof) {
		return fmt.Errorf("%w: the proof of %q is wrong", ErrForged, d.Writer)
	}
	if !j.may(d.Writer, d.Topic) {
		return fmt.Errorf("%w: %q may not publish to %q", ErrForged, d.Writer, d.Topic)
	}
	return nil
}
