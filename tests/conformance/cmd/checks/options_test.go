package checks

import (
	"context"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestOptionStatuses: what is said of an option of K8sGateway is an entry of
// its own, beside those of others, and nothing else of the object changes.
func TestOptionStatuses(t *testing.T) {
	w := newWorld(t)
	start(t)
	w.web()
	w.route("any", redirect())
	options := map[string]any{"timeout": "5s"}
	w.create(routeOptions, "any", map[string]any{
		"spec":   map[string]any{"targetRefs": target("HTTPRoute", "any"), "options": options},
		"status": map[string]any{"statuses": map[string]any{"elsewhere": map[string]any{"state": int64(1)}}},
	})
	before := w.get(routeOptions, "any")
	w.eventually("the option is accepted", w.optionState(routeOptions, "any", "Accepted"))
	after := w.get(routeOptions, "any")
	foreign, _, _ := unstructured.NestedInt64(after.Object, "status", "statuses", "elsewhere", "state")
	if foreign != 1 {
		t.Errorf("the entry of another controller became %v", after.Object["status"])
	}
	if !reflect.DeepEqual(before.Object["spec"], after.Object["spec"]) {
		t.Errorf("more than the status was written: %v", after.Object["spec"])
	}
	w.remove(routes, "any")
	w.eventually("nothing is said of an option without a target", w.optionState(routeOptions, "any", ""))
}

// target is a target of an option, of the Gateway API.
func target(kind, name string) []any {
	return []any{map[string]any{"group": "gateway.networking.k8s.io", "kind": kind, "name": name}}
}

// option makes an option of K8sGateway.
func (w *world) option(kind kind, name string, targets []any, options map[string]any) {
	w.t.Helper()
	w.create(kind, name, map[string]any{"spec": map[string]any{"targetRefs": targets, "options": options}})
}

// optionState asks whether that is the state that the controller gives an
// option, where "" is none.
func (w *world) optionState(kind kind, name, want string) func(context.Context) bool {
	return func(context.Context) bool {
		statuses, _, _ := unstructured.NestedMap(w.get(kind, name).Object, "status", "statuses")
		for namespace, status := range statuses {
			if entry, ok := status.(map[string]any); ok && namespace != "elsewhere" {
				return entry["state"] == want
			}
		}
		return want == ""
	}
}
