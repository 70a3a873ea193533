package checks

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestLatency measures how soon a route is served once it was applied, with a
// thousand others there.
func TestLatency(t *testing.T) {
	const others, samples = 1000, 100
	w := newWorld(t, "checks-latency")
	for i := range others {
		w.route(fmt.Sprintf("other-%d", i), redirect())
	}
	w.eventually("the routes are accepted", w.settled(others, "Accepted", "True"))
	var took []time.Duration
	for i := range samples {
		took = append(took, w.appears(fmt.Sprintf("new-%d", i)))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	median, slow := took[samples/2], took[samples*99/100]
	t.Logf("served after: median %v, 99th percentile %v", median, slow)
	if median > 50*time.Millisecond || slow > 150*time.Millisecond {
		t.Errorf("expected 50ms at the median and 150ms at the 99th percentile")
	}
}

// redirect is a rule that answers without a backend.
func redirect() map[string]any {
	return map[string]any{"filters": []any{map[string]any{
		"type":            "RequestRedirect",
		"requestRedirect": map[string]any{"hostname": "elsewhere.example.com"},
	}}}
}

// appears is the time from the answer of the API server to the first answer
// by the new route.
func (w *world) appears(name string) time.Duration {
	w.t.Helper()
	w.route(name, redirect())
	applied := time.Now()
	for time.Since(applied) < 10*time.Second {
		request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.address+"/", nil)
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
