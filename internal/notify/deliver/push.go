package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/messaging"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
)

// refusals is the number of messages in a row that FCM refuses for a token before its device goes.
const refusals = 3

// target is a device to push to, with the update time of its document, so that a device that has
// changed is not deleted.
type target struct {
	device.Device
	snap *firestore.DocumentSnapshot
}

// push sends to each device that earlier attempts did not reach. If FCM reports a token as dead,
// its device is deleted. If FCM refuses a token, the device is given up for this message, and
// deleted when that has happened often. A message that FCM refuses for each device is parked. After
// any other error the next attempt tries the device again.
func (c *Consumer) push(ctx context.Context, p parcel) outcome {
	targets, err := c.targets(ctx, p.user.UID)
	if err != nil {
		return failure(err)
	}
	// The device that is new need not be told of itself.
	targets = slices.DeleteFunc(targets, func(t target) bool { return p.of[0].Concerns(t.snap.Ref.ID) })
	served := p.served()
	if len(targets) == 0 && len(served) == 0 {
		return outcome{skipped: "no_devices"}
	}
	targets = slices.DeleteFunc(targets, func(t target) bool { return slices.Contains(served, t.snap.Ref.ID) })
	text, err := p.text()
	if err != nil {
		return failure(err)
	}
	answers := make([]error, len(targets))
	var sending sync.WaitGroup
	for i, t := range targets {
		sending.Go(func() { answers[i] = c.FCM.Send(ctx, pushOf(p, text, t.Token, c.Now())) })
	}
	sending.Wait()
	return c.settle(ctx, targets, answers)
}

// text returns the title and body of the push.
func (p parcel) text() (notify.Text, error) {
	if len(p.of) > 1 {
		return p.of.Text(p.user)
	}
	return p.of[0].Text(p.user)
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

// settle follows FCM's answers for the devices.
func (c *Consumer) settle(ctx context.Context, targets []target, answers []error) outcome {
	var o outcome
	payload := len(targets) > 0
	for _, err := range answers {
		payload = payload && (errors.Is(err, fcm.ErrPayload) || len(targets) > 1 && errors.Is(err, fcm.ErrArgument))
	}
	if payload {
		err := fmt.Errorf("%w: FCM refuses its push: %w", event.ErrMalformed, answers[0])
		return outcome{err: err, fault: "payload", final: true}
	}
	for i, err := range answers {
		t := targets[i]
		done, err := c.settleOne(ctx, t, err)
		if done {
			o.served = append(o.served, t.snap.Ref.ID)
		}
		if err != nil {
			f := failure(err)
			o.err, o.fault, o.wait = errors.Join(o.err, err), f.fault, max(o.wait, f.wait)
		}
	}
	return o
}

// settleOne reports whether the device is done with the message.
func (c *Consumer) settleOne(ctx context.Context, t target, answer error) (done bool, err error) {
	switch {
	case answer == nil:
		return true, nil
	case errors.Is(answer, fcm.ErrDead):
		return true, c.forget(ctx, t)
	case errors.Is(answer, fcm.ErrToken), errors.Is(answer, fcm.ErrArgument), errors.Is(answer, fcm.ErrPayload):
		slog.WarnContext(ctx, "push refused", "error", answer)
		return true, c.refused(ctx, t)
	}
	return false, fmt.Errorf("push: %w", answer)
}

// refused counts the messages in a row that FCM refused for the token, and deletes the device after
// the last of them.
func (c *Consumer) refused(ctx context.Context, t target) error {
	if t.Refused+1 >= refusals {
		return c.forget(ctx, t)
	}
	_, err := t.snap.Ref.Update(ctx, []firestore.Update{{Path: "refused", Value: t.Refused + 1}},
		firestore.LastUpdateTime(t.snap.UpdateTime))
	if err != nil && !store.Overtaken(err) {
		return fmt.Errorf("count a refusal: %w", err)
	}
	return nil
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

// pushOf returns the push of a parcel. The parcel's id names it on the device, so that a repeated
// push replaces the first. The collapse key is the group (see [notify.Rule]). The push is no news
// any more when the rule's life is over, for each platform in its own words. The group is Android's
// channel, too. The contract describes it as the webhook push.
func pushOf(p parcel, text notify.Text, token string, now time.Time) *messaging.Message {
	rule := p.of.Rule()
	data := map[string]string{"type": "digest", "kind": "digest", "eventId": p.id}
	if len(p.of) == 1 {
		maps.Copy(data, p.of[0].Data)
		data["type"], data["kind"] = p.of[0].Type, string(rule.Kind)
	}
	data["link"] = linkTo(data)
	seconds := strconv.FormatInt(int64(rule.Life/time.Second), 10)
	apns := map[string]string{
		"apns-collapse-id": p.id, "apns-priority": "5",
		"apns-expiration": strconv.FormatInt(now.Add(rule.Life).Unix(), 10),
	}
	android, urgency := "normal", "normal"
	if rule.High {
		apns["apns-priority"], android, urgency = "10", "high", "high"
	}
	return &messaging.Message{
		Token:        token,
		Notification: &messaging.Notification{Title: text.Title, Body: text.Body},
		Data:         data,
		Android: &messaging.AndroidConfig{
			CollapseKey: rule.Group, Priority: android, TTL: &rule.Life,
			Notification: &messaging.AndroidNotification{Tag: p.id, ChannelID: rule.Group, DefaultSound: true},
		},
		APNS: &messaging.APNSConfig{
			Headers: apns, Payload: &messaging.APNSPayload{Aps: &messaging.Aps{Sound: "default", ThreadID: rule.Group}},
		},
		Webpush: &messaging.WebpushConfig{
			Headers:      map[string]string{"Topic": webTopic(p.id), "TTL": seconds, "Urgency": urgency},
			Notification: &messaging.WebpushNotification{Tag: p.id},
		},
	}
}

// linkTo returns the place in the app that a push with the data leads to.
func linkTo(data map[string]string) string {
	switch {
	case data["seriesId"] != "":
		return "/series/" + data["seriesId"]
	case data["scanId"] != "":
		return "/scans/" + data["scanId"]
	case data["board"] != "":
		return "/leaderboards/" + data["board"]
	case data["exportId"] != "":
		return "/export"
	}
	return "/inbox"
}

// webTopic shortens the id to the 32 characters that RFC 8030 allows.
func webTopic(id string) string { return id[:min(len(id), 32)] }
