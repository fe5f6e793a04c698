// Package systest tests the whole system: all functions in one process behind one port, on the real
// emulators, with faults injected between them. It holds tests only; internal/local/host is what
// they run.
package systest
