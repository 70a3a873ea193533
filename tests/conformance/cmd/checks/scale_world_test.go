package checks

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scaled is a world of many tenants, and objects that are changed in it.
type scaled struct {
	w       *world
	size    scale
	routes  int
	beside  *world // another namespace
	address string // of the Gateway "web"
	ask     *http.Client
	servers [2]*endpoint
	round   int
}

// change is something that is done to the cluster again and again, and how it
// is seen that the last time is served.
type change struct {
	name  string
	apply func()
	seen  func() bool
}

// newScaled makes Gateways and Services, and what changes will be made of.
func newScaled(w *world, size scale) *scaled {
	s := &scaled{w: w, size: size, beside: newWorld(w.t), servers: [2]*endpoint{w.endpoint(), w.endpoint()}}
	inParallel(size.gateways, func(i int) { w.gateway(tenant(i), nil) })
	inParallel(size.services, func(i int) {
		w.service(service(i))
		w.slice(service(i), &endpoint{address: fmt.Sprintf("10.101.%d.%d", i/250, 1+i%250)})
	})
	w.create(secrets, "cert", s.certificate())
	from := map[string]any{"from": "Selector", "selector": map[string]any{"matchLabels": map[string]any{"open": "yes"}}}
	w.gateway("web", map[string]any{"listeners": []any{
		map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"},
		map[string]any{"name": "labelled", "port": int64(81), "protocol": "HTTP", "allowedRoutes": map[string]any{"namespaces": from}},
		map[string]any{"name": "https", "port": int64(443), "protocol": "HTTPS", "tls": map[string]any{
			"certificateRefs": []any{map[string]any{"name": "cert"}},
		}},
	}})
	w.service("moving")
	w.slice("moving", s.servers[0])
	w.route("moving", map[string]any{"backendRefs": []any{backend("moving", 1)}})
	w.route("edited", redirectTo("edited-0"))
	s.beside.service("granted")
	s.beside.slice("granted", s.servers[0])
	w.route("granted", map[string]any{"backendRefs": []any{
		map[string]any{"name": "granted", "namespace": s.beside.namespace, "port": int64(80)},
	}})
	s.beside.create(routes, "labelled", map[string]any{"spec": map[string]any{
		"parentRefs": []any{map[string]any{"name": "web", "namespace": w.namespace, "sectionName": "labelled"}},
		"hostnames":  []any{host("labelled")},
		"rules":      []any{redirect()},
	}})
	return s
}

func tenant(i int) string  { return fmt.Sprintf("tenant-%d", i) }
func service(i int) string { return fmt.Sprintf("service-%d", i) }

// grow makes routes, spread over Gateways and Services.
func (s *scaled) grow(from, to int) {
	begin := time.Now()
	inParallel(to-from, func(i int) {
		name := fmt.Sprintf("number-%d", from+i)
		spec := routeSpec(name, map[string]any{"backendRefs": []any{backend(service((from+i)%s.size.services), 1)}})
		spec["parentRefs"] = []any{map[string]any{"name": tenant((from + i) % s.size.gateways)}}
		s.w.create(routes, name, map[string]any{"spec": spec})
	})
	s.routes = to
	s.w.t.Logf("%d routes created after %v", to-from, time.Since(begin))
}

// begin waits until it is served.
func (s *scaled) begin() {
	s.address = s.w.programmed("web")
	s.ask = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4},
	}
	s.w.eventually("the route is served", answers(s.address, host("moving"), 200))
}

// answer is what a host answers at a port: status, target of a redirect, body.
func (s *scaled) answer(port int, name string) (int, string, string) {
	url := fmt.Sprintf("http://%s:%d/", s.address, port)
	request, err := http.NewRequestWithContext(s.w.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.w.t.Fatal(err)
	}
	request.Host = host(name)
	response, err := s.ask.Do(request)
	if err != nil {
		return 0, "", ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Location"), string(body)
}

// serial is that of the certificate that is shown.
func (s *scaled) serial() int64 {
	dialer := tls.Dialer{NetDialer: new(net.Dialer), Config: &tls.Config{InsecureSkipVerify: true}}
	connection, err := dialer.DialContext(s.w.t.Context(), "tcp", s.address+":443")
	if err != nil {
		return 0
	}
	defer connection.Close()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func (s *scaled) certificate() map[string]any {
	identity := newIdentity(s.w.t, host("web"), int64(s.round+1))
	return map[string]any{"type": "kubernetes.io/tls", "data": identity.data()}
}

// touch changes the endpoints of a tenant's Service.
func (s *scaled) touch(i int) {
	s.round++
	moved := &endpoint{address: fmt.Sprintf("10.102.%d.%d", s.round/250%250, 1+s.round%250)}
	s.w.change(endpointSlices, service(i), map[string]any{"endpoints": sliceOf("", []*endpoint{moved})["endpoints"]})
}

// changes are those that are measured.
func (s *scaled) changes() []change {
	all := []change{s.moved(), s.rotated(), s.labelled(), s.granted(), s.edited()}
	return append(all, s.comeAndGone()...)
}

func (s *scaled) moved() change {
	server := 0
	return change{"endpoint", func() {
		server = 1 - server
		s.w.change(endpointSlices, "moving", map[string]any{"endpoints": sliceOf("", []*endpoint{s.servers[server]})["endpoints"]})
	}, func() bool {
		_, _, body := s.answer(80, "moving")
		return body == s.servers[server].address+"\n"
	}}
}

func (s *scaled) rotated() change {
	return change{"Secret", func() {
		s.round++
		s.w.change(secrets, "cert", s.certificate())
	}, func() bool { return s.serial() == int64(s.round+1) }}
}

func (s *scaled) labelled() change {
	open := false
	return change{"namespace label", func() {
		open = !open
		labels := map[string]string{"open": map[bool]string{true: "yes", false: "no"}[open]}
		object := s.w.get(namespaces, s.beside.namespace)
		all := maps.Clone(object.GetLabels())
		maps.Copy(all, labels)
		object.SetLabels(all)
		if _, err := s.w.of(namespaces).Update(context.Background(), object, metav1.UpdateOptions{}); err != nil {
			s.w.t.Error(err)
		}
	}, func() bool {
		status, _, _ := s.answer(81, "labelled")
		return status == map[bool]int{true: 302, false: 404}[open]
	}}
}

func (s *scaled) granted() change {
	granted := false
	spec := map[string]any{
		"from": []any{map[string]any{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": s.w.namespace}},
		"to":   []any{map[string]any{"group": "", "kind": "Service"}},
	}
	return change{"grant", func() {
		granted = !granted
		if granted {
			s.beside.create(grants, "grant", map[string]any{"spec": spec})
		} else {
			s.beside.remove(grants, "grant")
		}
	}, func() bool {
		status, _, _ := s.answer(80, "granted")
		return status == map[bool]int{true: 200, false: 500}[granted]
	}}
}

func (s *scaled) edited() change {
	target := ""
	return change{"route edited", func() {
		s.round++
		target = fmt.Sprintf("edited-%d", s.round)
		s.w.change(routes, "edited", map[string]any{"spec": routeSpec("edited", redirectTo(target))})
	}, func() bool {
		_, location, _ := s.answer(80, "edited")
		return location == "http://"+host(target)+"/"
	}}
}

// comeAndGone is routes that are added, and these routes removed.
func (s *scaled) comeAndGone() []change {
	var there []string
	last := ""
	is := func(want int) func() bool {
		return func() bool {
			status, _, _ := s.answer(80, last)
			return status == want
		}
	}
	added := change{"route added", func() {
		s.round++
		last = fmt.Sprintf("added-%d", s.round)
		there = append(there, last)
		s.w.route(last, redirect())
	}, is(302)}
	removed := change{"route removed", func() {
		last, there = there[0], there[1:]
		s.w.remove(routes, last)
	}, is(404)}
	return []change{added, removed}
}
