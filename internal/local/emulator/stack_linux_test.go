package emulator

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/facescan/facescan/internal/testkit"
)

// parentEnv makes TestParent the parent of a process that would outlive it.
const parentEnv = "EMULATOR_TEST_PARENT"

// TestParent is the other process of TestChildrenDieWithTheirParent, and nothing otherwise.
func TestParent(t *testing.T) {
	if os.Getenv(parentEnv) == "" {
		return
	}
	p, err := startProcess("sleep", exec.Command("sleep", "600"), nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("pid %d\n", p.pid)
	<-p.exited
}

// A parent that is killed, and so cannot clean up, takes its emulators along.
func TestChildrenDieWithTheirParent(t *testing.T) {
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestParent$", "-test.v")
	parent.Env = append(os.Environ(), parentEnv+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	child := 0
	for lines := bufio.NewScanner(out); child == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "pid %d", &child) // other lines are the test's own
	}
	if child == 0 {
		t.Fatal("the parent started no child")
	}
	if gone(child) {
		t.Fatal("the child is dead already")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // "signal: killed"
	testkit.Eventually(t, "the child dies", func() bool { return gone(child) })
}
