package deliver

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/sample"
)

func TestWebTopic(t *testing.T) {
	if got := webTopic(strings.Repeat("x", 64)); len(got) != 32 {
		t.Errorf("a topic of %d characters", len(got))
	}
	if got := webTopic("short"); got != "short" {
		t.Errorf("topic = %q", got)
	}
}

// Every push is as the contract describes it.
func TestPushOf_keepsTheContract(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	var closed func(s *openapi3.Schema)
	closed = func(s *openapi3.Schema) { // what is sent must be described
		if s.Type.Is(openapi3.TypeObject) && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties.Has = new(false)
		}
		for _, p := range s.Properties {
			closed(p.Value)
		}
	}
	schema := doc.Components.Schemas["Push"].Value
	closed(schema)
	all, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	links := map[string]bool{}
	for _, one := range all {
		if len(one.Messages) == 0 {
			continue // the last mail has no push
		}
		t.Run(one.Name, func(t *testing.T) {
			p := parcel{id: "7sk1m9d7l0q2v5t3h6n4r8c0ag", of: one.Messages}
			m := pushOf(p, notify.Text{Title: "T", Body: "B"}, "token", time.Now())
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			var value any
			if err := json.Unmarshal(text, &value); err != nil {
				t.Fatal(err)
			}
			if err := schema.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			links[m.Data["link"]] = true
		})
	}
	if len(links) < 4 {
		t.Errorf("the samples lead to %v only", links)
	}
}
