package checks

import (
	"testing"
	"time"
)

// TestOutage: in an outage of the API server traffic goes on with the last
// good table; watches resume without a relist storm.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	address := w.web()
	w.backed("steady")
	w.route("steady", map[string]any{"backendRefs": []any{backend("steady", 1)}})
	w.eventually("the route is served", answers(address, host("steady"), 200))
	relay := controller.relay
	if kinds := len(relay.counts("list ")); kinds != len(watched) {
		t.Fatalf("%d kinds were listed", kinds)
	}

	for name, outage := range map[string]struct{ begin, end func() }{
		"refused": {relay.refuse, relay.up},
		"dropped": {relay.drop, func() { relay.refuse(); relay.up() }},
		"silent":  {relay.hang, relay.resume},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, client: w.client, namespace: w.namespace}
			controller.atRest()
			lists, watches, connections := relay.counts("list "), relay.counts("watch "), relay.connections()
			load := ask(t, kept(address, host("steady")), fresh(address, host("steady")))
			outage.begin()
			w.route(name, redirect())
			if unready := controller.unready(4 * time.Second); unready > 0 {
				t.Errorf("/readyz failed %d times", unready)
			}
			if got := status(address, host(name)); got != 404 {
				t.Errorf("the new route answers %d: there was no outage", got)
			}
			attempts := relay.connections() - connections
			outage.end()
			took := w.poll(t.Context(), 20*time.Second, "the new route is served", answers(address, host(name), 302))
			t.Logf("%d requests; %d attempts to connect; resumed after %v", load.end(), attempts, took)

			for kind, count := range relay.counts("list ") {
				if count != lists[kind] {
					t.Errorf("%s: %d times", kind, count-lists[kind])
				}
			}
			for kind, count := range relay.counts("watch ") {
				if count > watches[kind]+2 {
					t.Errorf("%s: %d times", kind, count-watches[kind])
				}
			}
			// Each of sixteen watches after 0, 0.8, 2.4 s, and the Lease each 3 s.
			if attempts > 66 {
				t.Errorf("%d attempts to connect within the outage", attempts)
			}
		})
	}
}

// unready counts how often /readyz fails within that time.
func (r *replica) unready(long time.Duration) int {
	failed := 0
	for begin := time.Now(); time.Since(begin) < long; time.Sleep(100 * time.Millisecond) {
		if !r.ready() {
			failed++
		}
	}
	return failed
}
