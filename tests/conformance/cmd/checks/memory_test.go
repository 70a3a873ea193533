package checks

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMemory: resident memory with 5,000 HTTPRoutes, 5,000 Services and their
// EndpointSlices watched is under 150 MB, and CPU at rest is nothing
// measurable.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the limits are for a release build")
	}
	const count, limit = 5000, 150_000 // kB
	w := newWorld(t)
	w.gateway("web", nil)
	begin := time.Now()
	inParallel(count, func(i int) {
		name := fmt.Sprintf("number-%d", i)
		w.service(name)
		w.slice(name, &endpoint{address: fmt.Sprintf("10.100.%d.%d", 201+i/250, 1+i%250)})
		w.route(name, map[string]any{"backendRefs": []any{backend(name, 1)}})
	})
	t.Logf("created after %v", time.Since(begin))

	begin = time.Now()
	first := start(t)
	t.Logf("first start: ready after %v, with %d kB", time.Since(begin), first.memory("VmRSS"))
	if written := first.atRest(); len(written) < count {
		t.Errorf("%d of %d statuses were written", len(written), count)
	}
	after := first.memory("VmRSS")
	t.Logf("statuses written after %v, with %v of CPU: %d kB, at most %d kB",
		time.Since(begin)-quiet, first.cpu(), after, first.memory("VmHWM"))
	first.stop()

	begin = time.Now()
	second := start(t)
	ready := second.memory("VmRSS")
	t.Logf("second start: ready after %v, with %d kB", time.Since(begin), ready)
	second.atRest()
	before := second.cpu()
	time.Sleep(10 * time.Second)
	used := second.cpu() - before
	rest := second.memory("VmRSS")
	t.Logf("at rest: %d kB, at most %d kB; %v of CPU in 10s", rest, second.memory("VmHWM"), used)
	for when, resident := range map[string]int{"after the statuses are written": after, "when ready": ready, "at rest": rest} {
		if resident > limit {
			t.Errorf("resident %s: %d kB", when, resident)
		}
	}
	if used > 100*time.Millisecond {
		t.Errorf("CPU at rest: %v in 10s", used)
	}
}

// memory is a figure of /proc/PID/status, in kB.
func (r *replica) memory(figure string) int {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", r.command.Process.Pid))
	if err != nil {
		r.t.Fatal(err)
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == figure+":" {
			size, err := strconv.Atoi(fields[1])
			if err != nil {
				r.t.Fatal(err)
			}
			return size
		}
	}
	r.t.Fatalf("no %s", figure)
	return 0
}

// cpu is the time that it has used, by utime and stime of /proc/PID/stat: each
// a number of ticks of 10 ms.
func (r *replica) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.command.Process.Pid))
	if err != nil {
		r.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	ticks := 0
	for _, field := range fields[11:13] {
		count, err := strconv.Atoi(field)
		if err != nil {
			r.t.Fatal(err)
		}
		ticks += count
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
