package checks

import (
	"testing"
	"time"
)

// TestRestart: an address is kept over restarts (it is in the status), and
// when nothing has changed nothing is written.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	// The address that is free first is not the one to come back to.
	w.gateway("first", nil)
	w.programmed("first")
	before := w.web()
	w.backed("steady")
	w.route("steady", map[string]any{"backendRefs": []any{backend("steady", 1)}})
	w.eventually("the route is served", answers(before, host("steady"), 200))
	w.remove(gateways, "first")
	controller.atRest()
	version := w.get(gateways, "web").GetResourceVersion()
	controller.stop()

	controller = start(t)
	if got := status(before, host("steady")); got != 200 {
		t.Errorf("ready, and the route answers %d", got)
	}
	t.Logf("leads after %v", controller.leading(10*time.Second))
	if got := controller.atRest(); len(got) > 0 {
		t.Errorf("written after a restart: %v", got)
	}
	if after := w.programmed("web"); after != before {
		t.Errorf("the address was %s, and is %s", before, after)
	}
	if now := w.get(gateways, "web").GetResourceVersion(); now != version {
		t.Errorf("the Gateway was written to: %s, then %s", version, now)
	}
}
