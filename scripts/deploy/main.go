// Command deploy puts FaceScan into a Google Cloud project, and checks beforehand and afterwards.
// `deploy help` prints its commands; terraform/README.md is the operator's guide.
package main

import (
	"os"

	"github.com/facescan/facescan/internal/deploy"
)

func main() { os.Exit(deploy.Main(os.Args[1:])) }
