package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// cpuTime is the processor time of this process, of all threads.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	// it fails only for arguments that do not exist
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// rssMiB is the resident memory of this process, nil where the system does not tell as Linux does.
func rssMiB() *float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil
	}
	var size, resident int
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return nil
	}
	mib := float64(resident) * float64(os.Getpagesize()) / 1024 / 1024
	return &mib
}

// quiet says when a process has come to rest; the bench sends it, so that it is the same for every subject (see
// bench/src/cpu.ts).
type quiet struct {
	Window float64 `json:"window"`
	CPU    float64 `json:"cpu"`
	Times  int     `json:"times"`
	Limit  float64 `json:"limit"`
}

// wait returns when what was done before has left nothing to do. onLook, if any, is called after each look.
func (q quiet) wait(onLook func()) {
	end := time.Now().Add(milliseconds(q.Limit))
	for quietLooks := 0; quietLooks < q.Times && time.Now().Before(end); {
		before := cpuTime()
		time.Sleep(milliseconds(q.Window))
		if cpuTime()-before <= milliseconds(q.CPU) {
			quietLooks++
		} else {
			quietLooks = 0
		}
		if onLook != nil {
			onLook()
		}
	}
}

func milliseconds(ms float64) time.Duration {
	return time.Duration(ms * float64(time.Millisecond))
}

func inMilliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}
