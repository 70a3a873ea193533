package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"conformance/internal/control"
	"conformance/internal/nsnet"
)

// execIn replaces this process by a command in a started cluster.
func execIn(args []string) error {
	c, err := parse("exec", args)
	if err != nil {
		return err
	}
	if len(c.args) == 0 {
		return fmt.Errorf("exec: no command given")
	}
	pid, err := c.runningPID()
	if err != nil {
		return err
	}
	path, err := exec.LookPath(c.args[0])
	if err != nil {
		return err
	}
	if err := os.Setenv("KUBECONFIG", c.kubeconfig()); err != nil {
		return err
	}
	return nsnet.ExecIn(pid, path, c.args, os.Environ())
}

// apply creates objects in a started cluster.
func apply(args []string) error {
	c, cfg, err := join("apply", args)
	if err != nil {
		return err
	}
	applier, err := control.NewApplier(cfg)
	if err != nil {
		return err
	}
	for _, path := range c.args {
		if err := applier.ApplyPath(context.Background(), path); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig writes one for a service account.
func kubeconfig(args []string) error {
	c, cfg, err := join("kubeconfig", args)
	if err != nil {
		return err
	}
	if len(c.args) != 2 || strings.Count(c.args[0], "/") != 1 {
		return fmt.Errorf("kubeconfig: want NAMESPACE/SERVICEACCOUNT FILE")
	}
	namespace, name, _ := strings.Cut(c.args[0], "/")
	as, err := control.AsServiceAccount(context.Background(), cfg, namespace, name)
	if err != nil {
		return err
	}
	return control.WriteKubeconfig(as, c.args[1])
}

const joined = "TESTBED_JOINED"

// join goes on with this command inside the namespace of a started cluster.
func join(command string, args []string) (*config, *rest.Config, error) {
	c, err := parse(command, args)
	if err != nil {
		return nil, nil, err
	}
	if os.Getenv(joined) == "" {
		pid, err := c.runningPID()
		if err != nil {
			return nil, nil, err
		}
		self, err := os.Executable()
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, nsnet.ExecIn(pid, self, os.Args, append(os.Environ(), joined+"=1"))
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig())
	return c, cfg, err
}
