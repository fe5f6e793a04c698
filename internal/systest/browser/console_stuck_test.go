//go:build browser

package browser_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/facescan/facescan/functions/analyze"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/host"
)

// ending is the comment of a photo at which the engine panics.
const ending = "ends the engine"

// endAtSome has the engine panic at photos with the comment, before the functions are built.
func endAtSome() {
	analyze.Scan = func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		photo, err := io.ReadAll(r)
		if err != nil {
			return report.Report{}, nil, err
		}
		if bytes.Contains(photo, []byte(ending)) {
			panic(ending)
		}
		return face.Scan(bytes.NewReader(photo), o)
	}
}

// commented is the photo with a comment, the same to the pixel.
func commented(photo []byte, comment string) []byte {
	segment := append([]byte{0xff, 0xfe, 0, byte(2 + len(comment))}, comment...)
	return bytes.Join([][]byte{photo[:2], segment, photo[2:]}, nil)
}

// sweeps is the topic of the requests to sweep, of which the dead letters are.
var sweeps = event.Topic(event.SweepRequestedV1{}.EventType())

// marked is the attribute by which a message is known again.
const marked = "marked-by-the-test"

// post publishes a request to sweep to the topic.
func post(t *testing.T, client *pubsub.Client, topic string, attributes map[string]string) {
	t.Helper()
	data, err := os.ReadFile("../../event/testdata/sweep.requested.v1.json")
	prepared(t, err)
	publisher := client.Publisher(topic)
	defer publisher.Stop()
	attributes[event.AttributeType] = event.SweepRequestedV1{}.EventType()
	_, err = publisher.Publish(t.Context(), &pubsub.Message{Data: data, Attributes: attributes}).Get(t.Context())
	prepared(t, err)
}

// bury makes a dead letter of a request to sweep, as package pusher does after the last attempt.
func bury(t *testing.T, client *pubsub.Client, mark string) {
	t.Helper()
	post(t, client, catalog.DeadLetterTopic, map[string]string{
		marked: mark,
		"CloudPubSubDeadLetterSourceDeliveryCount":       "20",
		"CloudPubSubDeadLetterSourceSubscription":        "sweep." + sweeps,
		"CloudPubSubDeadLetterSourceSubscriptionProject": host.Project,
		"CloudPubSubDeadLetterSourceTopicPublishTime":    "2026-11-21T12:00:00.000Z",
	})
}

// overhear subscribes to the requests to sweep, and returns the marks of those published until now.
func overhear(t *testing.T, client *pubsub.Client) (marks func() []string) {
	t.Helper()
	const name = "projects/" + host.Project + "/subscriptions/overheard"
	admin := client.SubscriptionAdminClient
	_, err := admin.CreateSubscription(t.Context(), &pubsubpb.Subscription{
		Name: name, Topic: "projects/" + host.Project + "/topics/" + sweeps,
	})
	prepared(t, err)
	t.Cleanup(func() {
		prepared(t, admin.DeleteSubscription(context.WithoutCancel(t.Context()), &pubsubpb.DeleteSubscriptionRequest{
			Subscription: name,
		}))
	})
	const end = "end"
	return func() (all []string) {
		post(t, client, sweeps, map[string]string{marked: end})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for {
			pulled, err := admin.Pull(ctx, &pubsubpb.PullRequest{Subscription: name, MaxMessages: 100})
			prepared(t, err)
			for _, one := range pulled.GetReceivedMessages() {
				switch mark := one.GetMessage().GetAttributes()[marked]; mark {
				case end:
					return all
				case "":
				default:
					all = append(all, mark)
				}
			}
		}
	}
}

// unpark removes what is parked, of which other tests find nothing.
func unpark(t *testing.T) {
	t.Helper()
	fs, err := firestore.NewClient(t.Context(), host.Project)
	prepared(t, err)
	defer func() { prepared(t, fs.Close()) }()
	all, err := fs.Collection("parked").Documents(t.Context()).GetAll()
	prepared(t, err)
	for _, doc := range all {
		_, err := doc.Ref.Delete(t.Context())
		prepared(t, err)
	}
}

// A photo at which the engine ends is refused, its event is parked, and an operator publishes it
// again. Of two dead letters one is published again, the other removed.
func TestConsole_stuck(t *testing.T) {
	v := openConsole(t, desk)
	v.enrol("console-stuck@example.com")
	file := filepath.Join(t.TempDir(), "photo.jpg")
	prepared(t, os.WriteFile(file, commented(photoOf(t, "completed"), ending), 0o600))
	v.press("#tab-file")
	v.choose("#choose", file)
	v.press("#measure")
	v.refused("analysis_crashed")
	v.view("crashed")

	v.goes("#/operator/stuck")
	v.shows("#parked .stuck", "the face engine panicked: "+ending)
	v.shows("#parked .stuck", "analyze · ← upload-finalized")
	v.view("operator-parked")
	v.press("#parked .stuck button")
	v.shows("#parked .stuck", "Published again")
	v.holds("it cannot be published once more", `!document.querySelector("#parked .stuck button")`)
	unpark(t)

	client, err := pubsub.NewClient(t.Context(), host.Project)
	prepared(t, err)
	t.Cleanup(func() { prepared(t, client.Close()) })
	marks := overhear(t, client)
	bury(t, client, "one")
	bury(t, client, "another")
	v.until("both dead letters are there", func() bool {
		v.press("#dead > .loaded > .row button")
		v.holds("the view is loaded", `!document.querySelector("[aria-busy=true]")`)
		return must[int](v.page, `document.querySelectorAll("#dead .stuck").length`) == 2
	})
	v.shows("#dead .stuck", "20 attempts")
	v.view("operator-dead")
	v.press("#dead .stuck button:not(.danger)")
	v.holds("one is left", `document.querySelectorAll("#dead .stuck").length === 1`)
	v.press("#dead .stuck button.danger")
	v.shows("#dead", "There is no dead letter")
	if got := marks(); len(got) != 1 {
		t.Errorf("published again are %q", got)
	}
}

// Mails and pushes are seen as their readers see them.
func TestConsole_sent(t *testing.T) {
	m := enrolled(t, "console-sent@example.com")
	m.scanned(t)
	v := openConsole(t, phone)
	v.until("the mail and the push about the result are there", func() bool {
		v.goes("#/leave")
		v.goes("#/operator/sent")
		v.there("#sent-panel")
		v.runs(`document.querySelector("#sent-pushes").click()`)
		return must[bool](v.page, `document.querySelector("#pushes")?.innerText.includes("Your scan is ready") ?? false`)
	})
	v.runs(`document.querySelector("#pushes details summary").click()`)
	v.shows("#pushes", "token-of-console-sent@example.com")
	v.view("operator-pushes-sent")
	v.press("#sent-mails")
	v.runs(`[...document.querySelectorAll("#mails .sent")].find((mail) =>
	  mail.innerText.includes("console-sent@example.com")).querySelector("summary").click()`)
	v.shows("#mails [open] .letter .text", "symmetry percentile")
	v.view("operator-mail-sent")
	page := must[string](v.page, `document.querySelector("#mails [open] .letter a").href`)
	v.visit(page)
	v.shows("body", "symmetry percentile")
}
