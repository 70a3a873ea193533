package checks

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// pool is what Gateways get their addresses from.
const pool = "10.100.0.0/24"

// replica is a process of the controller, with the rights of its service
// account. It reaches the API server through a relay of its own.
type replica struct {
	t       *testing.T
	relay   *relay
	leases  leases
	command *exec.Cmd
	health  string
	log     string
	ended   chan struct{}
}

var started atomic.Int32

func controllerName() string { return os.Getenv("CONTROLLER") }

// start runs a controller that gives addresses out of the pool, until it is
// stopped or the test ends.
func start(t *testing.T) *replica { return startWith(t, "--addresses", pool) }

func startWith(t *testing.T, flags ...string) *replica {
	t.Helper()
	r := launch(t, newRelay(t), flags...)
	r.wait(30*time.Second, "is ready", r.ready)
	return r
}

// launch does not wait for it to be ready.
func launch(t *testing.T, relay *relay, flags ...string) *replica {
	t.Helper()
	number := int(started.Add(1))
	r := &replica{
		t:      t,
		relay:  relay,
		leases: kubernetes.NewForConfigOrDie(clusterConfig(t)).CoordinationV1().Leases(leaseNamespace),
		health: fmt.Sprintf("http://127.0.0.1:%d", 18080+number),
		log:    filepath.Join(os.Getenv("OUT"), fmt.Sprintf("gateway-%d-%s.log", number, strings.ReplaceAll(t.Name(), "/", "-"))),
		ended:  make(chan struct{}),
	}
	log, err := os.Create(r.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	flags = append([]string{"controller", "--health", strings.TrimPrefix(r.health, "http://"),
		"--lease", leaseNamespace + "/" + leaseName, "--controller-name", controllerName()}, flags...)
	r.command = exec.Command(os.Getenv("GATEWAY"), flags...)
	r.command.Env = append(os.Environ(), "KUBECONFIG="+relay.kubeconfig())
	r.command.Stdout, r.command.Stderr = log, log
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = r.command.Wait(); close(r.ended) }()
	t.Cleanup(r.stop)
	return r
}

// stop ends it in order, and fails the test if it does not go well. A replica
// that is stopped already is left alone.
func (r *replica) stop() {
	select {
	case <-r.ended:
		return
	default:
	}
	r.signal(syscall.SIGCONT)
	r.signal(syscall.SIGTERM)
	select {
	case <-r.ended:
	case <-time.After(15 * time.Second):
		r.t.Errorf("the controller does not stop (%s)", r.log)
		r.kill()
	}
	if state := r.command.ProcessState; !state.Success() {
		r.t.Errorf("the controller ended with %v (%s)", state, r.log)
	}
}

// kill ends it at once.
func (r *replica) kill() {
	r.signal(syscall.SIGKILL)
	<-r.ended
}

func (r *replica) signal(signal syscall.Signal) { _ = r.command.Process.Signal(signal) }

// ready says whether /readyz says so.
func (r *replica) ready() bool {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get(r.health + "/readyz")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// logged says whether its log has a line with these words.
func (r *replica) logged(words ...string) bool {
	log, err := os.ReadFile(r.log)
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		found := true
		for _, word := range words {
			found = found && strings.Contains(line, word)
		}
		if found {
			return true
		}
	}
	return false
}

// wait waits for something to be true of it.
func (r *replica) wait(limit time.Duration, what string, done func() bool) time.Duration {
	r.t.Helper()
	begin := time.Now()
	for !done() {
		if time.Since(begin) > limit {
			r.t.Fatalf("not within %v: the controller %s (%s)", limit, what, r.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begin)
}

type leases = coordinationv1.LeaseInterface

const leaseNamespace, leaseName = "gateway-system", "gateway-controller"

// leads says whether the Lease is in its name.
func (r *replica) leads() bool {
	lease, err := r.leases.Get(context.Background(), leaseName, metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil {
		return false
	}
	return strings.Contains(*lease.Spec.HolderIdentity, fmt.Sprintf("_%d_", r.command.Process.Pid))
}

// leading waits for it to lead.
func (r *replica) leading(limit time.Duration) time.Duration {
	r.t.Helper()
	return r.wait(limit, "leads", r.leads)
}
