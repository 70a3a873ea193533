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

// TestRefusedWritesAlone: writes that fail keep no others from being done.
func TestRefusedWritesAlone(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	controller.leading(30 * time.Second)
	w.web()
	controller.relay.treat("put httproutes/status "+w.namespace+"/a-refused", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "never", http.StatusInternalServerError)
	})
	for i := range 40 {
		w.route(fmt.Sprintf("a-refused-%d", i), redirect())
	}
	controller.wait(10*time.Second, "has tried all", func() bool {
		return len(controller.relay.counts("put httproutes/status "+w.namespace+"/a-refused")) == 40
	})
	w.route("late", redirect())
	took := w.poll(t.Context(), 2*time.Second, "another status is written", func(context.Context) bool { return w.hasParent("late") })
	t.Logf("another status took %v", took)
}

// hasParent says whether a route's status tells of a parent.
func (w *world) hasParent(route string) bool {
	w.t.Helper()
	parents, _, _ := unstructured.NestedSlice(w.get(routes, route).Object, "status", "parents")
	return len(parents) > 0
}

// TestConflictedWrites: a version that conflicted is not tried again.
func TestConflictedWrites(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	controller.leading(30 * time.Second)
	w.web()
	const put = "put httproutes/status "
	over := controller.relay.treat(put+w.namespace+"/late", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409}`))
	})
	attempts := func() int { return controller.relay.counts(put)[put+w.namespace+"/late"] }
	w.route("late", redirect())
	controller.wait(10*time.Second, "tries", func() bool { return attempts() > 0 })
	// Each has everything planned anew.
	for i := range 5 {
		w.route(fmt.Sprintf("other-%d", i), redirect())
	}
	w.eventually("the others are written", func(context.Context) bool { return w.hasParent("other-4") })
	if got := attempts(); got != 1 {
		t.Errorf("%d attempts at one version", got)
	}
	over()
	w.annotate(routes, "late", "example.org/another", "version")
	w.eventually("another version is written", w.settled(6, "Accepted", "True"))
}

// TestTwoWriters: against another writer that undoes what is written the
// controller backs off, and says so.
func TestTwoWriters(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	controller.leading(30 * time.Second)
	w.web()
	undone := 0
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		object := w.get(gateways, "web")
		if !holds(object.Object, "Programmed", "status", "conditions") {
			continue
		}
		unstructured.RemoveNestedField(object.Object, "status", "conditions")
		if _, err := w.of(gateways).UpdateStatus(t.Context(), object, metav1.UpdateOptions{}); err == nil {
			undone++
		}
	}
	t.Logf("undone %d times in 5 s", undone)
	if undone < 3 || undone > 8 {
		t.Errorf("undone %d times in 5 s", undone)
	}
	if !controller.logged("another writer undoes what is written") {
		t.Errorf("nothing is said of the other writer")
	}
}

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
