package checks

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const foreigner = "example.org/another"

// TestForeign: other controllers' entries in parents are never touched, own
// stale ones are removed.
func TestForeign(t *testing.T) {
	w := newWorld(t)
	start(t)
	w.web()
	theirs := map[string]any{"name": "theirs"}
	spec := routeSpec("shared", redirect())
	spec["parentRefs"] = []any{map[string]any{"name": "web"}, theirs}
	w.create(routes, "shared", map[string]any{"spec": spec})
	w.eventually("the route has our entry", w.ours(1))

	foreign := map[string]any{
		"controllerName": foreigner,
		"parentRef":      theirs,
		"conditions": []any{map[string]any{
			"type": "Accepted", "status": "False", "reason": "Whatever", "message": "left alone",
			"lastTransitionTime": "2020-02-02T02:02:02Z", "observedGeneration": int64(1),
		}},
	}
	w.writeForeign(foreign)
	spec["rules"] = []any{map[string]any{"backendRefs": []any{backend("missing", 1)}}}
	w.change(routes, "shared", map[string]any{"spec": spec})
	w.eventually("our entry tells of the missing Service", func(ctx context.Context) bool {
		ours, _ := w.entries(ctx)
		return len(ours) == 1 && conditionOf(ours[0], "ResolvedRefs", "conditions")["status"] == "False"
	})
	w.untouched(foreign)

	spec["parentRefs"] = []any{theirs}
	w.change(routes, "shared", map[string]any{"spec": spec})
	w.eventually("our entry is gone", w.ours(0))
	w.untouched(foreign)
}

// TestForeignClass: only classes of the controller's name are touched.
func TestForeignClass(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	controller.leading(30 * time.Second)
	w.class("foreign", map[string]any{"controllerName": foreigner})
	w.gateway("theirs", map[string]any{"gatewayClassName": "foreign"})
	w.web() // written later than a write of theirs would be
	controller.atRest()
	for name := range controller.writes() {
		if strings.HasSuffix(name, " foreign") || strings.HasSuffix(name, "/theirs") {
			t.Errorf("written: %s", name)
		}
	}
}

// TestFormerName: the entries that it wrote under a former name go, once it is
// told that name.
func TestFormerName(t *testing.T) {
	w := newWorld(t)
	controller := start(t)
	w.web()
	w.create(routes, "shared", map[string]any{"spec": routeSpec("shared", redirect())})
	w.eventually("the route has our entry", w.ours(1))
	controller.stop()
	w.writeForeign(map[string]any{
		"controllerName": foreigner,
		"parentRef":      map[string]any{"name": "web"},
		"conditions": []any{map[string]any{
			"type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
			"lastTransitionTime": "2020-02-02T02:02:02Z",
		}},
	})
	startWith(t, "--addresses", pool, "--former-controller-name", foreigner)
	w.eventually("the entry under the former name is gone", func(ctx context.Context) bool {
		_, theirs := w.entries(ctx)
		return len(theirs) == 0
	})
	if !w.ours(1)(t.Context()) {
		t.Errorf("our entry is gone as well")
	}
}

// writeForeign puts an entry before ours.
func (w *world) writeForeign(entry map[string]any) {
	w.t.Helper()
	for {
		object := w.get(routes, "shared")
		parents, _, _ := unstructured.NestedSlice(object.Object, "status", "parents")
		if err := unstructured.SetNestedSlice(object.Object, append([]any{entry}, parents...), "status", "parents"); err != nil {
			w.t.Fatal(err)
		}
		_, err := w.of(routes).UpdateStatus(w.t.Context(), object, metav1.UpdateOptions{})
		if err == nil {
			return
		}
		if !conflict(err) {
			w.t.Fatal(err)
		}
	}
}

// entries are the entries in the route's status.parents: ours and theirs.
func (w *world) entries(ctx context.Context) (ours, theirs []map[string]any) {
	route, err := w.of(routes).Get(ctx, "shared", metav1.GetOptions{})
	if err != nil {
		return nil, nil
	}
	parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
	for _, p := range parents {
		if entry := p.(map[string]any); entry["controllerName"] == controllerName() {
			ours = append(ours, entry)
		} else {
			theirs = append(theirs, entry)
		}
	}
	return ours, theirs
}

// ours says whether there are as many entries of ours.
func (w *world) ours(count int) func(context.Context) bool {
	return func(ctx context.Context) bool {
		ours, _ := w.entries(ctx)
		return len(ours) == count
	}
}

func (w *world) untouched(entry map[string]any) {
	w.t.Helper()
	_, theirs := w.entries(w.t.Context())
	for _, e := range theirs {
		// The API server's default.
		if ref := e["parentRef"].(map[string]any); ref != nil {
			delete(ref, "group")
			delete(ref, "kind")
		}
	}
	if !reflect.DeepEqual(theirs, []map[string]any{entry}) {
		w.t.Errorf("the foreign entry was %v, and is %v", entry, theirs)
	}
}
