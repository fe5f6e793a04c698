package main

import (
	"fmt"
	"io"
	"runtime"
)

const counted = `Counted at the client, one request each with a fresh snapshot. Rows are what queries found; the documents
of a page include the user of each row, for the names. A COUNT is charged as one read for each 1,000 entries.
Around is for 11 rows. A window that begins within a tie needs a second COUNT, for the tie's rank.
`

const noIndex = ` It has no index: it reads all entries for any query and
any COUNT, so these figures say little. They are for comparing one version with the next on one machine.
`

// markdown writes the report.
func (r report) markdown(out io.Writer) {
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) } // into a buffer
	printf("# What a leaderboard of %d entries costs\n\n", r.users)
	printf("Written by `%s`; do not edit, run it again (`-help` tells the options).\n\n", r.Command)
	printf("%d CPUs, %s/%s, %s. %d users were loaded in %.1f s, each with a rating, an entry and its count.\n\n",
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), r.users, r.loading.Seconds())
	printf("## Counts\n\n")
	printf("%s\n", counted)
	printf("| request | documents | rows | COUNTs | of entries | reads charged | writes | deletions | ms here |\n")
	printf("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, l := range r.lines {
		printf("| %s | %d | %d | %d | %d | %d | %d | %d | %.0f |\n",
			l.what, l.Documents, l.Rows, l.Counts, l.Counted, l.Reads(), l.Writes, l.Deletes, l.took.Seconds()*1e3)
	}
	printf("\nThe mean of %d submits: %.2f reads, %.2f writes, %.2f deletions, %.0f ms.\n\n",
		r.submits, r.submit.reads, r.submit.writes, r.submit.deletes, r.submit.took.Seconds()*1e3)
	printf("## Own rank against the two COUNTs of version 1\n\n")
	printf("The same user in the middle, in the same run: %d reads charged against %d, a ratio of %.2f; the COUNTs\n"+
		"looked through %d entries against %d, a ratio of %.4f; %.0f ms against %.0f ms.\n\n",
		r.own.Reads(), r.former.Reads(), ratio(r.own.Reads(), r.former.Reads()), r.own.Counted, r.former.Counted,
		ratio(r.own.Counted, r.former.Counted), r.own.took.Seconds()*1e3, r.former.took.Seconds()*1e3)
	printf("## Requests a second\n\n")
	printf("%d clients for %v, on the emulator.%s\n", r.clients, r.lasting, noIndex)
	printf("| request | a second |\n| --- | ---: |\n")
	for _, one := range r.rates {
		printf("| %s | %.1f |\n", one.what, one.perSecond)
	}
	printf("\n## Ranks\n\n")
	printf("All %d rows of the pages, one by one, and %d own ranks all over the board are those of a sorted set\n"+
		"(ZCOUNT in miniredis).\n", r.compared.pages, r.compared.own)
}

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
