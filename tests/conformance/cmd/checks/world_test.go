// Package checks builds into a binary that holds the controller to what the
// conformance suite does not look at: how often it writes, how soon it serves.
package checks

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	namespaces = corev1.SchemeGroupVersion.WithResource("namespaces")
	services   = corev1.SchemeGroupVersion.WithResource("services")
	gateways   = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
	routes     = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
)

// world is a namespace with a Gateway in it.
type world struct {
	t         *testing.T
	client    dynamic.Interface
	namespace string
	address   string // of the Gateway
}

func newWorld(t *testing.T, namespace string) *world {
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.QPS = -1
	w := &world{t: t, client: dynamic.NewForConfigOrDie(cfg), namespace: namespace}
	w.create(namespaces, "v1", "Namespace", namespace, nil)
	t.Cleanup(func() {
		_ = w.client.Resource(namespaces).Delete(context.Background(), namespace, metav1.DeleteOptions{})
	})
	w.create(gateways, "gateway.networking.k8s.io/v1", "Gateway", "web", map[string]any{
		"gatewayClassName": "gateway-conformance",
		"listeners":        []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}},
	})
	w.eventually("the Gateway is programmed", func(ctx context.Context) bool {
		gateway, err := w.client.Resource(gateways).Namespace(namespace).Get(ctx, "web", metav1.GetOptions{})
		if err != nil || !holds(gateway.Object, "Programmed", "status", "conditions") {
			return false
		}
		addresses, _, _ := unstructured.NestedSlice(gateway.Object, "status", "addresses")
		w.address, _, _ = unstructured.NestedString(addresses[0].(map[string]any), "value")
		return true
	})
	return w
}

func (w *world) create(kind schema.GroupVersionResource, version, name, object string, spec map[string]any) {
	w.t.Helper()
	metadata := map[string]any{"name": object}
	content := map[string]any{"apiVersion": version, "kind": name, "metadata": metadata}
	if spec != nil {
		content["spec"] = spec
	}
	var client dynamic.ResourceInterface = w.client.Resource(kind)
	if kind != namespaces {
		client = w.client.Resource(kind).Namespace(w.namespace)
	}
	if _, err := client.Create(w.t.Context(), &unstructured.Unstructured{Object: content}, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// route makes a route for one host, with one rule.
func (w *world) route(name string, rule map[string]any) {
	w.t.Helper()
	w.create(routes, "gateway.networking.k8s.io/v1", "HTTPRoute", name, map[string]any{
		"parentRefs": []any{map[string]any{"name": "web"}},
		"hostnames":  []any{host(name)},
		"rules":      []any{rule},
	})
}

func host(route string) string { return fmt.Sprintf("%s.example.com", route) }

// settled says whether all routes have the condition with that status.
func (w *world) settled(count int, condition, status string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		list, err := w.client.Resource(routes).Namespace(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil || len(list.Items) != count {
			return false
		}
		for _, route := range list.Items {
			parents, _, _ := unstructured.NestedSlice(route.Object, "status", "parents")
			if len(parents) != 1 || holds(parents[0].(map[string]any), condition, "conditions") != (status == "True") {
				return false
			}
		}
		return true
	}
}

func holds(object map[string]any, condition string, path ...string) bool {
	conditions, _, _ := unstructured.NestedSlice(object, path...)
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == condition {
			return m["status"] == "True"
		}
	}
	return false
}

func (w *world) eventually(what string, done func(context.Context) bool) {
	w.t.Helper()
	err := wait.PollUntilContextTimeout(w.t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		return done(ctx), nil
	})
	if err != nil {
		w.t.Fatalf("not within a minute: %s", what)
	}
}
