// Command dump prints documents of the Firestore emulator as a fixture; package fixture says what
// for.
//
//	FIRESTORE_EMULATOR_HOST=127.0.0.1:PORT go run ./scripts/migrate/dump [-project P] COLLECTION...
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/scripts/migrate/fixture"
)

func main() {
	project := flag.String("project", emulator.DefaultProject, "`project` of the emulator")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "dump: name collections at the top of the database, such as users")
		os.Exit(2)
	}
	documents, err := fixture.Dump(context.Background(), *project, flag.Args()...)
	if err != nil {
		fmt.Fprintln(os.Stderr, "dump:", err)
		os.Exit(1)
	}
	fmt.Printf("%s\n", documents)
}
