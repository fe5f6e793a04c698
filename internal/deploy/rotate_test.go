package deploy

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/keys"
)

func TestRotate(t *testing.T) {
	t.Parallel()
	one, two := string(randomSecret()), string(randomSecret())
	for name, tt := range map[string]struct {
		before, step string
		want         []string // "" is a new one; nil is an error
	}{
		"a new one is known first":        {one, "add", []string{one, ""}},
		"then it makes ids":               {one + "," + two, "use", []string{two, one}},
		"then the earlier one goes":       {two + "," + one, "drop", []string{two}},
		"a line's end is not part of it":  {one + "\n", "add", []string{one, ""}},
		"one alone cannot be exchanged":   {one, "use", nil},
		"four are not taken":              {one + "," + two + "," + one, "add", nil},
		"what is no secret stays":         {"hunter2", "add", nil},
		"a step that is none is refused":  {one, "turn", nil},
		"no step at all is refused, too":  {one, "", nil},
		"an empty secret stays as it was": {"", "add", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, out, sent := cloudOf(t, answers{
				"GET " + secretsPath + "key-photos/versions/latest:access": payload(tt.before),
				"POST " + secretsPath + "key-photos:addVersion":            map[string]any{"name": "x/versions/7"},
			})
			err := c.rotate(t.Context(), "photos", tt.step)
			written := writtenTo(t, sent())
			if tt.want == nil {
				if err == nil || len(written) > 0 {
					t.Errorf("%v, written %d", err, len(written))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Split(written["key-photos"], ",")
			for i := range tt.want {
				if tt.want[i] == "" && i < len(got) && got[i] != one && got[i] != two {
					got[i] = ""
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the list (-want +got):\n%s", diff)
			}
			if !strings.Contains(out.String(), `key-photos = "7"`) || strings.Contains(out.String(), one) {
				t.Errorf("it says %s", out)
			}
		})
	}
	t.Run("the writers' follow that of the outbox", func(t *testing.T) {
		t.Parallel()
		all := answers{"GET " + secretsPath + "key-outbox/versions/latest:access": payload(one)}
		for _, name := range secretNames() {
			all["POST "+secretsPath+name+":addVersion"] = map[string]any{"name": "x/versions/2"}
		}
		c, _, sent := cloudOf(t, all)
		if err := c.rotate(t.Context(), "outbox", "add"); err != nil {
			t.Fatal(err)
		}
		written := writtenTo(t, sent())
		root, err := keys.Parse(keys.ForOutbox, written["key-outbox"])
		if err != nil || root.Len() != 2 {
			t.Fatalf("%d secrets, %v", root.Len(), err)
		}
		if got := written[keys.ForWriter("scans").Secret()]; got != root.OfWriter("scans").Text() {
			t.Error("scans signs with what the sweep does not know")
		}
	})
	t.Run("a key that is none is named with its neighbour", func(t *testing.T) {
		t.Parallel()
		c, _, _ := cloudOf(t, answers{})
		if err := c.rotate(t.Context(), "photo", "add"); err == nil || !strings.Contains(err.Error(), "did you mean photos") {
			t.Errorf("err = %v", err)
		}
	})
}

// writtenTo returns the values that were written, by secret.
func writtenTo(t *testing.T, sent []request) map[string]string {
	t.Helper()
	written := map[string]string{}
	for _, r := range sent {
		name, is := strings.CutPrefix(r.key, "POST "+secretsPath)
		if !is {
			continue
		}
		payload, _ := r.body["payload"].(map[string]any)
		data, _ := payload["data"].(string)
		value, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Error(err)
		}
		written[strings.TrimSuffix(name, ":addVersion")] = string(value)
	}
	return written
}
