package checks

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestLatency: a route applied to the API server answers on the wire within
// 50 ms at the median and 150 ms at the 99th percentile with 1,000 routes
// present, measured from the client that applied it.
func TestLatency(t *testing.T) {
	others, samples := 1000, 100
	if testing.Short() {
		others, samples = 100, 20
	}
	w := newWorld(t)
	start(t)
	address := w.web()
	inParallel(others, func(i int) { w.route(fmt.Sprintf("other-%d", i), redirect()) })
	w.eventually("the routes are accepted", w.settled(others, "Accepted", "True"))
	var took []time.Duration
	for i := range samples {
		took = append(took, w.appears(address, fmt.Sprintf("new-%d", i)))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	median, slow := took[samples/2], took[samples*99/100]
	t.Logf("served among %d after: median %v, 99th percentile %v", others, median, slow)
	if testing.Short() {
		t.Log("not held against the limits, which are for a release build")
	} else if median > 50*time.Millisecond || slow > 150*time.Millisecond {
		t.Errorf("expected 50ms at the median and 150ms at the 99th percentile")
	}
}

// appears is the time from the answer of the API server to the first answer
// by the new route.
func (w *world) appears(address, name string) time.Duration {
	w.t.Helper()
	w.route(name, redirect())
	applied := time.Now()
	for time.Since(applied) < 10*time.Second {
		request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+address+"/", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		request.Host = host(name)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusFound {
				return time.Since(applied)
			}
		}
		time.Sleep(time.Millisecond)
	}
	w.t.Fatalf("%s is not served", name)
	return 0
}
