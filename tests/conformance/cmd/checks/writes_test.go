package checks

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// quiet is how long nothing must happen for the cluster to be at rest: longer
// than any retry of a write that failed once.
const quiet = 2 * time.Second

// TestWrites counts what the controller writes: every write of a status is one
// event of a watch.
func TestWrites(t *testing.T) {
	const count = 50
	w := newWorld(t, "checks-writes")
	for i := range count {
		w.route(fmt.Sprintf("route-%d", i), map[string]any{
			"backendRefs": []any{map[string]any{"name": "late", "port": int64(80)}},
		})
	}
	w.eventually("the routes say that the Service is missing", w.settled(count, "ResolvedRefs", "False"))

	events, err := w.client.Resource(routes).Namespace(w.namespace).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	writes(events) // what is there already, and what was under way
	if got := writes(events); len(got) > 0 {
		t.Errorf("written at rest: %v", got)
	}

	w.create(services, "v1", "Service", "late", map[string]any{
		"ports": []any{map[string]any{"port": int64(80)}},
	})
	got := writes(events)
	if len(got) != count {
		t.Errorf("%d of %d routes were written after a change that concerns all", len(got), count)
	}
	for route, times := range got {
		if times > 1 {
			t.Errorf("%s was written %d times after one change", route, times)
		}
	}
}

// writes counts the events of each object until nothing happens any more.
func writes(events watch.Interface) map[string]int {
	count := map[string]int{}
	for {
		select {
		case event, open := <-events.ResultChan():
			if object, ok := event.Object.(*unstructured.Unstructured); ok && open {
				count[object.GetName()]++
			}
		case <-time.After(quiet):
			return count
		}
	}
}
