package report

// Version names everything that a report depends on: this algorithm, pigo's classifier, and the
// checksum of the cascades, the tables, and every constant and number of this package's source. A
// test keeps the checksum in step.
const Version = "facescan-2.0.0+pigo-1.4.6+f599d73e"

// MajorVersion returns the first number of Version. Scores of different major versions must not be
// compared or ranked together.
func MajorVersion() int { return 2 }
