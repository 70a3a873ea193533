package checks

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const routeDefinition = "httproutes.gateway.networking.k8s.io"

// TestLateKind: a kind whose CRD isn't installed is left out and taken in when
// it appears.
func TestLateKind(t *testing.T) {
	w := newWorld(t)
	definition := w.get(definitions, routeDefinition)
	for _, field := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} {
		unstructured.RemoveNestedField(definition.Object, "metadata", field)
	}
	delete(definition.Object, "status")
	t.Cleanup(func() { w.define(context.Background(), definition) })
	w.undefine(routeDefinition)

	controller := start(t)
	address := w.web()
	for _, route := range []string{"late", "later"} {
		w.define(t.Context(), definition)
		w.route(route, redirect())
		w.eventually("the route is served", answers(address, host(route), 302))
		w.eventually("the route is accepted", w.settled(1, "Accepted", "True"))
		w.undefine(routeDefinition)
		w.eventually("the route is not served any more", answers(address, host(route), 404))
	}
	if !controller.ready() {
		t.Errorf("the controller is not ready")
	}
}

// define installs a CRD, and waits until its kind is served.
func (w *world) define(ctx context.Context, definition *unstructured.Unstructured) {
	w.t.Helper()
	_, err := w.of(definitions).Create(ctx, definition, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		w.t.Fatal(err)
	}
	w.poll(ctx, time.Minute, "the kind is served", func(ctx context.Context) bool {
		_, err := w.of(routes).List(ctx, metav1.ListOptions{})
		return err == nil
	})
}

// undefine removes a CRD, and waits until it is gone.
func (w *world) undefine(name string) {
	w.t.Helper()
	w.remove(definitions, name)
	w.eventually("the CRD is gone", func(ctx context.Context) bool {
		_, err := w.of(definitions).Get(ctx, name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}
