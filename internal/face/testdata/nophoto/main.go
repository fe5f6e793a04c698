// Command nophoto knows of reports and measures nothing: it is built to see that it holds no
// cascades.
package main

import (
	"fmt"

	"github.com/facescan/facescan/internal/face/report"
)

func main() { fmt.Println(report.Version, report.Report{}) }
