package deploy

import (
	"fmt"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
)

// diagram returns what triggers what, in Mermaid's words. Of the sweep's topics, which are all of
// them, it has those of its own events. The database, which every function uses, is left out.
func diagram() string {
	d := drawing{}
	d.add(`app(["the app"])`)
	d.add(`balancer["HTTPS load balancer<br/>Cloud Armor"]`)
	d.add(`clock(["Cloud Scheduler<br/>every %d min"])`, int(catalog.SweepEvery/time.Minute))
	d.add(`uploads[("bucket uploads")]`)
	d.add(`results[("bucket results")]`)
	d.add(`tombstones[("bucket tombstones")]`)
	for _, topic := range catalog.Topics() {
		d.add(`%s{{"%s"}}`, topicNode(topic), topic)
	}
	for _, f := range catalog.Functions() {
		d.add(`%s["<b>%s</b>%s"]`, node(f), f.Name, strings.Join(append([]string{""}, f.Paths...), "<br/>"))
	}
	d.add("app --> balancer")
	d.add("app -- signed PUT --> uploads")
	d.add("results -- signed GET --> app")
	d.add("uploads -- finalize --> %s", topicNode(event.TopicUploadFinalized))
	d.add("clock --> %s", topicNode(sweepTopic))
	for _, f := range catalog.Functions() {
		d.function(f)
	}
	return "```mermaid\nflowchart LR\n" + d.String() + "```\n"
}

// drawing is lines of a diagram.
type drawing struct{ strings.Builder }

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(d, "  "+format+"\n", args...) }

// function draws what leads to the function and what it leads to.
func (d *drawing) function(f catalog.Function) {
	if f.Trigger == catalog.HTTP {
		d.add("balancer --> %s", node(f))
	}
	for _, topic := range f.Takes {
		d.add("%s --> %s", topicNode(topic), node(f))
	}
	if f.MaxAttempts > 0 {
		d.add(`%s -. "after %d attempts" .-> %s`, node(f), f.MaxAttempts, topicNode(catalog.DeadLetterTopic))
	}
	publishes := f.Publishes
	if f.Trigger == catalog.Schedule {
		publishes = catalog.SweepOwes()
	}
	for _, topic := range publishes {
		d.add("%s --> %s", node(f), topicNode(topic))
	}
	for _, bucket := range []struct{ name, may string }{
		{"uploads", f.Uploads}, {"results", f.Results}, {"tombstones", f.Tombstones},
	} {
		if bucket.may != "" {
			d.add("%s -- %s --- %s", node(f), bucket.may, bucket.name)
		}
	}
}

func node(f catalog.Function) string { return "function_" + f.Name }

func topicNode(topic string) string { return "topic_" + strings.ReplaceAll(topic, "-", "_") }
