package checks

import (
	"testing"
	"time"
)

// TestHandover: every replica serves; on one machine they share the sockets of
// the Gateways' addresses, and no new connection fails when one stops.
func TestHandover(t *testing.T) {
	w := newWorld(t)
	first := start(t)
	address := w.web()
	w.backed("steady")
	w.route("steady", map[string]any{"backendRefs": []any{backend("steady", 1)}})
	w.eventually("the route is served", answers(address, host("steady"), 200))

	load := ask(t, kept(address, host("steady")), fresh(address, host("steady")))
	for range 3 {
		next := start(t)
		first.stop()
		t.Logf("the next leads after %v", next.leading(5*time.Second))
		first = next
	}
	t.Logf("%d requests", load.end())
	if got := first.atRest(); len(got) > 0 {
		t.Errorf("written after nothing changed: %v", got)
	}
}

// TestSecondReplica: an address is kept over restarts (it is in the status),
// also by a replica that was there before the leader gave it.
func TestSecondReplica(t *testing.T) {
	w := newWorld(t)
	leader := start(t)
	leader.leading(30 * time.Second)
	w.gateway("first", nil)
	w.programmed("first")
	w.gateway("second", nil)
	w.programmed("second")
	w.remove(gateways, "first")
	leader.atRest()
	// To the second replica the address of "first" is the first that is free,
	// to the leader it is the last.
	other := start(t)
	address := w.web()
	w.route("steady", redirect())
	w.eventually("the route is served", answers(address, host("steady"), 302))
	leader.stop()
	other.leading(5 * time.Second)
	other.atRest()
	if now := w.programmed("web"); now != address {
		t.Errorf("the address was %s, and is %s by another leader", address, now)
	}
	if got := status(address, host("steady")); got != 302 {
		t.Errorf("the other replica answers %d at %s", got, address)
	}
}
