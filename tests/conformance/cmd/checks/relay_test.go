package checks

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

// relay stands between a controller and the API server. It counts what the
// controller asks for, and can be out of order.
type relay struct {
	t       *testing.T
	address string
	proxy   *httputil.ReverseProxy
	server  *http.Server

	mu       sync.Mutex
	requests map[string]int // by verb, resource and, if it is one object, its name
	opened   int            // connections
	flows    chan struct{}  // closed unless the relay hangs
	special  map[string]http.HandlerFunc
}

// newRelay starts a relay to the server of the service account's kubeconfig.
func newRelay(t *testing.T) *relay {
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv("ACCOUNT"))
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(cfg.Host)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cfg.CAData)
	r := &relay{t: t, address: target.Hostname() + ":0", requests: map[string]int{}, flows: make(chan struct{}), special: map[string]http.HandlerFunc{}}
	close(r.flows)
	r.proxy = &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = target.Host },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxIdleConnsPerHost: 100},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		ModifyResponse: func(response *http.Response) error {
			response.Body = &gated{response.Body, r}
			return nil
		},
	}
	r.up()
	t.Cleanup(r.refuse)
	return r
}

// kubeconfig writes the service account's, with this relay as the server.
func (r *relay) kubeconfig() string {
	cfg, err := clientcmd.LoadFromFile(os.Getenv("ACCOUNT"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, cluster := range cfg.Clusters {
		cluster.Server, cluster.CertificateAuthorityData = "http://"+r.address, nil
	}
	path := filepath.Join(r.t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*cfg, path); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// up accepts connections and passes requests on, from now on.
func (r *relay) up() { r.serve(r) }

// refuse ends all connections, and takes no new ones.
func (r *relay) refuse() { _ = r.server.Close() }

// drop ends all connections, and each new one at its first request.
func (r *relay) drop() {
	r.refuse()
	r.serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
}

func (r *relay) serve(handler http.Handler) {
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = listener.Addr().String()
	r.server = &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.opened++
		}
	}}
	go r.server.Serve(listener)
}

// hang keeps all connections and answers nothing any more, until resume.
func (r *relay) hang() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flows = make(chan struct{})
}

func (r *relay) resume() { close(r.gate()) }

func (r *relay) gate() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.flows
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	select {
	case <-r.gate():
	case <-request.Context().Done():
		panic(http.ErrAbortHandler)
	}
	r.note(name(request))(w, request)
}

// note counts a request, and gives what answers it.
func (r *relay) note(name string) http.HandlerFunc {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[name]++
	for prefix, handler := range r.special {
		if strings.HasPrefix(name, prefix) {
			return handler
		}
	}
	return r.proxy.ServeHTTP
}

// treat has requests whose names start like this answered by a handler, until
// that is called which it gives.
func (r *relay) treat(prefix string, handler http.HandlerFunc) (over func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.special[prefix] = handler
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.special, prefix)
	}
}

// withhold lets requests whose names start like this wait until released.
func (r *relay) withhold(prefix string) (release func()) {
	released := make(chan struct{})
	over := r.treat(prefix, func(w http.ResponseWriter, request *http.Request) {
		select {
		case <-released:
			r.proxy.ServeHTTP(w, request)
		case <-request.Context().Done():
		}
	})
	return func() { over(); close(released) }
}

// gated is a body that stops flowing while the relay hangs.
type gated struct {
	io.ReadCloser
	relay *relay
}

func (g *gated) Read(buffer []byte) (int, error) {
	n, err := g.ReadCloser.Read(buffer)
	<-g.relay.gate()
	return n, err
}

// counts are the requests whose names start like this.
func (r *relay) counts(prefix string) map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := maps.Clone(r.requests)
	maps.DeleteFunc(counts, func(name string, _ int) bool { return !strings.HasPrefix(name, prefix) })
	return counts
}

func (r *relay) connections() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened
}

// name is what a request asks for, such as "list httproutes" or "put
// gateways/status NAMESPACE/web".
func name(request *http.Request) string {
	parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	skip := map[string]int{"api": 2, "apis": 3}[parts[0]] // the group and the version
	if parts = parts[min(skip, len(parts)):]; len(parts) == 0 {
		return "discover " + request.URL.Path
	}
	namespace := ""
	if len(parts) > 2 && parts[0] == "namespaces" {
		namespace, parts = parts[1]+"/", parts[2:]
	}
	verb := strings.ToLower(request.Method)
	switch {
	case request.URL.Query().Get("watch") != "":
		verb = "watch"
	case verb == "get" && len(parts) == 1:
		verb = "list"
	}
	switch len(parts) {
	case 1:
		return verb + " " + parts[0]
	case 2:
		return fmt.Sprintf("%s %s %s%s", verb, parts[0], namespace, parts[1])
	default:
		return fmt.Sprintf("%s %s/%s %s%s", verb, parts[0], parts[2], namespace, parts[1])
	}
}
