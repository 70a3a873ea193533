package checks

import (
	"context"
	"crypto/x509"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestChanges: no request fails while routes, endpoints and certificates
// change under load.
func TestChanges(t *testing.T) {
	w := newWorld(t)
	start(t)
	identities := []identity{newIdentity(t, host("steady"), 1), newIdentity(t, host("steady"), 2)}
	roots := x509.NewCertPool()
	for _, i := range identities {
		roots.AddCert(i.leaf)
	}
	w.create(secrets, "cert", map[string]any{"type": "kubernetes.io/tls", "data": identities[0].data()})
	w.gateway("web", map[string]any{"listeners": []any{
		map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"},
		map[string]any{"name": "https", "port": int64(443), "protocol": "HTTPS", "tls": map[string]any{
			"certificateRefs": []any{map[string]any{"name": "cert"}},
		}},
	}})
	first := map[string]*endpoint{"a": w.backed("a"), "b": w.backed("b")}
	w.route("steady", weights(1, 1))
	address := w.programmed("web")
	w.eventually("the route is served", answers(address, host("steady"), 200))

	load := ask(t, kept(address, host("steady")), fresh(address, host("steady")), secure(address, host("steady"), roots))
	rounds := whileChanging(10*time.Second, map[string]func(round int){
		"routes":       w.changeRoutes,
		"other routes": w.changeOthers,
		"certificates": func(round int) {
			w.change(secrets, "cert", map[string]any{"data": identities[round%2].data()})
		},
		"endpoints of a": w.replaceEndpoints("a", first["a"]),
		"endpoints of b": w.replaceEndpoints("b", first["b"]),
	})
	t.Logf("%d requests; rounds of changes: %v", load.end(), rounds)
	if len(load.leaves) != len(identities) {
		t.Errorf("%d certificates were shown, not both", len(load.leaves))
	}
}

// whileChanging goes through the rounds of all kinds of changes at the same
// time, for that long, and counts them.
func whileChanging(long time.Duration, changes map[string]func(round int)) map[string]int {
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		rounds = map[string]int{}
	)
	for name, change := range changes {
		all.Go(func() {
			round := 0
			for ; ctx.Err() == nil; round++ {
				change(round + 1)
				time.Sleep(30 * time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			rounds[name] = round
		})
	}
	all.Wait()
	return rounds
}

// weights is a rule with two Services behind it.
func weights(a, b int64) map[string]any {
	return map[string]any{"backendRefs": []any{backend("a", a), backend("b", b)}}
}

// changeRoutes shifts the weights of the route that is asked for, and adds and
// removes a filter.
func (w *world) changeRoutes(round int) {
	shifted := [][2]int64{{1, 1}, {0, 1}, {1, 0}, {3, 7}}[round%4]
	rule := weights(shifted[0], shifted[1])
	if round%3 == 0 {
		rule["filters"] = []any{map[string]any{
			"type": "ResponseHeaderModifier",
			"responseHeaderModifier": map[string]any{
				"set": []any{map[string]any{"name": "round", "value": fmt.Sprint(round)}},
			},
		}}
	}
	w.change(routes, "steady", map[string]any{"spec": routeSpec("steady", rule)})
}

// changeOthers lets a route come, and go three rounds later.
func (w *world) changeOthers(round int) {
	w.route(fmt.Sprintf("other-%d", round), redirect())
	if round > 3 {
		w.remove(routes, fmt.Sprintf("other-%d", round-3))
	}
}

// replaceEndpoints lets a new endpoint come up, then takes an old one out of
// the slice and shuts it down at once.
func (w *world) replaceEndpoints(service string, serving ...*endpoint) func(int) {
	return func(int) {
		added := w.endpoint()
		serving = append(serving, added)
		w.change(endpointSlices, service, map[string]any{"endpoints": sliceOf(service, serving)["endpoints"]})
		if len(serving) <= 3 {
			return
		}
		removed := serving[0]
		serving = serving[1:]
		w.change(endpointSlices, service, map[string]any{"endpoints": sliceOf(service, serving)["endpoints"]})
		w.shutDown(removed)
	}
}
