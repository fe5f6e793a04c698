package usertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
)

// Published is a message and its topic.
type Published struct {
	Topic string
	event.Message
}

// bus keeps what is published.
type bus struct {
	mu   sync.Mutex
	sent []Published
}

// Publish keeps the message.
func (b *bus) Publish(_ context.Context, topic string, data []byte, attributes map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := strconv.Itoa(len(b.sent))
	b.sent = append(b.sent, Published{topic, event.Message{ID: id, Data: data, Attributes: attributes}})
	return nil
}

// Published returns all that was published and all finalize notifications of photos, in their
// order.
func (w *World) Published() []Published {
	w.tb.Helper()
	w.bus.mu.Lock()
	w.taken = append(w.taken, w.bus.sent...)
	w.bus.sent = nil
	w.bus.mu.Unlock()
	for _, o := range w.photos() {
		key := fmt.Sprintf("%s#%d", o.Name, o.Generation)
		if w.finalized[key] {
			continue
		}
		w.finalized[key] = true
		data, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
			Bucket: o.Bucket, Name: o.Name, Generation: o.Generation, Size: o.Size, Metadata: o.Metadata,
		})
		w.must(err)
		m := event.Message{ID: key, Data: data, Attributes: attributes}
		w.taken = append(w.taken, Published{event.TopicUploadFinalized, m})
	}
	return slices.Clone(w.taken)
}

// Told returns the data of the published events of type P, in their order.
func Told[P event.Payload](w *World) (all []P) {
	w.tb.Helper()
	var none P
	for _, m := range w.Published() {
		if m.Topic != event.Topic(none.EventType()) {
			continue
		}
		e, err := event.Decode(m.Data)
		w.must(err)
		data, err := event.As[P](e)
		w.must(err)
		all = append(all, data)
	}
	return all
}

func (w *World) photos() (all []*storage.ObjectAttrs) {
	objects := w.Uploads.Objects(w.tb.Context(), &storage.Query{Prefix: "uploads/"})
	for {
		o, err := objects.Next()
		if err != nil {
			return all // at the end, or the test finds what is missing
		}
		all = append(all, o)
	}
}

// Takes reports whether the function has a subscription to the topic, by the catalog.
func Takes(function, topic string) bool {
	return slices.ContainsFunc(catalog.Subscriptions(), func(s catalog.Subscription) bool {
		return s.Topic == topic && s.Function.Name == function
	})
}

// Deliver hands the functions, all by default, what was published for them since they were last
// asked, until there is nothing more. A message that a function fails on fails the test.
func (w *World) Deliver(functions ...string) {
	w.tb.Helper()
	if err := w.TryDeliver(functions...); err != nil {
		w.tb.Error(err)
	}
}

// TryDeliver is like [World.Deliver] and returns the functions' errors.
func (w *World) TryDeliver(functions ...string) error {
	w.tb.Helper()
	if len(functions) == 0 {
		for name := range w.Handlers {
			functions = append(functions, name)
		}
		slices.Sort(functions)
	}
	var faults []error
	for again := true; again; {
		again = false
		for _, function := range functions {
			log := w.Published()
			for _, m := range log[w.delivered[function]:] {
				again = true
				if !Takes(function, m.Topic) {
					continue
				}
				if err := w.Handlers[function](w.tb.Context(), m.Message); err != nil {
					faults = append(faults, fmt.Errorf("%s: %w", function, err))
				}
			}
			w.delivered[function] = len(log)
		}
	}
	return errors.Join(faults...)
}
