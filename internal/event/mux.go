package event

import (
	"context"
	"maps"
	"slices"
)

// Mux calls the handler of an event's type. The zero Mux has no handlers; [On] adds them.
type Mux struct {
	handlers  map[string]func(context.Context, Event) error
	finalized func(context.Context, ObjectFinalized) error
}

// On registers handle for events of type P. It panics if the type already has a handler.
func On[P Payload](m *Mux, handle func(ctx context.Context, e Event, data P) error) {
	var none P
	kind := none.EventType()
	if _, taken := m.handlers[kind]; taken {
		panic("event: two handlers of " + kind)
	}
	if m.handlers == nil {
		m.handlers = map[string]func(context.Context, Event) error{}
	}
	m.handlers[kind] = func(ctx context.Context, e Event) error {
		data, err := As[P](e)
		if err != nil {
			return err
		}
		return handle(ctx, e, data)
	}
}

// OnFinalized registers handle for Cloud Storage's notifications. Unlike events, they have no
// [AttributeType].
func (m *Mux) OnFinalized(handle func(context.Context, ObjectFinalized) error) { m.finalized = handle }

// Handle decodes the event in the message and calls the handler of its type. The error for an
// unreadable event, or for a type without a handler, wraps [ErrMalformed].
func (m *Mux) Handle(ctx context.Context, msg Message) error {
	if m.finalized != nil && msg.Attributes[AttributeType] == "" {
		object, err := msg.Finalized()
		if err != nil {
			return err
		}
		return m.finalized(ctx, object)
	}
	e, err := Decode(msg.Data)
	if err != nil {
		return err
	}
	handle, ok := m.handlers[e.Type]
	if !ok {
		return malformed(nil, "no handler for %q", e.Type)
	}
	return handle(ctx, e)
}

// Topics returns the topics that have a handler, sorted.
func (m *Mux) Topics() []string {
	var topics []string
	if m.finalized != nil {
		topics = append(topics, TopicUploadFinalized)
	}
	for kind := range maps.Keys(m.handlers) {
		topics = append(topics, Topic(kind))
	}
	slices.Sort(topics)
	return topics
}
