//go:build browser

package browser_test

import (
	"testing"

	"github.com/facescan/facescan/internal/local/faults"
)

// An operator sees a photo travel, and finds its trace, its logs and what was sent.
func TestConsole_asOperator(t *testing.T) {
	v := openConsole(t, desk)
	v.enrol("console-operator@example.com")
	v.measure("completed")
	v.there(".mark")
	v.goes("#/operator")
	v.there(`[data-node="consumer:analyze"]`)
	v.holds("the lines are drawn", `[...document.querySelectorAll(".lines path")].every((p) => p.getTotalLength() > 0)`)
	// The sweep runs every second here: it passes without an app.
	v.there(".passed tbody tr")
	v.shows(".passed tbody", "sweep-requested-v1 → sweep")
	v.holds("a dot runs", `document.querySelector(".dots .dot") !== null`)
	v.runs(`document.querySelector('[data-node="consumer:rank"]').focus()`)
	v.shows(".purpose", "keeps ratings")
	v.holds("its lines are marked", `document.querySelectorAll(".lines .near").length > 3`)
	v.view("operator")

	v.goes("#/operator/traces")
	v.there("#traces a")
	v.view("operator-traces")
	v.press("#traces a")
	v.there(".waterfall .track i")
	v.press(".waterfall summary")
	v.view("operator-trace")

	v.goes("#/operator/logs")
	v.write("#q", "scan_id")
	v.holds("lines with the word are shown", `(() => {
	  const all = [...document.querySelectorAll(".log li")];
	  return all.length > 0 && all.every((li) => li.textContent.includes("scan_id"));
	})()`)
	v.write("#q", "no line has this")
	v.shows("#lines", "No line fits")
	v.view("operator-logs")

	v.goes("#/operator/sent")
	v.shows("#main", "Mails (")
	v.view("operator-mails")
	v.press("#sent-pushes")
	v.there("#sent-pushes[aria-selected=true]")
	v.view("operator-pushes")
}

// A fault is put in force by a switch, and ended by a button.
func TestConsole_faults(t *testing.T) {
	v := openConsole(t, phone)
	t.Cleanup(func() { running.Faults().Set(nil) })
	v.goes("#/operator/faults")
	v.there(`[data-fault="mail.5xx"]`)
	v.runs(`const s = document.querySelector('[data-fault="mail.5xx"]');
	  s.value = ".5"; s.dispatchEvent(new Event("change"))`)
	v.shows("#in-force", "mail.5xx=0.5")
	if got := running.Faults().Spec()[faults.Mail].Fail; got != .5 {
		t.Errorf("a share of %v of the mails is refused", got)
	}
	v.view("operator-faults")
	v.runs(`const s = document.querySelector("#spec"); s.value = "mail.nothing=1"; s.form.requestSubmit()`)
	v.expect("400 (Bad Request)")
	v.shows("#main", "That cannot be done")
	v.press("#main button.primary")
	v.shows("#in-force", "Nothing fails on purpose")
	if spec := running.Faults().Spec(); len(spec) != 0 {
		t.Errorf("in force are %s", spec)
	}
}

// What is stored of a user is shown, what was given up can be looked for, and the counts grow.
func TestConsole_stores(t *testing.T) {
	at := phone
	at.languages = "de-DE,de"
	v := openConsole(t, at)
	v.enrol("console-stores@example.com")
	v.measure("completed")
	v.there(".mark")
	v.goes("#/operator/counts")
	v.shows("#counts", "Dokumente gelesen")
	v.view("operator-counts")
	v.goes("#/operator/users")
	v.there("#users a")
	v.view("operator-users")
	v.runs(`[...document.querySelectorAll("#users a")].find((a) => a.textContent.includes("console-stores@")).click()`)
	v.there(`[data-collection="scans"]`)
	v.runs(`document.querySelector('[data-collection="scans"] summary').click()`)
	v.shows(`[data-collection="scans"]`, "completed")
	v.view("operator-user")
	v.goes("#/operator/stuck")
	v.shows("#parked", "Kein Ereignis ist geparkt")
	v.shows("#dead", "Es gibt keinen toten Brief")
	v.press(".verify")
	v.shows("#findings", "Angesehen")
	if wrong := must[string](v.page, `document.querySelector("#findings [data-wrong]").dataset.wrong`); wrong != "0" {
		t.Errorf("%s wrong: %s", wrong, must[string](v.page, `document.querySelector("#findings").innerText`))
	}
	v.view("operator-stuck")
}
