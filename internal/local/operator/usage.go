package operator

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// used is what processes have used.
type used struct {
	cpu       time.Duration
	memoryMiB float64
	processes int
}

// tick is the unit of times in /proc/PID/stat: USER_HZ, which is 100 on every platform that Go has.
const tick = time.Second / 100

// usage returns what the processes have used, or this one if there are none. One that has just
// ended counts as nothing.
func usage(pids []int) (used, error) {
	if len(pids) == 0 {
		pids = []int{os.Getpid()}
	}
	var all used
	for _, pid := range pids {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return used{}, fmt.Errorf("read what the functions use: %w", err)
		}
		if err := all.add(string(stat)); err != nil {
			return used{}, err
		}
	}
	return all, nil
}

// add adds what a line of /proc/PID/stat says (man 5 proc).
func (u *used) add(stat string) error {
	// The name of the program, in brackets, may have anything in it. After it come the fields from the
	// third on: utime and stime are the 14th and 15th, rss the 24th.
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(fields) < 22 {
		return fmt.Errorf("/proc has %d fields of a process", len(fields))
	}
	var read [3]int64
	for i, at := range []int{11, 12, 21} {
		n, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			return fmt.Errorf("read what a process uses: %w", err)
		}
		read[i] = n
	}
	u.cpu += time.Duration(read[0]+read[1]) * tick
	u.memoryMiB += float64(read[2]) * float64(os.Getpagesize()) / (1 << 20)
	u.processes++
	return nil
}
