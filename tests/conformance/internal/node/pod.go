package node

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"conformance/internal/nsnet"
)

// pod is one pod that runs on this node.
type pod struct {
	node   *Node
	spec   *corev1.Pod
	dir    string
	addr   *net.IPNet
	net    *nsnet.PodNet
	cancel context.CancelFunc
	ended  chan struct{}
	start  metav1.Time

	mu         sync.Mutex
	containers []*container
}

// run takes the pod from bound to ended.
func (p *pod) run(ctx context.Context) {
	defer os.RemoveAll(p.dir)
	if err := p.setUp(ctx); err != nil {
		if ctx.Err() == nil {
			klog.ErrorS(err, "set up", "pod", klog.KObj(p.spec))
			p.report(ctx)
		}
		return
	}
	defer p.tearDown()
	var all sync.WaitGroup
	for _, c := range p.containers {
		all.Go(func() { c.supervise(ctx) })
	}
	all.Wait()
}

// setUp waits for the volumes, then makes the network and the containers.
func (p *pod) setUp(ctx context.Context) error {
	p.start = metav1.Now()
	volumes, err := p.waitVolumes(ctx)
	if err != nil {
		return err
	}
	if p.addr, err = p.node.ips.take(); err != nil {
		return err
	}
	if p.net, err = nsnet.NewPodNet(linkName(p.spec), p.addr, p.node.Addr.IP); err != nil {
		p.node.ips.release(p.addr)
		return err
	}
	for i := range p.spec.Spec.Containers {
		c, err := newContainer(ctx, p, &p.spec.Spec.Containers[i], volumes)
		if err != nil {
			p.tearDown()
			return fmt.Errorf("container %s: %w", p.spec.Spec.Containers[i].Name, err)
		}
		p.mu.Lock()
		p.containers = append(p.containers, c)
		p.mu.Unlock()
	}
	return nil
}

func (p *pod) tearDown() {
	p.net.Close()
	p.node.ips.release(p.addr)
}

// grace is how long a process has between SIGTERM and SIGKILL.
func (p *pod) grace() time.Duration {
	if s := p.spec.Spec.TerminationGracePeriodSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return 30 * time.Second
}

func (p *pod) container(name string) *container {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.containers {
		if c.spec.Name == name {
			return c
		}
	}
	return nil
}

// linkName is unique per pod and short enough for an interface.
func linkName(obj *corev1.Pod) string {
	h := fnv.New64a()
	h.Write([]byte(obj.UID))
	return fmt.Sprintf("p%012x", h.Sum64()>>16)
}
