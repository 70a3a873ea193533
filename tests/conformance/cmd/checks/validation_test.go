package checks

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
)

// manifest is one that was made up, and what speaks against it by gateway-model.
type manifest struct {
	Group, Version, Plural string
	Namespaced             bool
	Object                 json.RawMessage
	Problems               []string
}

// verdict is what the API server says of a manifest.
type verdict struct {
	refused bool
	message string
	fields  []string
}

// TestValidation: of manifests that are made up and changed at random, gateway-model accepts and refuses those that
// the API server accepts and refuses, but for one in a thousand, and names the fields that the API server names.
func TestValidation(t *testing.T) {
	path := os.Getenv("GENERATED")
	if path == "" {
		t.Skip("no manifests were generated")
	}
	manifests := generated(t, path)
	client := raw(t)
	var lock sync.Mutex
	var accepted int
	var differences, unnamed []string
	inParallel(len(manifests), func(i int) {
		manifest := manifests[i]
		verdict := dryRun(t, client, manifest)
		lock.Lock()
		defer lock.Unlock()
		if !verdict.refused {
			accepted++
		}
		if verdict.refused != (len(manifest.Problems) > 0) {
			differences = append(differences, describe(manifest, verdict))
		} else if field := missing(manifest, verdict); field != "" {
			unnamed = append(unnamed, field+"\n"+describe(manifest, verdict))
		}
	})
	keep(t, "differences.txt", differences)
	keep(t, "unnamed.txt", unnamed)
	t.Logf("%d manifests, %d accepted, %d differences, %d without the field", len(manifests), accepted, len(differences), len(unnamed))
	if share := len(manifests) / 10; accepted < share || accepted > len(manifests)-share {
		t.Errorf("%d of %d are accepted: too few of one kind", accepted, len(manifests))
	}
	if len(differences)*1000 > len(manifests) {
		t.Errorf("%d of %d are judged differently: differences.txt", len(differences), len(manifests))
	}
	if len(unnamed) > 0 {
		t.Errorf("%d are refused without the field that the API server names: unnamed.txt", len(unnamed))
	}
}

func generated(t *testing.T, path string) []manifest {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []manifest
	for decoder := json.NewDecoder(bufio.NewReader(file)); decoder.More(); {
		var one manifest
		if err := decoder.Decode(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

// raw is a client that sends what it is given.
func raw(t *testing.T) *rest.RESTClient {
	config := rest.CopyConfig(clusterConfig(t))
	config.RateLimiter = flowcontrol.NewFakeAlwaysRateLimiter()
	config.WarningHandler = rest.NoWarnings{}
	config.ContentConfig = dynamic.ConfigFor(config).ContentConfig
	config.GroupVersion = &schema.GroupVersion{}
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// dryRun has the API server judge a manifest as if it were created.
func dryRun(t *testing.T, client *rest.RESTClient, manifest manifest) verdict {
	path := []string{"apis", manifest.Group, manifest.Version}
	if manifest.Namespaced {
		path = append(path, "namespaces", "default")
	}
	path = append(path, manifest.Plural)
	result := client.Post().AbsPath(path...).Param("dryRun", "All").
		SetHeader("Content-Type", "application/json").Body([]byte(manifest.Object)).Do(t.Context())
	err := result.Error()
	if err == nil {
		return verdict{}
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || !slices.Contains([]int32{http.StatusBadRequest, http.StatusUnprocessableEntity}, status.Status().Code) {
		t.Errorf("%s: %v", manifest.Object, err)
		return verdict{}
	}
	found := verdict{refused: true, message: status.Status().Message}
	if details := status.Status().Details; details != nil {
		for _, cause := range details.Causes {
			if about(cause) {
				found.fields = append(found.fields, cause.Field)
			}
		}
	}
	return found
}

// about says whether a cause names a field. That rules were not looked at is said of no field.
func about(cause metav1.StatusCause) bool {
	return cause.Field != "" && cause.Field != "<nil>"
}

// entry is an entry of a map in a path as we write it; the API server writes it as a field.
var entry = regexp.MustCompile(`\[([^\]]*[^\]0-9][^\]]*)\]`)

// missing is a field that the API server names and we don't.
func missing(manifest manifest, verdict verdict) string {
	said := entry.ReplaceAllString(strings.Join(manifest.Problems, "\n"), ".$1")
	for _, field := range verdict.fields {
		if !strings.Contains(said, " "+field+": ") {
			return field
		}
	}
	return ""
}

func describe(manifest manifest, verdict verdict) string {
	return fmt.Sprintf("%s\n  API server: %s\n  ours: %s\n", manifest.Object, verdict.message, strings.Join(manifest.Problems, "\n        "))
}

// keep writes a file of the output folder.
func keep(t *testing.T, name string, entries []string) {
	if err := os.WriteFile(os.Getenv("OUT")+"/"+name, []byte(strings.Join(entries, "\n")), 0o644); err != nil {
		t.Error(err)
	}
}
