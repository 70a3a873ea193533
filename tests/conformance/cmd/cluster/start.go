package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"conformance/internal/control"
	"conformance/internal/node"
	"conformance/internal/nsnet"
)

// start runs the cluster until a signal or, for "run", until the command ends.
func start(command string, args []string) error {
	c, err := parse(command, args)
	if err != nil {
		return err
	}
	if command == "run" && len(c.args) == 0 {
		return fmt.Errorf("run: no command given")
	}
	if err := nsnet.Isolate(); err != nil {
		return err
	}
	begin := time.Now()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	if err := c.prepare(); err != nil {
		return err
	}
	ctx := context.Background()
	plane, err := control.Start(ctx, control.Options{DataDir: c.dataDir, NodeIP: c.node.IP, RBAC: c.rbac})
	if err != nil {
		return fmt.Errorf("%w (see %s)", err, c.logFile())
	}
	pods, stopPods := context.WithCancel(ctx)
	n, err := node.Start(pods, plane.Config, node.Options{DataDir: c.dataDir, Addr: c.node, Images: c.images})
	if err != nil {
		stopPods()
		return err
	}
	defer func() {
		nsnet.Evict(5 * time.Second)
		stopPods()
		n.Wait()
	}()
	if err := c.fill(ctx, plane.Config); err != nil {
		return err
	}
	ready := fmt.Sprintf("ready after %.1fs, KUBECONFIG=%s", time.Since(begin).Seconds(), c.kubeconfig())
	if command == "run" {
		fmt.Fprintln(os.Stderr, ready) // stdout is the command's
		return c.child(signals, plane.Done)
	}
	fmt.Println(ready)
	select {
	case <-signals:
		return nil
	case err := <-plane.Done:
		return fmt.Errorf("apiserver ended: %w", err)
	}
}

// prepare empties the data folder, opens the log and sets up the network.
func (c *config) prepare() error {
	if pid, err := c.runningPID(); err == nil {
		return fmt.Errorf("a cluster with this data folder runs already, pid %d", pid)
	}
	if err := emptyDataDir(c.dataDir); err != nil {
		return err
	}
	if err := os.WriteFile(c.pidFile(), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return err
	}
	log, err := os.Create(c.logFile())
	if err != nil {
		return err
	}
	logTo(log)
	return nsnet.SetUp(c.node, list(c.gatewayCIDR))
}

// fill writes the kubeconfig and creates the CRDs and the GatewayClass.
func (c *config) fill(ctx context.Context, cfg *rest.Config) error {
	if err := control.WriteKubeconfig(cfg, c.kubeconfig()); err != nil {
		return err
	}
	if err := os.Setenv("KUBECONFIG", c.kubeconfig()); err != nil { // for the command of "run"
		return err
	}
	applier, err := control.NewApplier(cfg)
	if err != nil {
		return err
	}
	for _, path := range list(c.crds) {
		if err := applier.ApplyPath(ctx, path); err != nil {
			return err
		}
	}
	if c.controller == "" {
		return nil
	}
	return applier.Apply(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1",
		"kind":       "GatewayClass",
		"metadata":   map[string]any{"name": c.class},
		"spec":       map[string]any{"controllerName": c.controller},
	}})
}

// child runs the command of "run", passing signals on to it.
func (c *config) child(signals <-chan os.Signal, broken <-chan error) error {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s)
			case err := <-broken:
				fmt.Fprintln(os.Stderr, "cluster: apiserver ended:", err)
				_ = cmd.Process.Kill()
				return
			}
		}
	}()
	return cmd.Wait()
}

// logTo sends all of klog to the file, errors too.
func logTo(log *os.File) {
	fs := flag.NewFlagSet("klog", flag.PanicOnError)
	klog.InitFlags(fs)
	_ = fs.Set("logtostderr", "false")
	_ = fs.Set("stderrthreshold", "FATAL")
	_ = fs.Set("one_output", "true")
	klog.SetOutput(log)
}
