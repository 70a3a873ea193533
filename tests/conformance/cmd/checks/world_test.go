// Package checks builds into a binary that holds the controller to what the
// conformance suite does not look at: how it behaves while things change, fail
// and restart, how often it writes, how soon it serves and what it costs.
//
// The tests run one after another. Each has a namespace and starts its own
// controllers; all of them share the cluster, the service account and the Lease.
package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

var (
	namespaces      = kind{corev1.SchemeGroupVersion.WithResource("namespaces"), "Namespace"}
	services        = kind{corev1.SchemeGroupVersion.WithResource("services"), "Service"}
	secrets         = kind{corev1.SchemeGroupVersion.WithResource("secrets"), "Secret"}
	endpointSlices  = kind{discoveryv1.SchemeGroupVersion.WithResource("endpointslices"), "EndpointSlice"}
	classes         = kind{gatewayv1.SchemeGroupVersion.WithResource("gatewayclasses"), "GatewayClass"}
	gateways        = kind{gatewayv1.SchemeGroupVersion.WithResource("gateways"), "Gateway"}
	listenerSets    = kind{gatewayv1.SchemeGroupVersion.WithResource("listenersets"), "ListenerSet"}
	definitions     = kind{schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}, "CustomResourceDefinition"}
	routes          = kind{gatewayv1.SchemeGroupVersion.WithResource("httproutes"), "HTTPRoute"}
	grpcRoutes      = kind{gatewayv1.SchemeGroupVersion.WithResource("grpcroutes"), "GRPCRoute"}
	tlsRoutes       = kind{gatewayv1.SchemeGroupVersion.WithResource("tlsroutes"), "TLSRoute"}
	tcpRoutes       = kind{gatewayv1.SchemeGroupVersion.WithResource("tcproutes"), "TCPRoute"}
	udpRoutes       = kind{gatewayv1.SchemeGroupVersion.WithResource("udproutes"), "UDPRoute"}
	grants          = kind{gatewayv1.SchemeGroupVersion.WithResource("referencegrants"), "ReferenceGrant"}
	tlsPolicies     = kind{gatewayv1.SchemeGroupVersion.WithResource("backendtlspolicies"), "BackendTLSPolicy"}
	routeOptions    = option("routeoptions", "RouteOption")
	hostOptions     = option("virtualhostoptions", "VirtualHostOption")
	socketOptions   = option("listeneroptions", "ListenerOption")
	trafficPolicies = kind{schema.GroupVersionResource{Group: "gateway.networking.x-k8s.io", Version: "v1alpha1", Resource: "xbackendtrafficpolicies"}, "XBackendTrafficPolicy"}
	xBackends       = kind{schema.GroupVersionResource{Group: "gateway.networking.x-k8s.io", Version: "v1alpha1", Resource: "xbackends"}, "XBackend"}
	upstreams       = kind{schema.GroupVersionResource{Group: "gloo.solo.io", Version: "v1", Resource: "upstreams"}, "Upstream"}
)

// kind is a kind of object, as URLs and as manifests name it.
type kind struct {
	schema.GroupVersionResource
	name string
}

// option is a kind of policy of K8sGateway.
func option(resource, name string) kind {
	return kind{schema.GroupVersionResource{Group: "gateway.solo.io", Version: "v1", Resource: resource}, name}
}

// world is a namespace of a test.
type world struct {
	t         *testing.T
	client    dynamic.Interface
	namespace string
}

// clusterConfig is that of the cluster's administrator.
func clusterConfig(t *testing.T) *rest.Config {
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.QPS = -1
	return cfg
}

func newWorld(t *testing.T) *world {
	// One of the same name may still be on its way out.
	namespace := strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")) + "-" + rand.String(4)
	w := &world{t: t, client: dynamic.NewForConfigOrDie(clusterConfig(t)), namespace: namespace}
	w.create(namespaces, namespace, nil)
	t.Cleanup(func() {
		// The namespace's end takes seconds, and the next test begins at once.
		var kinds sync.WaitGroup
		for _, kind := range []kind{routes, gateways, services, endpointSlices, secrets, grants} {
			kinds.Go(func() {
				_ = w.of(kind).DeleteCollection(context.Background(), metav1.DeleteOptions{}, metav1.ListOptions{})
			})
		}
		kinds.Wait()
		_ = w.of(namespaces).Delete(context.Background(), w.namespace, metav1.DeleteOptions{})
	})
	return w
}

// of is the client for a kind, in the namespace if it has any.
func (w *world) of(kind kind) dynamic.ResourceInterface {
	if kind == namespaces || kind == classes || kind == definitions {
		return w.client.Resource(kind.GroupVersionResource)
	}
	return w.client.Resource(kind.GroupVersionResource).Namespace(w.namespace)
}

// create makes an object with these fields, such as a spec.
func (w *world) create(kind kind, name string, fields map[string]any) {
	w.t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{}}
	for field, value := range fields {
		object.Object[field] = value
	}
	object.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.name))
	object.SetName(name)
	if labels, ok := fields["labels"].(map[string]string); ok {
		delete(object.Object, "labels")
		object.SetLabels(labels)
	}
	if _, err := w.of(kind).Create(w.t.Context(), object, metav1.CreateOptions{}); err != nil {
		w.t.Errorf("%s %s: %v", kind.name, name, err)
	}
}

// change replaces these fields of an object, whatever its version is.
func (w *world) change(kind kind, name string, fields map[string]any) {
	w.t.Helper()
	for w.t.Context().Err() == nil {
		object := w.get(kind, name)
		for field, value := range fields {
			object.Object[field] = value
		}
		_, err := w.of(kind).Update(w.t.Context(), object, metav1.UpdateOptions{})
		if err == nil {
			return
		}
		if !conflict(err) {
			w.t.Errorf("%s %s: %v", kind.name, name, err)
			return
		}
	}
}

// annotate sets an annotation of an object.
func (w *world) annotate(kind kind, name, annotation, value string) {
	w.t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{annotation: value}}})
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.of(kind).Patch(context.Background(), name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		w.t.Errorf("%s %s: %v", kind.name, name, err)
	}
}

func (w *world) get(kind kind, name string) *unstructured.Unstructured {
	w.t.Helper()
	object, err := w.of(kind).Get(w.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Errorf("%s %s: %v", kind.name, name, err)
		return &unstructured.Unstructured{Object: map[string]any{}}
	}
	return object
}

func (w *world) remove(kind kind, name string) {
	w.t.Helper()
	if err := w.of(kind).Delete(w.t.Context(), name, metav1.DeleteOptions{}); err != nil {
		w.t.Errorf("%s %s: %v", kind.name, name, err)
	}
}

func (w *world) eventually(what string, done func(context.Context) bool) {
	w.t.Helper()
	w.poll(w.t.Context(), time.Minute, what, done)
}

// poll waits for something to become true, and tells how long that took.
func (w *world) poll(ctx context.Context, limit time.Duration, what string, done func(context.Context) bool) time.Duration {
	w.t.Helper()
	begin := time.Now()
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		return done(ctx), nil
	})
	if err != nil {
		w.t.Fatalf("not within %v: %s", limit, what)
	}
	return time.Since(begin)
}

func host(route string) string { return fmt.Sprintf("%s.example.com", route) }
