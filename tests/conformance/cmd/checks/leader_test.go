package checks

import (
	"context"
	"syscall"
	"testing"
	"time"
)

const (
	// takeover is how soon another replica leads when a leader has vanished:
	// the lease's 15 s, and the 3 s between two looks at it.
	takeover = 20 * time.Second
	// deadline is how long a leader goes on that does not reach the Lease: 10 s,
	// and what it takes to notice. The lease has to hold longer.
	deadline = 14 * time.Second
)

// pair is a world with a route that is served by two replicas behind one
// address, each on a machine of its own.
func pair(t *testing.T) (w *world, leader, other *replica) {
	w = newWorld(t)
	leader = behind(t, "10.100.0.11")
	leader.leading(30 * time.Second)
	w.web()
	w.backed("steady")
	w.route("steady", map[string]any{"backendRefs": []any{backend("steady", 1)}})
	w.eventually("the route is served", answers("10.100.0.11", host("steady"), 200))
	return w, leader, behind(t, "10.100.0.12")
}

// behind is a replica behind a shared address.
func behind(t *testing.T, bind string) *replica {
	t.Helper()
	return startWith(t, "--shared-address", "gateway.example.com", "--bind", bind)
}

// TestLeader: every replica serves, the leader alone writes statuses; a leader
// that stops hands over at once.
func TestLeader(t *testing.T) {
	w, leader, other := pair(t)
	w.route("new", redirect())
	w.eventually("the new route is accepted", w.settled(2, "Accepted", "True"))
	leader.atRest()
	for _, address := range []string{"10.100.0.11", "10.100.0.12"} {
		if old, now := status(address, host("steady")), status(address, host("new")); old != 200 || now != 302 {
			t.Errorf("the replica at %s answers %d and %d", address, old, now)
		}
	}
	if got := other.writes(); len(got) > 0 {
		t.Errorf("written by the replica that does not lead: %v", got)
	}

	load := ask(t, kept("10.100.0.12", host("steady")), fresh("10.100.0.12", host("steady")))
	leader.stop()
	t.Logf("the other leads after %v", other.leading(5*time.Second))
	w.route("newer", redirect())
	w.eventually("the next route is accepted", w.settled(3, "Accepted", "True"))
	t.Logf("%d requests", load.end())
	other.atRest()
	for object, times := range other.writes() {
		// The statuses of the others are as the first leader left them.
		if object != "put httproutes/status "+w.namespace+"/newer" && object != "put gateways/status "+w.namespace+"/web" {
			t.Errorf("%d times after the next route came: %s", times, object)
		}
	}
}

// TestLeaderStopped: a leader that is not run for longer than its lease holds
// writes nothing when it is run again.
func TestLeaderStopped(t *testing.T) {
	w, leader, other := pair(t)
	leader.atRest()
	leader.signal(syscall.SIGSTOP)
	t.Logf("the other leads after %v", other.leading(takeover))
	w.lost(leader, other, func() { leader.signal(syscall.SIGCONT) })
}

// TestLeaderCutOff: a leader that does not reach the API server gives up
// before another takes over.
func TestLeaderCutOff(t *testing.T) {
	w, leader, other := pair(t)
	w.cutOff(leader, other, leader.relay.refuse, leader.relay.up)
}

// TestLeaderSilent: a leader whose requests the API server does not answer
// gives up before another takes over.
func TestLeaderSilent(t *testing.T) {
	w, leader, other := pair(t)
	w.cutOff(leader, other, leader.relay.hang, leader.relay.resume)
}

func (w *world) cutOff(leader, other *replica, cut, back func()) {
	w.t.Helper()
	leader.atRest()
	cut()
	begin := time.Now()
	gaveUp := leader.wait(deadline, "gives up", leader.gaveUp)
	other.leading(takeover - gaveUp)
	w.t.Logf("gave up after %v, the other leads after %v", gaveUp, time.Since(begin))
	w.lost(leader, other, back)
}

// lost changes the status of a route while a leader is away, and checks that
// it leaves that alone when it is back.
func (w *world) lost(leader, other *replica, back func()) {
	w.t.Helper()
	before, written := leader.writes(), other.writes()
	rule := map[string]any{"backendRefs": []any{backend("missing", 1)}}
	w.change(routes, "steady", map[string]any{"spec": routeSpec("steady", rule)})
	w.eventually("the new leader writes", func(context.Context) bool { return len(other.written(written)) > 0 })
	back()
	leader.wait(10*time.Second, "gives up", leader.gaveUp)
	leader.atRest()
	if got := leader.written(before); len(got) > 0 {
		w.t.Errorf("written by a leader whose lease is over: %v", got)
	}
	if !other.leads() {
		w.t.Errorf("the new leader does not lead any more")
	}
}

// gaveUp says whether it led, and leads no more.
func (r *replica) gaveUp() bool { return r.logged("leader election", "leads=false") }
