// Package node stands in for scheduler, kubelet, container runtime and CNI: it
// binds every pod to one made-up Node and runs its containers as plain
// processes, each pod in a network namespace of its own.
package node

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"conformance/internal/nsnet"
)

// Name of the one node.
const Name = "testbed"

type Options struct {
	DataDir string
	Addr    *net.IPNet        // the node's address on the pod network
	Images  map[string]string // part of an image's name -> program that stands in for it
}

// Node runs pods.
type Node struct {
	Options
	client  kubernetes.Interface
	spawner *nsnet.Spawner
	ips     *addressPool

	mu      sync.Mutex
	pods    map[types.UID]*pod
	running sync.WaitGroup
}

// Start registers the node, serves its kubelet endpoint and runs pods until
// the context ends. Wait then waits for them.
func Start(ctx context.Context, cfg *rest.Config, opts Options) (*Node, error) {
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	n := &Node{
		Options: opts,
		client:  client,
		spawner: nsnet.NewSpawner(),
		ips:     newAddressPool(opts.Addr),
		pods:    map[types.UID]*pod{},
	}
	if err := n.register(ctx); err != nil {
		return nil, fmt.Errorf("register node: %w", err)
	}
	if err := n.serveKubelet(ctx); err != nil {
		return nil, fmt.Errorf("kubelet endpoint: %w", err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	_, err = factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { n.sync(ctx, obj.(*corev1.Pod)) },
		UpdateFunc: func(_, obj any) { n.sync(ctx, obj.(*corev1.Pod)) },
		DeleteFunc: n.gone,
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	return n, nil
}

// Wait returns when all pods have ended.
func (n *Node) Wait() { n.running.Wait() }

func (n *Node) register(ctx context.Context) error {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: Name, Labels: map[string]string{corev1.LabelHostname: Name}},
	}
	created, err := n.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	created.Status = corev1.NodeStatus{
		Addresses:       []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: n.Addr.IP.String()}},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: kubeletPort}},
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Simulated", LastTransitionTime: metav1.Now(),
		}},
	}
	_, err = n.client.CoreV1().Nodes().UpdateStatus(ctx, created, metav1.UpdateOptions{})
	return err
}

// sync moves a pod one step on: bind it, run it, or stop it.
func (n *Node) sync(ctx context.Context, obj *corev1.Pod) {
	switch {
	case obj.Spec.NodeName == "" && obj.DeletionTimestamp == nil:
		n.running.Go(func() { n.bind(ctx, obj) })
	case obj.Spec.NodeName == Name && obj.DeletionTimestamp == nil:
		n.run(ctx, obj)
	case obj.Spec.NodeName == Name:
		n.stop(ctx, obj)
	}
}

func (n *Node) bind(ctx context.Context, obj *corev1.Pod) {
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: obj.Name, UID: obj.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: Name},
	}
	err := n.client.CoreV1().Pods(obj.Namespace).Bind(ctx, binding, metav1.CreateOptions{})
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && ctx.Err() == nil {
		klog.ErrorS(err, "bind", "pod", klog.KObj(obj))
	}
}

func (n *Node) run(ctx context.Context, obj *corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pods[obj.UID] != nil {
		return
	}
	podCtx, cancel := context.WithCancel(ctx)
	p := &pod{node: n, spec: obj, dir: filepath.Join(n.DataDir, "pods", string(obj.UID)), cancel: cancel, ended: make(chan struct{})}
	n.pods[obj.UID] = p
	n.running.Go(func() {
		defer close(p.ended)
		p.run(podCtx)
	})
}

// stop ends a pod's processes, then lets its object go.
func (n *Node) stop(ctx context.Context, obj *corev1.Pod) {
	n.mu.Lock()
	p := n.pods[obj.UID]
	n.mu.Unlock()
	if p != nil {
		p.cancel()
	}
	n.running.Go(func() {
		if p != nil {
			<-p.ended
		}
		now := int64(0)
		err := n.client.CoreV1().Pods(obj.Namespace).Delete(ctx, obj.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &obj.UID},
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) && ctx.Err() == nil {
			klog.ErrorS(err, "delete", "pod", klog.KObj(obj))
		}
	})
}

// gone forgets a pod whose object no longer exists.
func (n *Node) gone(obj any) {
	if tombstone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = tombstone.Obj
	}
	deleted, ok := obj.(*corev1.Pod)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.pods[deleted.UID]; p != nil {
		p.cancel()
		delete(n.pods, deleted.UID)
	}
}

// find returns the running pod of that name.
func (n *Node) find(namespace, name string) *pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pods {
		if p.spec.Namespace == namespace && p.spec.Name == name {
			return p
		}
	}
	return nil
}
