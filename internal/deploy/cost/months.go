package cost

import (
	"errors"
	"fmt"
	"io"
)

// Budgets in USD. [Report] fails above them, so that what makes a scan dearer is decided and not
// overlooked. They leave a quarter above what was priced in November 2026.
const (
	// scansBudget is for 1,000 scans.
	scansBudget = 0.35
	// monthBudget is for a month of prod with the most users of sizes.
	monthBudget = 450.0
)

// ErrOverBudget means that scans or a month cost more than they may.
var ErrOverBudget = errors.New("it costs more than the budget")

// AtRestInProd is what a month of prod costs at rest, in whole USD, as `make plan ENV=prod
// DRY_RUN=1` prints it. A test of terraform/checks holds it to the plan.
const AtRestInProd = 72.0

// Assumptions of a month, each of a user.
const (
	scansAMonth = 8.0
	// visitsAMonth is how often the app is opened and shows the summary.
	visitsAMonth = 20.0
	// newUsers is the share of users who are new in a month.
	newUsers = 0.1
	// busyRequest is the processor time in seconds that a request is assumed to be charged for.
	busyRequest = 0.06
)

// sizes are the users of the months that are priced.
var sizes = []float64{1e3, 1e4, 1e5}

// part is something that is done often, by the counts of internal/systest/counts.
type part struct {
	what string
	// counts has how often each count comes.
	counts map[string]float64
	// expiring is the number of documents that it leaves to expire, which are found and deleted then.
	expiring float64
	// requests are those of users, deliveries those of Pub/Sub, and busy their seconds of a vCPU
	// beside busyRequest for each request.
	requests, deliveries, busy float64
}

// features are what a part of the product adds to a scan, or to a photo of a series.
var features = []part{
	{
		what: "boards: the rating, its entries, and a look at the top", requests: 1, deliveries: 1, busy: 0.5, expiring: 2,
		counts: map[string]float64{"uploadPhoto: rank scan.completed.v1": 1, "getTop": 1},
	},
	{
		what: "notices: inbox, push and mail, and a look at the inbox", requests: 1, deliveries: 1, busy: 0.5, expiring: 2,
		counts: map[string]float64{"uploadPhoto: notify scan.completed.v1": 1, "listInbox": 1},
	},
	{
		what:   "series: opened and asked for twice, a third of it for each of three photos",
		counts: map[string]float64{"openSeries": 1. / 3, "getSeries": 2. / 3}, requests: 1,
	},
	{
		// The sweep finds the scan by its time, and takes the time away when the photo is gone.
		what: "retention: the sweep deletes the photo, and what expires", counts: map[string]float64{"getScan": 1},
		expiring: expire, busy: 0.05,
	},
}

// ofUser is what a user does in a month beside the scans.
var ofUser = part{
	what:     "visits",
	counts:   map[string]float64{"getSummary": visitsAMonth},
	requests: visitsAMonth,
}

// ofNewUser is what the sign-up takes.
var ofNewUser = part{
	what: "sign-up",
	counts: map[string]float64{
		"signUp": 1, "register": 1, "register: notify account.registered.v1": 1, "grantConsent": 1, "setUsername": 1,
		"updateProfile": 2, "updateProfile: rank account.updated.v1": 2,
	},
	requests: 6, deliveries: 3,
}

// cost returns the price in USD of doing it once.
func (p part) cost() (float64, error) {
	sum := (p.requests+p.deliveries)*(perRequest+busyRequest*(busyCPU+busyMemory/4)) + p.requests*armorRequest +
		p.busy*(busyCPU+busyMemory/4) + p.expiring*(documentRead+documentDeleted)
	all, err := Counts()
	if err != nil {
		return 0, err
	}
	for what, times := range p.counts {
		c, err := find(all, what)
		if err != nil {
			return 0, err
		}
		once := float64(c.Reads)*documentRead + float64(c.Writes)*documentWritten + float64(c.Deletes)*documentDeleted
		sum += times * once
	}
	return sum, nil
}

// hosted are the list prices in USD of 1,000 calls that find faces with their points, from memory
// as of November 2026, the first million of a month.
var hosted = []struct {
	what  string
	price float64
	page  string
}{
	{"Amazon Rekognition, DetectFaces", 1.00, "aws.amazon.com/rekognition/pricing"},
	{"Azure AI Face, detect", 1.00, "azure.microsoft.com/pricing"},
	{"Google Cloud Vision, face detection", 1.50, "cloud.google.com/vision/pricing"},
}

// Report prints the arithmetic for 1,000 scans, what the features add, the hosted services' prices
// and months of three sizes. It returns [ErrOverBudget] if they cost more than they may.
func Report(w io.Writer) error {
	scan, err := printScans(w)
	if err != nil {
		return err
	}
	if err := printFeatures(w); err != nil {
		return err
	}
	printHosted(w)
	month, err := printMonths(w, scan)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe budgets are %.2f USD for 1,000 scans, and %.0f for the largest of the months.\n",
		scansBudget, monthBudget)
	return within(1000*scan, month)
}

// within returns an error if the price of 1,000 scans or of the largest month is above its budget.
func within(scans, month float64) error {
	if scans > scansBudget {
		return fmt.Errorf("%w: 1,000 scans are %.4f USD, and may be %.2f", ErrOverBudget, scans, scansBudget)
	}
	if month > monthBudget {
		return fmt.Errorf("%w: the largest month is %.2f USD, and may be %.2f", ErrOverBudget, month, monthBudget)
	}
	return nil
}

func printFeatures(w io.Writer) error {
	fmt.Fprintf(w, "\n%-80s %8s\n", "of which in 1,000 scans, or photos of series, are for", "USD")
	for _, f := range features {
		price, err := f.cost()
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%-80s %8.4f\n", f.what, 1000*price)
	}
	fmt.Fprintf(w, "The sweep itself, whatever it finds, is part of what is paid at rest: %.2f USD a month.\n",
		minutesAMonth*sweepCost)
	return nil
}

func printHosted(w io.Writer) {
	fmt.Fprintf(w, "\n%-80s %8s\n", "1,000 calls of others' services, which find a face and its points", "USD")
	for _, h := range hosted {
		fmt.Fprintf(w, "%-80s %8.2f\n", h.what+"; "+h.page, h.price)
	}
	fmt.Fprintln(
		w, "List prices from memory as of November 2026: check them. None of them measures symmetry or has error bars.",
	)
}

// printMonths prints the months, and returns the price in USD of the last of them.
func printMonths(w io.Writer, scan float64) (month float64, err error) {
	user, err := ofUser.cost()
	if err != nil {
		return 0, err
	}
	fresh, err := ofNewUser.cost()
	if err != nil {
		return 0, err
	}
	lookedFor := documentRead * hoursAMonth / 24 // of each account, once a day
	fmt.Fprintf(w, "\n%-12s %10s %10s %10s %10s %10s\n", "users", "scans", "for scans", "for users", "at rest", "USD")
	for _, n := range sizes {
		scans, users := n*scansAMonth*scan, n*(user+lookedFor+newUsers*fresh)
		month = scans + users + AtRestInProd
		fmt.Fprintf(
			w, "%-12.0f %10.0f %10.2f %10.2f %10.2f %10.2f\n", n, n*scansAMonth, scans, users, AtRestInProd, month,
		)
	}
	_, err = fmt.Fprintf(w, "A month in prod, each user with %.0f scans and %.0f visits, %.0f %% of them new; at rest as "+
		"of the plan of prod.\n", scansAMonth, visitsAMonth, 100*newUsers)
	return month, err
}
