package checks

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestObserve: the log of a controller has a line for each request, and its
// health port counts it.
func TestObserve(t *testing.T) {
	w := newWorld(t)
	controller := startWith(t, "--addresses", pool, "--access-log", "stdout")
	address := w.web()
	w.route("seen", redirect())
	w.eventually("the route is served", answers(address, host("seen"), 302))

	gateway := func(kind, name string) string { return fmt.Sprintf("%s/%s/%s", kind, w.namespace, name) }
	route := gateway("HTTPRoute", "seen")
	w.eventually("the request is in the access log", func(context.Context) bool {
		return controller.logged("302", "reason=redirect", "route="+route)
	})
	w.eventually("the request is counted", func(context.Context) bool {
		for _, line := range strings.Split(controller.metrics(), "\n") {
			if strings.HasPrefix(line, "gateway_requests_total{") &&
				strings.Contains(line, fmt.Sprintf("route=%q,class=\"3xx\"", route)) {
				return true
			}
		}
		return false
	})
}

// metrics is the page for scrapers.
func (r *replica) metrics() string {
	response, err := http.Get(r.health + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(page)
}
