package checks

import (
	"context"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// class is the GatewayClass that the cluster starts with.
const class = "gateway-conformance"

// gateway makes one with a listener on port 80, unless the fields of the spec
// say otherwise.
func (w *world) gateway(name string, spec map[string]any) {
	w.t.Helper()
	all := map[string]any{
		"gatewayClassName": class,
		"listeners":        []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}},
	}
	maps.Copy(all, spec)
	w.create(gateways, name, map[string]any{"spec": all})
}

// programmed waits for a Gateway to be programmed and gives its address.
func (w *world) programmed(name string) string {
	w.t.Helper()
	var address string
	w.eventually("Gateway "+name+" is programmed", func(ctx context.Context) bool {
		gateway, err := w.of(gateways).Get(ctx, name, metav1.GetOptions{})
		if err != nil || !holds(gateway.Object, "Programmed", "status", "conditions") {
			return false
		}
		addresses, _, _ := unstructured.NestedSlice(gateway.Object, "status", "addresses")
		if len(addresses) == 1 {
			address, _ = addresses[0].(map[string]any)["value"].(string)
		}
		return address != ""
	})
	return address
}

// web makes the Gateway "web" and gives its address.
func (w *world) web() string {
	w.t.Helper()
	w.gateway("web", nil)
	return w.programmed("web")
}

// route makes a route at the Gateway "web" for one host, with one rule.
func (w *world) route(name string, rule map[string]any) {
	w.t.Helper()
	w.create(routes, name, map[string]any{"spec": routeSpec(name, rule)})
}

func routeSpec(name string, rule map[string]any) map[string]any {
	return map[string]any{
		"parentRefs": []any{map[string]any{"name": "web"}},
		"hostnames":  []any{host(name)},
		"rules":      []any{rule},
	}
}

// redirect is a rule that answers without a backend.
func redirect() map[string]any { return redirectTo("elsewhere") }

func redirectTo(name string) map[string]any {
	return map[string]any{"filters": []any{map[string]any{
		"type":            "RequestRedirect",
		"requestRedirect": map[string]any{"hostname": host(name)},
	}}}
}

// service makes one without a selector: the test writes its EndpointSlices.
func (w *world) service(name string) {
	w.t.Helper()
	w.create(services, name, map[string]any{"spec": map[string]any{
		"ports": []any{map[string]any{"port": int64(80), "targetPort": int64(endpointPort)}},
	}})
}

func backend(service string, weight int64) map[string]any {
	return map[string]any{"name": service, "port": int64(80), "weight": weight}
}

// settled says whether there are as many routes and all have the condition
// with that status.
func (w *world) settled(count int, condition, status string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		list, err := w.of(routes).List(ctx, metav1.ListOptions{})
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

// holds says whether a condition is true.
func holds(object map[string]any, condition string, path ...string) bool {
	return conditionOf(object, condition, path...)["status"] == "True"
}

func conditionOf(object map[string]any, condition string, path ...string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(object, path...)
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == condition {
			return m
		}
	}
	return nil
}

func conflict(err error) bool { return apierrors.IsConflict(err) }
