// Package timelapse tests what the system keeps, and for how long: it moves the clock of a whole
// local stack through every deadline of package schema, in minutes. It holds tests only.
package timelapse
