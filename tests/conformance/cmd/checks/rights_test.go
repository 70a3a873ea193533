package checks

import (
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// TestRights: the manifests give the least rights that work: there is none
// that the controller makes no use of. That they are enough, all tests show.
func TestRights(t *testing.T) {
	w := newWorld(t)
	client := kubernetes.NewForConfigOrDie(clusterConfig(t))
	_ = client.CoordinationV1().Leases(leaseNamespace).Delete(t.Context(), leaseName, metav1.DeleteOptions{})
	cluster, err := client.RbacV1().ClusterRoles().Get(t.Context(), "gateway-controller", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	election, err := client.RbacV1().Roles(leaseNamespace).Get(t.Context(), "gateway-leader-election", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	controller := start(t)
	w.class("rights", map[string]any{"controllerName": controllerName()})
	w.gateway("of-the-class", map[string]any{"gatewayClassName": "rights"})
	w.web()
	w.route("any", redirect())
	w.service("encrypted")
	w.create(listenerSets, "more", map[string]any{"spec": map[string]any{
		"parentRef": map[string]any{"name": "web"},
		"listeners": []any{map[string]any{"name": "http", "port": 8080, "protocol": "HTTP"}},
	}})
	w.create(tlsPolicies, "encrypted", map[string]any{"spec": map[string]any{
		"targetRefs": []any{map[string]any{"group": "", "kind": "Service", "name": "encrypted"}},
		"validation": map[string]any{"wellKnownCACertificates": "System", "hostname": "a.example"},
	}})
	w.create(trafficPolicies, "encrypted", map[string]any{"spec": map[string]any{
		"targetRefs": []any{map[string]any{"group": "", "kind": "Service", "name": "encrypted"}},
	}})
	w.route("encrypted", map[string]any{"backendRefs": []any{backend("encrypted", 1)}})
	w.create(grpcRoutes, "any", map[string]any{"spec": map[string]any{
		"parentRefs": []any{map[string]any{"name": "web"}},
		// An HTTPRoute and a GRPCRoute of one host would be in each other's way.
		"hostnames": []any{host("grpc")},
		"rules":     []any{map[string]any{"backendRefs": []any{backend("encrypted", 1)}}},
	}})
	w.create(xBackends, "outside", map[string]any{"spec": map[string]any{
		"type":             "ExternalHostname",
		"externalHostname": map[string]any{"hostname": "outside.example"},
		"port":             map[string]any{"port": 80},
	}})
	w.route("outside", map[string]any{"backendRefs": []any{map[string]any{
		"group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": "outside",
	}}})
	w.create(upstreams, "named", map[string]any{"spec": map[string]any{
		"static": map[string]any{"hosts": []any{map[string]any{"addr": "192.0.2.1", "port": 80}}},
	}})
	for _, kind := range []kind{tlsRoutes, tcpRoutes, udpRoutes} {
		spec := map[string]any{
			"parentRefs": []any{map[string]any{"name": "web"}},
			"rules":      []any{map[string]any{"backendRefs": []any{backend("encrypted", 1)}}},
		}
		if kind.name == "TLSRoute" {
			spec["hostnames"] = []any{"a.example"}
		}
		w.create(kind, "any", map[string]any{"spec": spec})
	}
	w.option(routeOptions, "route", target("HTTPRoute", "any"), map[string]any{"timeout": "5s"})
	w.option(hostOptions, "hosts", target("Gateway", "web"), map[string]any{"csrf": map[string]any{}})
	w.option(socketOptions, "sockets", target("Gateway", "web"), map[string]any{})
	w.eventually("the routes are accepted", w.settled(3, "Accepted", "True"))

	for _, use := range uses(append(cluster.Rules, election.Rules...)) {
		controller.wait(10*time.Second, "makes use of its right to "+use, func() bool {
			return len(controller.relay.counts(use)) > 0
		})
	}
}

// uses are the requests that rules allow, as the relay names them.
func uses(rules []rbacv1.PolicyRule) []string {
	verbs := map[string]string{"create": "post", "update": "put"}
	applied := map[string]bool{"services": true, "endpointslices": true}
	all := []string{}
	for _, rule := range rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				if method := verbs[verb]; method != "" {
					verb = method
				}
				if verb == "post" && applied[resource] {
					verb = "patch" // which makes what is not there
				}
				all = append(all, verb+" "+resource)
			}
		}
	}
	return all
}
