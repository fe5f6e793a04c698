package cost

import (
	"fmt"
	"io"
	"slices"
)

// use is what one scan, from the ticket to the push message, takes of one thing that is paid for.
type use struct {
	what   string
	number float64 // a scan
	why    string
	// price is USD for one, from the list prices of cost.go's date; page is where to check it.
	price float64
	page  string
}

const gib = 1 << 30

// asked is what a scan asks of Firestore: how often each of the counts of internal/systest/counts
// that it consists of comes. Its user has a phone and takes part in the boards.
var asked = []struct {
	what  string
	times int64
}{
	{"openScan", 1}, {"uploadPhoto: analyze photo", 1}, {"uploadPhoto: notify scan.completed.v1", 1},
	{"uploadPhoto: rank scan.completed.v1", 1}, {"getScan", 2}, {"listInbox", 1}, {"getTop", 1}, {"listImages", 1},
}

// documents returns the sum of asked. What the listener of a poll is told is that of a whole scan.
func documents() (sum Count, err error) {
	all, err := Counts()
	if err != nil {
		return Count{}, err
	}
	for _, a := range asked {
		c, err := find(all, a.what)
		if err != nil {
			return Count{}, err
		}
		sum.Reads += a.times * c.Reads
		sum.Writes += a.times * c.Writes
		sum.Deletes += a.times * c.Deletes
	}
	whole, err := find(all, WholeScan)
	sum.Reads += whole.Listened
	return sum, err
}

func find(all []Count, what string) (Count, error) {
	i := slices.IndexFunc(all, func(c Count) bool { return c.What == what })
	if i < 0 {
		return Count{}, fmt.Errorf("%s is not counted: see internal/systest/counts", what)
	}
	return all[i], nil
}

// uses returns the parts of a scan's cost. The numbers of documents are counted by
// internal/systest/counts. The others are counted in the code, or measured here, or where it says
// so assumed; a scan's pictures are looked at once.
func uses() ([]use, error) {
	firestore, err := documents()
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(others), []use{
		{
			"documents read", float64(firestore.Reads), "counted, of a user with a phone who takes part in the boards",
			documentRead, "cloud.google.com/firestore/pricing",
		},
		{
			"documents written", float64(firestore.Writes), "counted, of the same", documentWritten,
			"cloud.google.com/firestore/pricing",
		},
		{
			"documents deleted", float64(firestore.Deletes + expire), "counted; what expires later is as much as was made",
			documentDeleted, "cloud.google.com/firestore/pricing",
		},
	}...), nil
}

// expire is the number of documents of a scan that expire: the inbox item, the record of its
// delivery, two counts of quotas, and the entries of a week's and a day's board.
const expire = 6

// others are the uses without those of Firestore.
var others = []use{
	{
		"vCPU seconds", 3.1, "analyze 1.5, its upload and polls 0.6, rank and notify 1.0 (assumed from the local stack)",
		busyCPU, "cloud.google.com/run/pricing",
	},
	{
		"GiB seconds", 1.9, "those seconds with 1 GiB for analyze and 256 MiB for the rest", busyMemory,
		"cloud.google.com/run/pricing",
	},
	{
		"requests of functions", 9,
		"ticket, 2 polls, inbox, board, 2 pictures' URLs; analyze, rank, notify less what one instance batches", perRequest,
		"cloud.google.com/run/pricing",
	},
	{"requests through Cloud Armor", 6, "those from outside", armorRequest, "cloud.google.com/armor/pricing"},
	{"objects written", 6, "photo, report and renditions", 0.005 / 1000, "cloud.google.com/storage/pricing"},
	{"objects read", 5, "analyze, and the app's pictures", 0.0004 / 1000, "cloud.google.com/storage/pricing"},
	{
		"GiB months stored", 1.5e6 / gib, "1.5 MB of results for a month; the photo itself lives for a day", 0.020,
		"cloud.google.com/storage/pricing",
	},
	{
		"GiB through the load balancer", 0.1e6 / gib, "100 kB of JSON; photos and pictures do not pass it", 0.008,
		"cloud.google.com/load-balancing/pricing",
	},
	{"GiB to the internet", 1.0e6 / gib, "1 MB of pictures and JSON", 0.12, "cloud.google.com/vpc/network-pricing"},
	{
		"GiB through Pub/Sub", 6 * 1000.0 / gib, "6 messages, each counted as 1 kB at least", 40.0 / 1024,
		"cloud.google.com/pubsub/pricing",
	},
}

// printScans prints the arithmetic for 1,000 scans, and returns the price in USD of one.
func printScans(w io.Writer) (float64, error) {
	const scans = 1000
	uses, err := uses()
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(w, "%-30s %12s  %14s  %8s\n", "for 1,000 scans", "number", "USD for one", "USD")
	var sum float64
	for _, u := range uses {
		cost := scans * u.number * u.price
		sum += cost
		fmt.Fprintf(w, "%-30s %12.1f  %14.10f  %8.4f\n%32s%s; %s\n", u.what, scans*u.number, u.price, cost, "", u.why, u.page)
	}
	fmt.Fprintf(w, "%-30s %12s  %14s  %8.2f\n\n", "together", "", "", sum)
	fmt.Fprintln(
		w,
		"List prices in USD as of November 2026, region of the first tier, "+
			"no free tier taken off; mail is the mail server's.",
	)
	fmt.Fprintln(w, "What is paid while nobody scans: go run ./scripts/deploy plan -env prod -dry-run")
	return sum / scans, nil
}
