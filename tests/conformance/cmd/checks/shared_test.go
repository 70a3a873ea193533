package checks

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// bound is where the controllers with a shared address listen.
const bound = "10.100.0.9"

// TestSharedAddress: Gateways share sockets by port and protocol and, where
// two claim the same port and hostname, the older keeps it and the younger's
// listener says why it isn't programmed.
func TestSharedAddress(t *testing.T) {
	w := newWorld(t)
	startWith(t, "--shared-address", "gateway.example.com", "--bind", bound)
	// The order of the names is not that of the ages, which count in seconds.
	w.gateway("z-older", listeners("contested"))
	w.eventually("a second is over", func(context.Context) bool {
		return time.Since(w.get(gateways, "z-older").GetCreationTimestamp().Time) > 1100*time.Millisecond
	})
	w.gateway("a-younger", listeners("own", "contested"))
	for _, name := range []string{"z-older", "a-younger"} {
		w.create(routes, name, map[string]any{"spec": map[string]any{
			"parentRefs": []any{map[string]any{"name": name}},
			"rules":      []any{redirectTo(name)},
		}})
	}
	for _, name := range []string{"z-older", "a-younger"} {
		if address := w.programmed(name); address != "gateway.example.com" {
			t.Errorf("%s has the address %s", name, address)
		}
	}
	w.eventually("the older serves what both claim", w.redirects("contested", "z-older"))
	w.eventually("the younger serves what is its own", w.redirects("own", "a-younger"))
	w.eventually("the younger's listener is not programmed", w.listener("a-younger", "contested", "False"))
	why := conditionOf(w.listenerStatus(t.Context(), "a-younger", "contested"), "Programmed", "conditions")
	t.Logf("%v: %v", why["reason"], why["message"])
	if why["message"] == "" {
		t.Errorf("the younger's listener does not say why")
	}

	w.remove(gateways, "z-older")
	w.eventually("the younger's listener is programmed", w.listener("a-younger", "contested", "True"))
	if !w.redirects("contested", "a-younger")(t.Context()) {
		t.Errorf("programmed, and not served")
	}
}

// TestAllowed: where options say what a namespace's listeners may claim, what
// they claim besides is refused and keeps nobody off.
func TestAllowed(t *testing.T) {
	w := newWorld(t)
	startWith(t, "--shared-address", "gateway.example.com", "--bind", bound,
		"--allow-hostnames", w.namespace+"="+host("own"), "--allow-ports", "*=80")
	all := listeners("own", "another")["listeners"].([]any)
	all = append(all, map[string]any{"name": "port", "port": int64(8443), "protocol": "HTTP", "hostname": host("own")})
	w.gateway("web", map[string]any{"listeners": all})
	w.eventually("what is allowed is programmed", w.listener("web", "own", "True"))
	for name, reason := range map[string]string{"another": "UnsupportedValue", "port": "PortUnavailable"} {
		accepted := conditionOf(w.listenerStatus(t.Context(), "web", name), "Accepted", "conditions")
		if accepted["status"] != "False" || accepted["reason"] != reason {
			t.Errorf("listener %s: %v", name, accepted)
		}
	}
	if got := status(bound+":8443", host("own")); got != 0 {
		t.Errorf("the port answers %d", got)
	}
}

// listeners on port 80, each for the host of its name.
func listeners(names ...string) map[string]any {
	all := []any{}
	for _, name := range names {
		all = append(all, map[string]any{"name": name, "port": int64(80), "protocol": "HTTP", "hostname": host(name)})
	}
	return map[string]any{"listeners": all}
}

func (w *world) listenerStatus(ctx context.Context, gateway, listener string) map[string]any {
	object, err := w.of(gateways).Get(ctx, gateway, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	all, _, _ := unstructured.NestedSlice(object.Object, "status", "listeners")
	for _, l := range all {
		if status := l.(map[string]any); status["name"] == listener {
			return status
		}
	}
	return nil
}

// listener says whether a listener's Programmed has this status.
func (w *world) listener(gateway, name, status string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		return conditionOf(w.listenerStatus(ctx, gateway, name), "Programmed", "conditions")["status"] == status
	}
}

// redirects says whether the host of one name is redirected to that of another.
func (w *world) redirects(from, to string) func(context.Context) bool {
	return func(context.Context) bool {
		response := get(bound, host(from))
		return response != nil && response.Header.Get("Location") == "http://"+host(to)+"/"
	}
}

// TestSharedAddressAskedFor: spec.addresses honoured as the specification
// says, where a Gateway asks for the address that all have.
func TestSharedAddressAskedFor(t *testing.T) {
	for kind, shared := range map[string]string{"IPAddress": bound, "Hostname": "gateway.example.com"} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			startWith(t, "--shared-address", shared, "--bind", bound)
			w.gateway("web", map[string]any{"addresses": []any{map[string]any{"type": kind, "value": shared}}})
			w.gateway("wrong", map[string]any{"addresses": []any{map[string]any{"type": "IPAddress", "value": "192.0.2.1"}}})
			w.route("web", redirect())
			if address := w.programmed("web"); address != shared {
				t.Errorf("the address is %s", address)
			}
			w.eventually("the route is served", answers(bound, host("web"), 302))
			w.eventually("another address is not usable", func(context.Context) bool {
				programmed := conditionOf(w.get(gateways, "wrong").Object, "Programmed", "status", "conditions")
				return programmed["reason"] == "AddressNotUsable"
			})
		})
	}
}
