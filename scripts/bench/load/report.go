package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/facescan/facescan/scripts/bench/single"
)

// report is all that was measured.
type report struct {
	Command string         `json:"command"`
	Machine single.Machine `json:"machine"`
	// Clients asked at the same time, as Users, for Seconds each operation.
	Clients   int               `json:"clients"`
	Users     int               `json:"users"`
	Seconds   float64           `json:"seconds"`
	Routes    []figures         `json:"routes"`
	Excused   map[string]string `json:"excused"`
	AtOnce    []atOnce          `json:"atOnce,omitempty"`
	LongPolls *waits            `json:"longPolls,omitempty"`
}

var columns = []string{
	"operation", "requests", "failed", "requests/s", "p50 ms", "p95 ms", "p99 ms", "allocations", "KiB",
	"what is asked for",
}

func (f figures) row() []string {
	return []string{
		f.Operation, strconv.Itoa(f.Requests), strconv.Itoa(f.Failed), fmt.Sprintf("%.0f", f.PerSecond),
		fmt.Sprintf("%.1f", f.P50), fmt.Sprintf("%.1f", f.P95), fmt.Sprintf("%.1f", f.P99),
		strconv.FormatUint(f.Allocs, 10), fmt.Sprintf("%.0f", float64(f.AllocBytes)/1024), f.Note,
	}
}

// rows returns the long polls' figures with their names.
func (p waits) rows() [][2]string {
	return [][2]string{
		{"waiters, scans", fmt.Sprintf("%d, %d", p.Waiters, p.Scans)},
		{"told of the change", fmt.Sprintf("%d, with %d requests", p.Answered, p.Polls)},
		{"wake-up p50, p95, slowest", fmt.Sprintf("%.1f, %.1f, %.1f ms", p.P50, p.P95, p.Max)},
		{"of which the change's commit p50, p95", fmt.Sprintf("%.1f, %.1f ms", p.Commit50, p.Commit95)},
		{"goroutines before, during, after", fmt.Sprintf("%d, %d, %d", p.Before, p.During, p.After)},
		{"of those during, the clients' own", strconv.Itoa(p.OfClients)},
	}
}

// text prints the report for people.
func (r report) text(out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n%d clients, %g s an operation\n\n", r.Machine, r.Clients, r.Seconds)
	t := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, f := range r.Routes {
		fmt.Fprintln(t, strings.Join(f.row(), "\t"))
	}
	if r.AtOnce != nil {
		fmt.Fprintf(t, "\n%d at once\n%s\n", burst, strings.Join(burstColumns, "\t"))
		for _, a := range r.AtOnce {
			fmt.Fprintln(t, strings.Join(a.row(), "\t"))
		}
	}
	if r.LongPolls != nil {
		fmt.Fprintln(t, "\nlong polls")
		for _, row := range r.LongPolls.rows() {
			fmt.Fprintf(t, "%s\t%s\n", row[0], row[1])
		}
	}
	return t.Flush()
}

const intro = `# How fast the HTTP API answers

Written by ` + "`%s`" + `; do not edit, run it again (` + "`-help`" + ` tells the options, ` + "`-json`" + ` prints it for programs).

%s.

**What this is good for:** comparing one version of the code with the next on one machine, and routes with each other.
**What it is not:** production's speed. Clients, all functions, the fake of Cloud Storage and three emulators share this machine's
processors, and what the functions wait for is not Google's services:

- The Firestore emulator is one Java process that keeps all in memory: a read or a commit takes less than the way to the real
  database would, but commits of different documents hinder each other, and under many at once it is the bottleneck.
- With the Auth emulator the Firebase SDK looks the user up for **every** ID token, over HTTP at one Node process. In
  production tokens are checked offline, except on the routes that ask whether they were revoked. Sign-up, login and refresh are
  as fast as that process.
- URLs are signed with a local key; in production by a call of IAM's signBlob each.
- Every request is traced here, and no trace is exported.

## Operations

%d clients ask over loopback, each as soon as it has its answer, for %g s or until the requests that are prepared are used up.
Latency is from sending to the last byte; where there were fewer than 100 requests p99 is the slowest. The requests are those of
%d users, %d of whom have %d scans.
The limits (package quota) are in force and do not distort: requests come from different addresses and users, no operation is
asked for more often than its users may, and the counts begin anew before each.
Allocations are the median of %d requests, one after the other, handed to the function in this process without a network: all
that is allocated meanwhile, by the handler and by its clients of Firestore, Firebase and Cloud Storage.

`

// markdown writes the report as API.md.
func (r report) markdown(out io.Writer) {
	fmt.Fprintf(out, intro, r.Command, r.Machine, r.Clients, r.Seconds, r.Users, min(readers, r.Users), history, inProcess)
	row := func(cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	row(columns)
	row(slices.Concat([]string{"---"}, slices.Repeat([]string{"---:"}, len(columns)-2), []string{"---"}))
	for _, f := range r.Routes {
		row(f.row())
	}
	fmt.Fprint(out, "\nNot measured:\n\n")
	for _, operation := range slices.Sorted(maps.Keys(r.Excused)) {
		fmt.Fprintf(out, "- %s: %s.\n", operation, r.Excused[operation])
	}
	if r.AtOnce != nil {
		fmt.Fprintf(out, burstIntro, bursts, burst)
		row(burstColumns)
		row(slices.Concat([]string{"---", "---"}, slices.Repeat([]string{"---:"}, len(burstColumns)-2)))
		for _, a := range r.AtOnce {
			row(a.row())
		}
	}
	if r.LongPolls == nil {
		return
	}
	fmt.Fprintf(out, longPollsIntro, perWaiter)
	row([]string{"figure", "value"})
	row([]string{"---", "---"})
	for _, cells := range r.LongPolls.rows() {
		row(cells[:])
	}
}

const burstIntro = `
## Many at once

%d times %d requests are sent at the same moment, all by one user or all from one address, so that they contend for one document:
the profile, or the count of a quota or a limit (see packages transact and limit). Opening a scan is to take 1 s at the most for 95 %% of
them, changing the profile 2 s.

`

const longPollsIntro = `
## Long polls

Clients wait with ` + "`GET /v1/scans/{id}?wait=25&since=...`" + `, each on a connection of its own. Once the number of goroutines stands
still, 50 scans a second change, by a commit each. Wake-up is from the commit's sending to the whole answer at the client, so the
commit is in it. Goroutines are those of the whole process; %d a waiter are the client's. "Before" and "after" are without
connections of waiters, and with the connections to Firestore and to the Auth emulator that a
rehearsal of all waiters has left. "After" is to be no more than
"before"; it is less where connections have idled out meanwhile.

`
