package checks

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"
)

// TestProgrammed: Gateways are Programmed when, and only when, their listeners
// are open and the table that serves them is the new one.
func TestProgrammed(t *testing.T) {
	w := newWorld(t)
	start(t)
	address := w.web()
	for port := int64(8000); port < 8020; port++ {
		w.listen("web", port)
		w.eventually("the Gateway is programmed", w.isProgrammed("web", "True"))
		if got := status(fmt.Sprintf("%s:%d", address, port), "any"); got != 404 {
			t.Errorf("programmed, and port %d answers %d", port, got)
		}
	}
}

// TestPool: each Gateway gets an address of its own, which is given back.
func TestPool(t *testing.T) {
	w := newWorld(t)
	startWith(t, "--addresses", "10.100.0.200")
	w.gateway("first", nil)
	if address := w.programmed("first"); address != "10.100.0.200" {
		t.Errorf("the address is %s", address)
	}
	w.gateway("web", nil)
	w.eventually("no address is left", w.isProgrammed("web", "False"))
	w.remove(gateways, "first")
	if address := w.programmed("web"); address != "10.100.0.200" {
		t.Errorf("the address is %s", address)
	}
}

// TestAddressHeld: an address that a Gateway has is given to no other that asks
// for it, nor to one that has it after a restart.
func TestAddressHeld(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	address := w.web()
	w.gateway("asker", map[string]any{"addresses": []any{map[string]any{"type": "IPAddress", "value": address}}})
	refused := func(context.Context) bool {
		programmed := conditionOf(w.get(gateways, "asker").Object, "Programmed", "status", "conditions")
		return programmed["reason"] == "AddressNotUsable"
	}
	w.eventually("the address is not usable for another", refused)
	controller.stop()
	start(t).leading(30 * time.Second)
	w.route("web", redirect())
	w.eventually("the route is served", answers(address, host("web"), 302))
	if got := w.programmed("web"); got != address || !refused(t.Context()) {
		t.Errorf("the address was %s, and is %s", address, got)
	}
}

// listen changes the port of a Gateway.
func (w *world) listen(gateway string, port int64) {
	w.t.Helper()
	w.change(gateways, gateway, map[string]any{"spec": map[string]any{
		"gatewayClassName": class,
		"listeners":        []any{map[string]any{"name": "http", "port": port, "protocol": "HTTP"}},
	}})
}

// isProgrammed says whether a Gateway's Programmed, of its spec as it is now,
// has this status.
func (w *world) isProgrammed(gateway, status string) func(context.Context) bool {
	return func(context.Context) bool {
		object := w.get(gateways, gateway)
		programmed := conditionOf(object.Object, "Programmed", "status", "conditions")
		return programmed["status"] == status && programmed["observedGeneration"] == object.GetGeneration()
	}
}

// TestPortTaken: a Gateway whose port somebody else has is not programmed, and
// is once the port is free.
func TestPortTaken(t *testing.T) {
	w := newWorld(t)
	start(t)
	address := w.web()
	somebody, err := net.Listen("tcp", address+":8000")
	if err != nil {
		t.Fatal(err)
	}
	defer somebody.Close()
	w.listen("web", 8000)
	w.eventually("the listener is not programmed", w.listener("web", "http", "False"))
	t.Log(conditionOf(w.listenerStatus(t.Context(), "web", "http"), "Programmed", "conditions")["message"])
	_ = somebody.Close()
	took := w.poll(t.Context(), takeover, "the listener is programmed", w.listener("web", "http", "True"))
	t.Logf("programmed %v after the port was free", took)
	if got := status(address+":8000", "any"); got != 404 {
		t.Errorf("programmed, and the port answers %d", got)
	}
}
