// Command contract writes what is made from the API's contract and from the list of error codes:
//
//	go run ./scripts/contract
//
// It writes the tables of the codes into internal/httpapi/openapi.yaml and
// internal/httpapi/README.md, between their marks, the list of codes in the schema ErrorCode, and
// the table of the quotas that the contract lists as x-quotas. internal/client/api/overlay.yaml is
// what the Go client is generated from instead of unions.
// internal/client/api runs it before it makes the client.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(root); err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1)
	}
}

// The files, below the root of the repository.
var (
	contractFile = filepath.Join("internal", "httpapi", "openapi.yaml")
	guideFile    = filepath.Join("internal", "httpapi", "README.md")
	overlayFile  = filepath.Join("internal", "client", "api", "overlay.yaml")
)

// run writes the files below root.
func run(root string) error {
	files, err := generated(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil { //nolint:gosec // a source file
			return err
		}
	}
	return nil
}

// generated returns the files by their names.
func generated(root string) (map[string][]byte, error) {
	doc, err := readContract(root)
	if err != nil {
		return nil, err
	}
	contract, err := withParts(
		root, contractFile,
		part{"    <!-- quotas -->\n", "    <!-- end of quotas -->", indent(quotaTable(doc))},
		part{"    <!-- codes -->\n", "    <!-- end of codes -->", indent(codeTable())},
		part{"        # codes\n", "        # end of codes", codeEnum()},
	)
	if err != nil {
		return nil, err
	}
	guide, err := withParts(root, guideFile, part{"<!-- codes -->\n", "<!-- end of codes -->", codeTable()})
	if err != nil {
		return nil, err
	}
	overlay, err := goOverlay(doc)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{contractFile: contract, guideFile: guide, overlayFile: overlay}, nil
}
