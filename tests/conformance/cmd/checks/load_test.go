package checks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// load is clients that ask all the time and count what goes wrong.
type load struct {
	t       *testing.T
	cancel  context.CancelFunc
	clients sync.WaitGroup

	mu       sync.Mutex
	answered int
	failures map[string]int  // by message
	leaves   map[string]bool // serial numbers of the certificates that were shown
}

func newLoad(t *testing.T) (*load, context.Context) {
	ctx, cancel := context.WithCancel(t.Context())
	return &load{t: t, cancel: cancel, failures: map[string]int{}, leaves: map[string]bool{}}, ctx
}

// ask runs a few clients of each of these kinds until the load is ended.
func ask(t *testing.T, kinds ...func() client) *load {
	l, ctx := newLoad(t)
	for _, kind := range kinds {
		for range 4 {
			client := kind()
			l.clients.Go(func() {
				for ctx.Err() == nil {
					l.one(ctx, client)
					time.Sleep(2 * time.Millisecond)
				}
			})
		}
	}
	t.Cleanup(l.cancel)
	return l
}

// end stops the clients and fails the test if a request failed. It gives the
// number of requests.
func (l *load) end() int {
	l.t.Helper()
	l.cancel()
	l.clients.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	for message, count := range l.failures {
		l.t.Errorf("%d of %d requests failed: %s", count, l.answered+count, message)
	}
	if l.answered == 0 {
		l.t.Errorf("no request was answered")
	}
	return l.answered
}

func (l *load) one(ctx context.Context, client client) {
	leaf, err := client(ctx)
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures[err.Error()]++
		return
	}
	l.answered++
	if leaf != nil {
		l.leaves[leaf.SerialNumber.String()] = true
	}
}

// client sends one request and tells the certificate of the server.
type client func(context.Context) (*x509.Certificate, error)

// kept is a client over HTTP that keeps its connection.
func kept(address, host string) func() client {
	return func() client { return asking("http", address, host, &http.Transport{}) }
}

// fresh is a client over HTTP with a connection for each request.
func fresh(address, host string) func() client {
	return func() client { return asking("http", address, host, &http.Transport{DisableKeepAlives: true}) }
}

// secure is a client over HTTPS with a connection for each request.
func secure(address, host string, roots *x509.CertPool) func() client {
	return func() client {
		return asking("https", address, host, &http.Transport{
			DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
		})
	}
}

func asking(scheme, address, host string, transport *http.Transport) client {
	port := map[string]string{"http": "80", "https": "443"}[scheme]
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(address, port))
	}
	return func(ctx context.Context) (*x509.Certificate, error) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+host+"/", nil)
		if err != nil {
			return nil, err
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", scheme, withoutPorts(err))
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, fmt.Errorf("%s body: %w", scheme, withoutPorts(err))
		}
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s status %d: %.200s", scheme, response.StatusCode, body)
		}
		if response.TLS == nil {
			return nil, nil
		}
		return response.TLS.PeerCertificates[0], nil
	}
}

// withoutPorts is the error without the addresses, so that the same ones count
// as one.
func withoutPorts(err error) error {
	for {
		operation, ok := err.(*net.OpError)
		if !ok {
			return err
		}
		err = fmt.Errorf("%s: %w", operation.Op, operation.Err)
	}
}

// get is what a host answers at an address right now; nil if it does not.
func get(address, host string) *http.Response {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		return nil
	}
	request.Host = host
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return nil
	}
	_ = response.Body.Close()
	return response
}

// status is the status that a host answers with, or 0.
func status(address, host string) int {
	if response := get(address, host); response != nil {
		return response.StatusCode
	}
	return 0
}

// answers says whether a host answers with this status at an address.
func answers(address, host string, want int) func(context.Context) bool {
	return func(context.Context) bool { return status(address, host) == want }
}
