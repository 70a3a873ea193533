package checks

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestNewerDefinition: of a route that a newer CRD admits, what isn't understood fails closed and is said in the
// status; the route stays, and its other rules are served.
func TestNewerDefinition(t *testing.T) {
	w := newWorld(t)
	old := w.get(definitions, routeDefinition)
	t.Cleanup(func() { w.redefine(context.Background(), old) })
	newer := old.DeepCopy()
	extend(newer)
	w.redefine(t.Context(), newer)

	start(t)
	address := w.web()
	rule := func(path string, fields map[string]any) map[string]any {
		rule := redirect()
		rule["matches"] = []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": path}}}
		for field, value := range fields {
			rule[field] = value
		}
		return rule
	}
	spec := routeSpec("newer", nil)
	spec["rules"] = []any{
		rule("/known", nil),
		rule("/value", map[string]any{"filters": []any{map[string]any{"type": "Compression"}}}),
		rule("/field", map[string]any{"hedging": "often"}),
	}
	w.create(routes, "newer", map[string]any{"spec": spec})

	w.eventually("the status says what is not understood", func(ctx context.Context) bool {
		parent := w.parent(ctx, "newer")
		partially := conditionOf(parent, "PartiallyInvalid", "conditions")
		return holds(parent, "Accepted", "conditions") && partially["status"] == "True" && partially["reason"] == "UnsupportedValue"
	})
	for path, want := range map[string]int{"/known": 302, "/value": 500, "/field": 500, "/other": 404} {
		w.eventually(fmt.Sprintf("%d is answered to %s", want, path), func(context.Context) bool {
			return statusOf(address, host("newer"), path) == want
		})
	}
}

// extend has a CRD of HTTPRoutes know a type of filter and a field of rules that no release has.
func extend(definition *unstructured.Unstructured) {
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, version := range versions {
		rule := []string{"schema", "openAPIV3Schema", "properties", "spec", "properties", "rules", "items", "properties"}
		filter := append(rule[:len(rule):len(rule)], "filters", "items", "properties", "type", "enum")
		types, _, _ := unstructured.NestedSlice(version.(map[string]any), filter...)
		_ = unstructured.SetNestedSlice(version.(map[string]any), append(types, "Compression"), filter...)
		_ = unstructured.SetNestedField(version.(map[string]any), "string", append(rule, "hedging", "type")...)
	}
	_ = unstructured.SetNestedSlice(definition.Object, versions, "spec", "versions")
}

// redefine replaces what a CRD says, and waits until the API server goes by it.
func (w *world) redefine(ctx context.Context, definition *unstructured.Unstructured) {
	w.t.Helper()
	object, err := w.of(definitions).Get(ctx, definition.GetName(), metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	object.Object["spec"] = definition.Object["spec"]
	if _, err := w.of(definitions).Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	_, known, _ := unstructured.NestedMap(firstRule(definition), "hedging")
	probe := &unstructured.Unstructured{Object: map[string]any{"spec": routeSpec("probe", map[string]any{"hedging": "often"})}}
	probe.SetGroupVersionKind(routes.GroupVersion().WithKind(routes.name))
	probe.SetName("probe")
	w.poll(ctx, time.Minute, "the API server goes by the CRD", func(ctx context.Context) bool {
		stored, err := w.of(routes).Create(ctx, probe.DeepCopy(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil {
			return false
		}
		rules, _, _ := unstructured.NestedSlice(stored.Object, "spec", "rules")
		return (rules[0].(map[string]any)["hedging"] == "often") == known
	})
}

// firstRule is the schema of the rules of the first version of a CRD.
func firstRule(definition *unstructured.Unstructured) map[string]any {
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	rule, _, _ := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", "spec", "properties", "rules", "items", "properties")
	return rule
}

// parent is the first entry of a route's status.
func (w *world) parent(ctx context.Context, route string) map[string]any {
	object, err := w.of(routes).Get(ctx, route, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	parents, _, _ := unstructured.NestedSlice(object.Object, "status", "parents")
	if len(parents) == 0 {
		return nil
	}
	return parents[0].(map[string]any)
}

// statusOf is what is answered to a request for a path.
func statusOf(address, host, path string) int {
	request, err := http.NewRequest(http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return 0
	}
	request.Host = host
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}
