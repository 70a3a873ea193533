// Package suite builds into a binary that runs the official conformance suite
// against whatever controller serves the GatewayClass.
package suite

import (
	"flag"
	"os"
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/tests"
)

var (
	only   = flag.String("only", "", "comma-separated short names of the only tests to run; switches on the features that they need")
	serial = flag.Bool("serial", false, "run no tests in parallel; without it the report takes every parallel test as passed")
	list   = flag.Bool("list", false, "list the tests and their features, run none")
)

func TestMain(m *testing.M) {
	_ = flag.Set("test.v", "true") // a default: -test.v=false still wins
	flag.Parse()
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	if *list {
		for _, test := range tests.ConformanceTests {
			t.Logf("%s provisional=%t parallel=%t %v", test.ShortName, test.Provisional, test.Parallel, test.Features)
		}
		return
	}
	if *serial {
		for i := range tests.ConformanceTests {
			tests.ConformanceTests[i].Parallel = false
		}
	}
	opts := conformance.DefaultOptions(t)
	waitLeftovers(t, opts.Clientset)
	if *only != "" {
		focus(t, &opts)
	}
	if len(opts.SupportedFeatures) == 0 {
		waitClass(t, opts.Client, opts.GatewayClassName)
	}
	conformance.RunConformanceWithOptions(t, opts)
}
