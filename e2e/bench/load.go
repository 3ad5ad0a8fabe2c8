package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// server is a process that is measured.
type server interface{ process() *os.Process }

// load is one kind of request.
type load struct {
	name   string
	server server
	ask    func() (*http.Request, error)
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}

// warmUp requests fill caches and connections before the measurement.
const warmUp = 500

// measure gives the microseconds of processor time that a request took.
func (l load) measure() (float64, error) {
	if err := l.drive(warmUp); err != nil {
		return 0, err
	}
	before, err := processorTime(l.server.process().Pid)
	if err != nil {
		return 0, err
	}
	if err := l.drive(*requests); err != nil {
		return 0, err
	}
	after, err := processorTime(l.server.process().Pid)
	return (after - before) / float64(*requests), err
}

// drive sends n requests over the connections.
func (l load) drive(n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	failed := make(chan error, *clients)
	var working sync.WaitGroup
	for range *clients {
		working.Go(func() {
			for left.Add(-1) >= 0 {
				if err := l.once(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	working.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (l load) once() error {
	req, err := l.ask()
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.200s", resp.StatusCode, body)
	}
	return err
}

// ticksPerSecond is the unit of /proc/PID/stat on Linux.
const ticksPerSecond = 100

// processorTime is the user and system time of a process in microseconds.
func processorTime(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The command's name, in brackets, may hold spaces; the numbers follow it.
	_, numbers, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(numbers)
	if len(fields) < 13 {
		return 0, fmt.Errorf("unexpected /proc/%d/stat", pid)
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("unexpected /proc/%d/stat", pid)
	}
	return (user + system) * 1e6 / ticksPerSecond, nil
}

// child is a process of ours.
type child struct{ cmd *exec.Cmd }

func (c child) process() *os.Process { return c.cmd.Process }

func (c child) stop() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}
