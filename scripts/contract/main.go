// Command contract writes what is made from the API's contract and from the list of error codes:
//
//	go run ./scripts/contract            # write
//	go run ./scripts/contract lint       # lint the contract: make lint-contract
//	go run ./scripts/contract compare    # compare it with the released one: make contract
//	go run ./scripts/contract release    # compare it, then keep it as the released one: make release
//
// It writes the tables of the codes into internal/httpapi/openapi.yaml and
// internal/httpapi/README.md, between their marks, the list of codes in the schema ErrorCode, and
// the table of the quotas that the contract lists as x-quotas. The codes of sentences go into the
// schemas SentenceCode and FieldCode, and the sentences into internal/httpapi/guides/sentences.md.
// From the contract it writes internal/httpapi/contract/openapi.json, which is served, and
// internal/client/api/overlay.yaml, from which the Go client is generated. internal/client/api runs
// it before that.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/facescan/facescan/internal/sentence"
)

func main() {
	root := flag.String("root", ".", "`folder` of the repository")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := command(ctx, *root, flag.Arg(0))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1)
	}
}

// command runs the command of the name, "" to write what is generated.
func command(ctx context.Context, root, name string) error {
	switch name {
	case "":
		return run(root)
	case "lint":
		return lintContract(ctx, root, os.Stdout)
	case "compare":
		return compare(ctx, root, os.Stdout)
	case "release":
		return release(ctx, root, os.Stdout)
	}
	return fmt.Errorf("there is no command %q: lint, compare or release", name)
}

// The files, below the root of the repository.
var (
	contractFile = filepath.Join("internal", "httpapi", "openapi.yaml")
	guideFile    = filepath.Join("internal", "httpapi", "README.md")
	saidFile     = filepath.Join("internal", "httpapi", "guides", "sentences.md")
	documentFile = filepath.Join("internal", "httpapi", "contract", "openapi.json")
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
	contract, contractErr := withParts(
		root, contractFile,
		part{"    <!-- quotas -->\n", "    <!-- end of quotas -->", indent(quotaTable(doc))},
		part{"    <!-- codes -->\n", "    <!-- end of codes -->", indent(codeTable())},
		part{"        # codes\n", "        # end of codes", codeEnum()},
		part{
			"        # sentences\n", "        # end of sentences",
			codesOf(append(sentence.Sentences(), sentence.Entry{Code: sentence.Other})),
		},
		part{"        # fields\n", "        # end of fields", codesOf(sentence.OfFields())},
	)
	said, saidErr := withParts(
		root, saidFile,
		part{"<!-- sentences -->\n", "<!-- end of sentences -->", sentenceTable(sentence.Sentences())},
		part{"<!-- fields -->\n", "<!-- end of fields -->", sentenceTable(sentence.OfFields())},
	)
	guide, guideErr := withParts(root, guideFile, part{"<!-- codes -->\n", "<!-- end of codes -->", codeTable()})
	if err := errors.Join(contractErr, guideErr, saidErr); err != nil {
		return nil, err
	}
	written, err := parse(contract)
	if err != nil {
		return nil, err
	}
	overlay, overlayErr := goOverlay(written)
	document, documentErr := toJSON(written)
	return map[string][]byte{
		contractFile: contract, guideFile: guide, saidFile: said, overlayFile: overlay, documentFile: document,
	}, errors.Join(overlayErr, documentErr)
}
