package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/messaging"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
)

// target is a device to push to, with the update time of its document, so that a device that has
// changed is not deleted.
type target struct {
	device.Device
	snap *firestore.DocumentSnapshot
}

// push sends to each device that earlier attempts did not reach. If FCM reports a token as dead,
// its device is deleted. If FCM refuses the request for a device, it is given up for this event.
// After any other error the next delivery tries the device again.
func (c *Consumer) push(ctx context.Context, msg notify.Message, mine claim) outcome {
	targets, err := c.targets(ctx, msg.UID)
	if err != nil {
		return outcome{err: err}
	}
	if len(targets) == 0 && len(mine.served) == 0 {
		return outcome{skipped: "no_devices"}
	}
	targets = slices.DeleteFunc(targets, func(t target) bool { return slices.Contains(mine.served, t.snap.Ref.ID) })
	if len(targets) == 0 {
		return outcome{}
	}
	answers := make([]error, len(targets))
	var sending sync.WaitGroup
	for i, t := range targets {
		sending.Go(func() { answers[i] = c.FCM.Send(ctx, pushOf(msg, t.Token)) })
	}
	sending.Wait()
	var result outcome
	var faults []error
	for i, answer := range answers {
		served, err := c.settle(ctx, targets[i], answer)
		if served {
			result.served = append(result.served, targets[i].snap.Ref.ID)
		}
		faults = append(faults, err)
	}
	result.err = errors.Join(faults...)
	return result
}

// targets returns the devices to push to, one for each token.
func (c *Consumer) targets(ctx context.Context, uid account.UID) ([]target, error) {
	snaps, err := device.Of(account.Ref(c.Firestore, uid)).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	now := c.Now()
	byToken := map[string]target{}
	for _, snap := range snaps {
		t := target{snap: snap}
		if err := snap.DataTo(&t.Device); err != nil {
			return nil, fmt.Errorf("decode device: %w", err)
		}
		if t.ExpireAt.After(now) {
			byToken[t.Token] = t
		}
	}
	return slices.Collect(maps.Values(byToken)), nil
}

// settle reports whether the device is done with the event.
func (c *Consumer) settle(ctx context.Context, t target, answer error) (served bool, err error) {
	switch {
	case answer == nil:
		return true, nil
	case errors.Is(answer, fcm.ErrDead):
		return true, c.forget(ctx, t)
	case errors.Is(answer, fcm.ErrToken), errors.Is(answer, fcm.ErrArgument), errors.Is(answer, fcm.ErrPayload):
		slog.WarnContext(ctx, "push refused", "error", answer)
		return true, nil
	default:
		return false, fmt.Errorf("push: %w", answer)
	}
}

// forget deletes a device whose token is dead, unless the app has just renewed it.
func (c *Consumer) forget(ctx context.Context, t target) error {
	_, err := t.snap.Ref.Delete(ctx, firestore.LastUpdateTime(t.snap.UpdateTime))
	if store.Overtaken(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete a dead device: %w", err)
	}
	return nil
}

// pushOf returns the push of a message. The event's id names it on the device, so that a repeated
// push replaces the first. The collapse key is the type, since FCM keeps no more than four keys for
// a device that is offline: it then shows the latest of each type, and the inbox has them all.
func pushOf(msg notify.Message, token string) *messaging.Message {
	data := maps.Clone(msg.Data)
	data["type"], data["eventId"] = msg.Type, msg.ID
	return &messaging.Message{
		Token:        token,
		Notification: &messaging.Notification{Title: msg.Title, Body: msg.Body},
		Data:         data,
		Android: &messaging.AndroidConfig{
			CollapseKey: msg.Type, Notification: &messaging.AndroidNotification{Tag: msg.ID},
		},
		APNS: &messaging.APNSConfig{Headers: map[string]string{"apns-collapse-id": msg.ID}},
		Webpush: &messaging.WebpushConfig{
			Headers: map[string]string{"Topic": webTopic(msg.ID)}, Notification: &messaging.WebpushNotification{Tag: msg.ID},
		},
	}
}

// webTopic shortens the id to the 32 characters that RFC 8030 allows.
func webTopic(id string) string { return id[:min(len(id), 32)] }
