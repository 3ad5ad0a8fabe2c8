package main

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// schedIdle is the policy of threads that run when nobody else wants to
// (sched(7), SCHED_IDLE): any other that wakes takes the processor from them at
// once, while one that is only nice keeps it for the rest of its slice.
const schedIdle = 5

// stepBack lets everybody else go first. Linux keeps priorities by thread, and a
// new thread has that of its maker: so all of them are told, until none is new. A
// system that does not let it lets it work all the same.
func stepBack() {
	told := map[int]bool{}
	for range 10 {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		before := len(told)
		for _, task := range tasks {
			if id, err := strconv.Atoi(task.Name()); err == nil && !told[id] {
				told[id] = true
				yieldThread(id)
			}
		}
		if len(told) == before {
			return
		}
	}
}

func yieldThread(id int) {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, 19)
	var priority int32 // struct sched_param; SCHED_IDLE knows only 0
	_, _, _ = syscall.Syscall(syscall.SYS_SCHED_SETSCHEDULER, uintptr(id), schedIdle, uintptr(unsafe.Pointer(&priority)))
}
