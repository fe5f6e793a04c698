//go:build unix && !linux

package emulator

import "syscall"

// newGroup puts a child into a process group of its own. Only Linux can tie its life to ours.
func newGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
