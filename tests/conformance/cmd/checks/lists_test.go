package checks

import (
	"testing"
	"time"
)

// watched is every resource that a controller lists.
var watched = []string{
	"customresourcedefinitions", "backendtlspolicies", "configmaps", "directresponses", "endpointslices",
	"gatewayclasses", "gateways", "grpcroutes", "httplisteneroptions", "httproutes", "listeneroptions",
	"listenersets", "namespaces", "referencegrants", "routeoptions", "secrets", "services", "settings", "tcproutes",
	"tlsroutes", "udproutes", "upstreams", "virtualhostoptions", "xbackends", "xbackendtrafficpolicies", "xmeshes",
}

// builtIn counts the definitions, and the kinds that have none.
const builtIn = 6

// TestFirstLists: nothing is served or written before the first full list of
// every kind.
func TestFirstLists(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	address := w.web()
	w.route("steady", redirect())
	w.eventually("the route is served", answers(address, host("steady"), 302))
	controller.stop()

	for number, resource := range watched {
		// Something to write, as soon as that is allowed.
		w.route(resource, redirect())
		relay := newRelay(t)
		release := relay.withhold("list " + resource)
		controller := launch(t, relay, "--addresses", pool)
		controller.wait(10*time.Second, "leads and has listed what it can", func() bool {
			asked := len(relay.counts("list "))
			// Custom kinds are looked for when their definitions are known.
			all := asked == len(watched) || resource == watched[0] && asked == builtIn
			return all && controller.leads()
		})
		time.Sleep(300 * time.Millisecond)
		if controller.ready() {
			t.Errorf("ready without a list of %s", resource)
		}
		if got := status(address, host("steady")); got != 0 {
			t.Errorf("%d is answered without a list of %s", got, resource)
		}
		if got := controller.writes(); len(got) > 0 {
			t.Errorf("written without a list of %s: %v", resource, got)
		}
		release()
		controller.wait(10*time.Second, "is ready", controller.ready)
		if got := status(address, host("steady")); got != 302 {
			t.Errorf("%d is answered when ready", got)
		}
		w.eventually("the new route is accepted", w.settled(number+2, "Accepted", "True"))
		controller.stop()
	}
}
