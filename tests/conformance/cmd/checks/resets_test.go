package checks

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// TestEndpointResets: no request fails while endpoints change: one that is
// shut down resets the connections that it has not accepted yet. A GET may be
// sent again, to another endpoint.
func TestEndpointResets(t *testing.T) {
	w := newWorld(t)
	start(t)
	address := w.web()
	good, bad := w.endpoint(), &endpoint{address: "10.100.200.1"}
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", bad.address, endpointPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.(*net.TCPConn).SetLinger(0)
			_ = connection.Close()
		}
	}()
	w.service("steady")
	w.slice("steady", good)
	w.route("steady", map[string]any{"backendRefs": []any{backend("steady", 1)}})
	w.eventually("the route is served", answers(address, host("steady"), 200))

	load := ask(t, kept(address, host("steady")))
	w.change(endpointSlices, "steady", map[string]any{"endpoints": sliceOf("steady", []*endpoint{good, bad})["endpoints"]})
	time.Sleep(2 * time.Second)
	t.Logf("%d requests", load.end())
}
