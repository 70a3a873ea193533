package checks

import (
	"net/http"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestRefusedWrites: retries with backoff.
func TestRefusedWrites(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	controller.leading(30 * time.Second)
	w.web()
	over := controller.relay.treat("put httproutes/status ", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not now", http.StatusInternalServerError)
	})
	w.route("late", redirect())
	time.Sleep(4 * time.Second)
	attempts := controller.relay.counts("put httproutes/status ")["put httproutes/status "+w.namespace+"/late"]
	over()
	took := w.poll(t.Context(), 10*time.Second, "the status is written", w.settled(1, "Accepted", "True"))
	t.Logf("%d attempts, and %v until it is written", attempts, took)
	// After 0, 0.2, 0.6, 1.4 and 3 s, and once more from the start where another
	// write succeeds meanwhile.
	if attempts < 3 || attempts > 8 {
		t.Errorf("%d attempts within 4 s", attempts)
	}
}

// TestConditions: lastTransitionTime is kept where a condition's status did
// not change; observedGeneration is that of the object that was resolved.
func TestConditions(t *testing.T) {
	w := newWorld(t)
	start(t)
	w.web()
	w.route("steady", redirect())
	w.eventually("the route is accepted", w.settled(1, "Accepted", "True"))
	before := w.conditions("steady")
	// The times count in seconds.
	time.Sleep(1100 * time.Millisecond)
	rule := map[string]any{"backendRefs": []any{backend("missing", 1)}}
	w.change(routes, "steady", map[string]any{"spec": routeSpec("steady", rule)})
	w.eventually("the route says that the Service is missing", w.settled(1, "ResolvedRefs", "False"))

	after := w.conditions("steady")
	if after["Accepted"]["lastTransitionTime"] != before["Accepted"]["lastTransitionTime"] {
		t.Errorf("Accepted has not changed: %v, %v", before["Accepted"], after["Accepted"])
	}
	if after["ResolvedRefs"]["lastTransitionTime"] == before["ResolvedRefs"]["lastTransitionTime"] {
		t.Errorf("ResolvedRefs has changed: %v, %v", before["ResolvedRefs"], after["ResolvedRefs"])
	}
	generation := w.get(routes, "steady").GetGeneration()
	for name, condition := range after {
		if condition["observedGeneration"] != generation {
			t.Errorf("%s is that of generation %v, not %d", name, condition["observedGeneration"], generation)
		}
	}
}

// conditions are those of a route at the Gateway "web".
func (w *world) conditions(route string) map[string]map[string]any {
	w.t.Helper()
	conditions := map[string]map[string]any{}
	parents, _, _ := unstructured.NestedSlice(w.get(routes, route).Object, "status", "parents")
	if len(parents) != 1 {
		w.t.Fatalf("%d entries in parents", len(parents))
	}
	for _, name := range []string{"Accepted", "ResolvedRefs"} {
		conditions[name] = conditionOf(parents[0].(map[string]any), name, "conditions")
	}
	return conditions
}
