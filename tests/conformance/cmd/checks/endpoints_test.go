package checks

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// endpointPort is where the servers of the test listen: each on an address of
// its own, outside of the pool.
const endpointPort = 8080

var endpoints atomic.Int32

// endpoint is a server behind a Service.
type endpoint struct {
	address string
	server  *http.Server
}

// endpoint starts a server that answers everything.
func (w *world) endpoint() *endpoint {
	w.t.Helper()
	number := endpoints.Add(1)
	address := fmt.Sprintf("10.100.%d.%d", 201+number/250, 1+number%250)
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address, endpointPort))
	if err != nil {
		w.t.Fatal(err)
	}
	e := &endpoint{address, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, address)
	})}}
	go e.server.Serve(listener)
	w.t.Cleanup(func() { _ = e.server.Close() })
	return e
}

// shutDown takes no connections any more, and lets requests finish.
func (w *world) shutDown(e *endpoint) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := e.server.Shutdown(ctx); err != nil {
		w.t.Errorf("endpoint %s: %v", e.address, err)
	}
}

// backed makes a Service with one endpoint.
func (w *world) backed(name string) *endpoint {
	w.t.Helper()
	e := w.endpoint()
	w.service(name)
	w.slice(name, e)
	return e
}

// slice makes the EndpointSlice of a Service.
func (w *world) slice(service string, endpoints ...*endpoint) {
	w.t.Helper()
	w.create(endpointSlices, service, sliceOf(service, endpoints))
}

// sliceOf is the content of the EndpointSlice of a Service.
func sliceOf(service string, endpoints []*endpoint) map[string]any {
	addresses := []any{}
	for _, e := range endpoints {
		addresses = append(addresses, map[string]any{
			"addresses": []any{e.address}, "conditions": map[string]any{"ready": true},
		})
	}
	return map[string]any{
		"labels":      map[string]string{"kubernetes.io/service-name": service},
		"addressType": "IPv4",
		"ports":       []any{map[string]any{"port": int64(endpointPort), "protocol": "TCP"}},
		"endpoints":   addresses,
	}
}
