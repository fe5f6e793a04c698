package cost

import (
	"fmt"
	"io"
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

// uses are the parts of a scan's cost. The numbers are counted in the code, or measured here, or
// where it says so assumed; a scan's pictures are looked at once.
var uses = []use{
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
	{
		"documents read", 30, "users, scan, rating, guard, board and inbox, each transaction once", documentRead,
		"cloud.google.com/firestore/pricing",
	},
	{
		"documents written", 18, "scan's states, outbox, rating, entry, histogram, inbox, deliveries, quotas",
		documentWritten, "cloud.google.com/firestore/pricing",
	},
	{"documents deleted", 6, "outbox and what expires", documentDeleted, "cloud.google.com/firestore/pricing"},
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

// PrintScans prints the arithmetic for 1,000 scans.
func PrintScans(w io.Writer) {
	const scans = 1000
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
}
