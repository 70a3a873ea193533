package checks

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// scale is how large a cluster is.
type scale struct{ gateways, services, few, many int }

// TestScale: what a change costs, and when it is served, depends on the change
// and not on how many routes there are.
func TestScale(t *testing.T) {
	size, samples, storm := scale{100, 5000, 1000, 10_000}, 50, 30*time.Second
	if testing.Short() {
		size, samples, storm = scale{5, 50, 50, 200}, 5, 3*time.Second
	}
	w := newWorld(t)
	s := newScaled(w, size)
	s.grow(0, size.few)
	replica := start(t)
	s.begin()
	replica.atRest()
	among := map[int]map[string]cost{size.few: s.measure(replica, samples)}
	s.grow(size.few, size.many)
	replica.atRest()
	among[size.many] = s.measure(replica, samples)
	s.compare(among[size.few], among[size.many])
	s.storm(replica, storm)
	replica.atRest()
	after := replica.memory("VmRSS")
	replica.stop()

	begin := time.Now()
	again := start(t)
	t.Logf("start with %d routes: ready after %v", size.many, time.Since(begin))
	again.atRest()
	before := again.memory("VmRSS")
	t.Logf("resident: %d kB at rest after a start, %d kB after churn", before, after)
	s.limit(before <= 113_000 && after <= 113_000, "113 MB")
}

// limit is not held against anything but a release build at full size.
func (s *scaled) limit(holds bool, what string) {
	s.w.t.Helper()
	if !holds && !testing.Short() {
		s.w.t.Errorf("beyond the limit: %s", what)
	}
}

// cost is what one change of a kind costs: CPU of the process, and how long
// until it was served.
type cost struct {
	cpu          time.Duration
	median, slow time.Duration
}

// measure makes changes of each kind, first without a look at what is served
// (the CPU that is used then is that of the changes), then with.
func (s *scaled) measure(r *replica, samples int) map[string]cost {
	costs := map[string]cost{}
	for _, change := range s.changes() {
		before := r.cpu()
		for range samples {
			change.apply()
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(time.Second)
		cost := cost{cpu: (r.cpu() - before) / time.Duration(samples)}
		var took []time.Duration
		for range samples {
			change.apply()
			took = append(took, s.served(change))
			time.Sleep(30 * time.Millisecond)
		}
		slices.Sort(took)
		cost.median, cost.slow = took[len(took)/2], took[len(took)*99/100]
		s.w.t.Logf("among %d routes, %s: %v of CPU; served after %v, 99th percentile %v",
			s.routes, change.name, cost.cpu, cost.median, cost.slow)
		costs[change.name] = cost
	}
	return costs
}

// served is the time from the answer of the API server until the change is
// seen.
func (s *scaled) served(change change) time.Duration {
	s.w.t.Helper()
	applied := time.Now()
	for !change.seen() {
		if time.Since(applied) > 30*time.Second {
			s.w.t.Fatalf("not served: %s", change.name)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(applied)
}

// compare holds costs against the limits, and those among many routes against
// those among few: a tick of CPU time, and what a poll takes, is no difference.
func (s *scaled) compare(few, many map[string]cost) {
	for name, cost := range many {
		s.limit(cost.cpu <= 5*time.Millisecond, fmt.Sprintf("%s: 5 ms of CPU, found %v", name, cost.cpu))
		s.limit(cost.median <= 20*time.Millisecond, fmt.Sprintf("%s: served after 20 ms, found %v", name, cost.median))
		s.limit(cost.slow <= 50*time.Millisecond, fmt.Sprintf("%s: 99 of 100 served after 50 ms, found %v", name, cost.slow))
		before := few[name]
		s.limit(cost.cpu <= before.cpu*3/2+time.Millisecond/2,
			fmt.Sprintf("%s: 1.5 times the CPU among few routes, found %v and %v", name, before.cpu, cost.cpu))
		s.limit(cost.median <= before.median*3/2+2*time.Millisecond,
			fmt.Sprintf("%s: 1.5 times the latency among few routes, found %v and %v", name, before.median, cost.median))
	}
}

// storm is 50 changes of endpoints and one new route a second.
func (s *scaled) storm(r *replica, long time.Duration) {
	const everySecond = 50
	var took []time.Duration
	before, begin := r.cpu(), time.Now()
	for round := 0; time.Since(begin) < long; round++ {
		next := begin.Add(time.Duration(round+1) * time.Second / everySecond)
		s.touch(round % s.size.services)
		if round%everySecond == 0 {
			took = append(took, s.w.appears(s.address, fmt.Sprintf("storm-%d", round)))
		}
		time.Sleep(time.Until(next))
	}
	share := float64(r.cpu()-before) / float64(time.Since(begin))
	slices.Sort(took)
	median := took[len(took)/2]
	s.w.t.Logf("%d changes of endpoints a second: %.1f%% of a core; a route is served after %v", everySecond, 100*share, median)
	s.limit(share <= 0.15, "15% of a core")
	s.limit(median <= 30*time.Millisecond, "a route is served after 30 ms in a storm")
}
