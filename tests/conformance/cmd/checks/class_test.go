package checks

import (
	"context"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// TestClass: GatewayClass: Accepted, supportedFeatures (sorted), parametersRef.
func TestClass(t *testing.T) {
	w := newWorld(t)
	start(t)
	accepted := func(class, status string) func(context.Context) bool {
		return func(context.Context) bool { return w.classCondition(class, "Accepted")["status"] == status }
	}
	w.eventually("the class is accepted", accepted(class, "True"))
	features, _, _ := unstructured.NestedSlice(w.get(classes, class).Object, "status", "supportedFeatures")
	names := []string{}
	for _, feature := range features {
		names = append(names, feature.(map[string]any)["name"].(string))
	}
	if len(names) == 0 || !slices.IsSorted(names) {
		t.Errorf("features: %v", names)
	}

	w.class("parameters", map[string]any{
		"controllerName": controllerName(),
		"parametersRef":  map[string]any{"group": "example.org", "kind": "Parameters", "name": "any"},
	})
	w.eventually("a class with parameters is not accepted", accepted("parameters", "False"))
	if reason := w.classCondition("parameters", "Accepted")["reason"]; reason != "InvalidParameters" {
		t.Errorf("the reason is %v", reason)
	}
}

// TestSupportedVersion: the CRD's bundle-version decides GatewayClass
// SupportedVersion.
func TestSupportedVersion(t *testing.T) {
	w := newWorld(t)
	start(t)
	supported := func(status string) func(context.Context) bool {
		return func(context.Context) bool { return w.classCondition(class, "SupportedVersion")["status"] == status }
	}
	w.eventually("the version is supported", supported("True"))
	const annotation = "gateway.networking.k8s.io/bundle-version"
	version := w.get(definitions, routeDefinition).GetAnnotations()[annotation]
	annotate := func(version string) { w.annotate(definitions, routeDefinition, annotation, version) }
	t.Cleanup(func() { annotate(version) })
	annotate("v0.0.0-dev")
	w.eventually("the version is not supported", supported("False"))
	annotate(version)
	w.eventually("the version is supported again", supported("True"))
}

// TestFinalizer: a class that a Gateway uses is not deleted before it.
func TestFinalizer(t *testing.T) {
	w := newWorld(t)
	start(t)
	w.class("in-use", map[string]any{"controllerName": controllerName()})
	w.eventually("the class is accepted", func(context.Context) bool {
		return w.classCondition("in-use", "Accepted")["status"] == "True"
	})
	if finalizers := w.get(classes, "in-use").GetFinalizers(); len(finalizers) > 0 {
		t.Errorf("no Gateway uses the class, which has the finalizers %v", finalizers)
	}
	w.gateway("web", map[string]any{"gatewayClassName": "in-use"})
	w.eventually("the class has the finalizer", func(context.Context) bool {
		return slices.Contains(w.get(classes, "in-use").GetFinalizers(), gatewayv1.GatewayClassFinalizerGatewaysExist)
	})
	w.remove(classes, "in-use")
	if w.programmed("web") == "" || w.get(classes, "in-use").GetDeletionTimestamp() == nil {
		t.Errorf("the class is not held back")
	}
	w.remove(gateways, "web")
	w.eventually("the class is gone", func(ctx context.Context) bool {
		_, err := w.of(classes).Get(ctx, "in-use", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// class makes one that is gone when the test ends.
func (w *world) class(name string, spec map[string]any) {
	w.t.Helper()
	w.create(classes, name, map[string]any{"spec": spec})
	w.t.Cleanup(func() {
		free := []byte(`{"metadata":{"finalizers":null}}`)
		_ = w.of(classes).Delete(context.Background(), name, metav1.DeleteOptions{})
		_, _ = w.of(classes).Patch(context.Background(), name, types.MergePatchType, free, metav1.PatchOptions{})
	})
}

func (w *world) classCondition(class, condition string) map[string]any {
	return conditionOf(w.get(classes, class).Object, condition, "status", "conditions")
}
