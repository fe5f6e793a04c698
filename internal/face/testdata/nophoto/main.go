// Command nophoto imports the reports and measures no photo. A test builds it to check that it
// links no cascades.
package main

import (
	"fmt"

	"github.com/facescan/facescan/internal/face/report"
)

func main() { fmt.Println(report.Version, report.Report{}) }
