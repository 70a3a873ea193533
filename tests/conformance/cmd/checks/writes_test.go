package checks

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// quiet is how long nothing must happen for the cluster to be at rest: longer
// than any retry of a write that failed once.
const quiet = 2 * time.Second

// TestWrites: at rest no write at all; after a change at most one write an
// object.
func TestWrites(t *testing.T) {
	const count = 50
	w := newWorld(t)
	controller := start(t)
	controller.leading(30 * time.Second)
	w.web()
	for i := range count {
		w.route(fmt.Sprintf("route-%d", i), map[string]any{"backendRefs": []any{backend("late", 1)}})
	}
	w.eventually("the routes say that the Service is missing", w.settled(count, "ResolvedRefs", "False"))

	before := controller.atRest()
	time.Sleep(5 * time.Second)
	if got := controller.written(before); len(got) > 0 {
		t.Errorf("written at rest: %v", got)
	}

	before = controller.atRest()
	w.service("late")
	w.eventually("the routes have their Service", w.settled(count, "ResolvedRefs", "True"))
	controller.atRest()
	got := controller.written(before)
	if len(got) != count {
		t.Errorf("%d of %d routes were written after a change that concerns all", len(got), count)
	}
	for route, times := range got {
		if times > 1 {
			t.Errorf("%d requests for one change: %s", times, route)
		}
	}
}

// atRest waits until it has written nothing for a while, and gives what it has
// written so far.
func (r *replica) atRest() map[string]int {
	for {
		before := r.writes()
		time.Sleep(quiet)
		if len(r.written(before)) == 0 {
			return before
		}
	}
}

// written is what it has written since then.
func (r *replica) written(before map[string]int) map[string]int {
	now := r.writes()
	for name, times := range now {
		if now[name] = times - before[name]; now[name] == 0 {
			delete(now, name)
		}
	}
	return now
}

// writes are all requests but those that read and those that concern the Lease.
func (r *replica) writes() map[string]int {
	counts := r.relay.counts("")
	for name := range counts {
		verb, what, _ := strings.Cut(name, " ")
		reads := verb == "list" || verb == "watch" || verb == "get" || verb == "discover"
		if reads || strings.HasPrefix(what, "leases") {
			delete(counts, name)
		}
	}
	return counts
}
