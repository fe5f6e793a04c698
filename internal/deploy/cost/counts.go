package cost

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Count is what a request, an event or a whole scan asks of Firestore.
type Count struct {
	// What names it: an operation of the contract, "OPERATION: FUNCTION EVENT" for an event that it
	// sets off, or a sentence for several together.
	What string `json:"what"`
	// Reads is the number of documents that are charged as read, with those that aggregations are
	// charged as. Listened is the number of those that listeners are told of; they are charged, too.
	Reads    int64 `json:"reads"`
	Listened int64 `json:"listened"`
	// Writes and Deletes are the writes of commits.
	Writes  int64 `json:"writes"`
	Deletes int64 `json:"deletes"`
	// Transactions is the number of transactions that committed and may write, Attempts the number of
	// those begun.
	Transactions int64 `json:"transactions"`
	Attempts     int64 `json:"attempts"`
	// Aggregations is the number of counts.
	Aggregations int64 `json:"aggregations"`
	RPCs         int64 `json:"rpcs"`
}

// WholeScan names the count of a scan from its ticket to what follows its result.
const WholeScan = "a scan, all of it"

//go:embed counts.json
var counted []byte

// Counts returns what internal/systest/counts has counted, in the order of its tests.
func Counts() ([]Count, error) {
	var all []Count
	if err := json.Unmarshal(counted, &all); err != nil {
		return nil, fmt.Errorf("read the counts of Firestore: %w", err)
	}
	return all, nil
}
