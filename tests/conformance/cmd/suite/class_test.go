package suite

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// waitClass waits until the controller under test has listed its features: the
// suite looks once, and a controller that has just started may not be there yet.
func waitClass(t *testing.T, kube client.Client, name string) {
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		var class gatewayv1.GatewayClass
		err := kube.Get(ctx, types.NamespacedName{Name: name}, &class)
		return err == nil && len(class.Status.SupportedFeatures) > 0, nil
	})
	if err != nil {
		t.Fatalf("GatewayClass %s lists no features: is the controller running? %v", name, err)
	}
}
