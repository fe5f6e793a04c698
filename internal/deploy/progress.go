package deploy

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// tfEvent is a line of Terraform's output with -json.
type tfEvent struct {
	Type    string `json:"type"`
	Message string `json:"@message"`
	Hook    struct {
		Resource struct {
			Addr string `json:"addr"`
		} `json:"resource"`
		Action  string  `json:"action"`
		Elapsed float64 `json:"elapsed_seconds"`
	} `json:"hook"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
	} `json:"diagnostic"`
}

// progress prints how far Terraform is. It keeps the errors, since Terraform's exit code does not
// name them.
type progress struct {
	out    io.Writer
	total  int // actions to come; 0 is unknown
	done   int
	faults []string
}

// writer takes Terraform's lines.
func (p *progress) writer() io.Writer { return &lines{do: p.line} }

// slow is what an action has to take, in seconds, before it is worth a line that it is still under
// way.
const slow = 30

var past = map[string]string{"create": "created", "update": "changed", "delete": "destroyed", "read": "read"}

func (p *progress) line(text string) {
	var e tfEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return // an older Terraform's plain words
	}
	switch e.Type {
	case "apply_complete":
		if e.Hook.Action == "read" {
			return
		}
		p.done++
		fmt.Fprintf(p.out, "  %s %-9s %s (%.0f s)\n", p.count(), past[e.Hook.Action], e.Hook.Resource.Addr, e.Hook.Elapsed)
	case "apply_progress":
		if e.Hook.Elapsed >= slow && int(e.Hook.Elapsed)%slow == 0 {
			fmt.Fprintf(p.out, "  %s still at  %s (%.0f s)\n", p.count(), e.Hook.Resource.Addr, e.Hook.Elapsed)
		}
	case "apply_errored":
		fmt.Fprintf(p.out, "  %s FAILED    %s\n", p.count(), e.Hook.Resource.Addr)
	case "diagnostic":
		p.diagnose(e)
	}
}

func (p *progress) count() string {
	if p.total == 0 {
		return fmt.Sprintf("[%3d]", p.done)
	}
	return fmt.Sprintf("[%3d/%d]", p.done, p.total)
}

func (p *progress) diagnose(e tfEvent) {
	text := e.Diagnostic.Summary
	if e.Diagnostic.Address != "" {
		text = e.Diagnostic.Address + ": " + text
	}
	if e.Diagnostic.Detail != "" {
		text += "\n" + strings.TrimSpace(e.Diagnostic.Detail)
	}
	if e.Diagnostic.Severity != "error" {
		fmt.Fprintf(p.out, "  warning: %s\n", text)
		return
	}
	if !slices.Contains(p.faults, text) {
		p.faults = append(p.faults, text)
	}
}

// wrap joins the errors that Terraform told with how it ended.
func (p *progress) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	if len(p.faults) == 0 {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s:\n%s\n%w", doing, strings.Join(p.faults, "\n\n"), err)
}
