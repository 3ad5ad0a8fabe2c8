package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// waited is how long the threads of a process, and of those that it has started, have
// stood in line for a processor so far, as Linux counts it; 0 where it does not. What a
// measurement shows beyond it is the program's own doing, on any machine.
func waited(root int) (total time.Duration) {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		pid, parent := ancestry(string(text))
		children[parent] = append(children[parent], pid)
	}
	for next := []int{root}; len(next) > 0; next = next[1:] {
		next = append(next, children[next[0]]...)
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", next[0]))
		for _, name := range tasks {
			if text, err := os.ReadFile(name); err == nil {
				total += inLine(string(text))
			}
		}
	}
	return total
}

// ancestry reads the numbers of a process and of its parent, proc_pid_stat(5). The name
// between them may hold anything.
func ancestry(stat string) (pid, parent int) {
	pid, _ = strconv.Atoi(stat[:max(0, strings.IndexByte(stat, ' '))])
	_, _ = fmt.Sscanf(stat[strings.LastIndexByte(stat, ')')+1:], " %s %d", new(string), &parent)
	return pid, parent
}

// inLine reads the second of a thread's three numbers: nanoseconds on a run queue.
func inLine(schedstat string) time.Duration {
	fields := strings.Fields(schedstat)
	if len(fields) != 3 {
		return 0
	}
	ns, _ := strconv.ParseInt(fields[1], 10, 64)
	return time.Duration(ns)
}

func TestWaitingForAProcessorIsRead(t *testing.T) {
	t.Parallel()
	if pid, parent := ancestry("41 (a) b (c) S 7 41 41 0"); pid != 41 || parent != 7 {
		t.Errorf("%d of %d", pid, parent)
	}
	if d := inLine("12 3515777 1\n"); d != 3515777 {
		t.Errorf("%v", d)
	}
	if d := inLine("\n"); d != 0 {
		t.Errorf("nothing is read as %v", d)
	}
	if waited(os.Getpid()) < 0 {
		t.Error("less than nothing")
	}
}
