//! The page, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gateway_dataplane::Forwarder;
use gateway_dataplane::backend::upstream::{Upstreams, Usage};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Metrics;
use super::names::Names;
use super::series::{CLASSES, Connections, ENDS, Histogram, Requests};
use crate::access_log::{backend, object};

/// Backends that are told of apart; beyond, they are `other`.
const MOST_BACKENDS: usize = 1_000;

/// Renders the page. Counters get their `_total` there.
pub(crate) struct Page(Registry);

impl Page {
    pub(crate) fn of(metrics: &Arc<Metrics>) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(metrics)));
        Self(registry)
    }

    /// The text as it is now.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        // Nothing fails that writes into a String.
        let _written = encode(&mut text, &self.0);
        text
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let names = self.names.load();
        let to = &mut encoder;
        requests(&names, to)?;
        clusters(&names, to)?;
        connections(&names, to)?;
        self.upstreams(to)?;
        self.reloads(to)?;
        self.audits(to)?;
        self.certificate_expiry(to)?;
        self.lost(to)
    }
}

/// The labels of what is counted for a route at a listener.
type Place<'n> = [(&'static str, String); 3];

fn place(parent: String, listener: &str, route: String) -> Place<'static> {
    [
        ("parent", parent),
        ("listener", listener.to_owned()),
        ("route", route),
    ]
}

/// All requests, place by place, in order.
fn places(names: &Names) -> Vec<(Place<'_>, &Requests)> {
    let mut all = vec![
        (place(String::new(), "", String::new()), &*names.nowhere),
        (
            place("other".into(), "other", "other".into()),
            &*names.other,
        ),
    ];
    for (id, listener) in &names.listeners {
        let parent = object(&id.parent);
        let at = |route| place(parent.clone(), id.name.as_str(), route);
        all.push((at(String::new()), &*listener.unrouted));
        let routes = listener.routes.iter();
        all.extend(routes.map(|(route, requests)| (at(object(route)), &**requests)));
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

fn requests(names: &Names, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let places = places(names);
    let help = "Requests by listener, route and class of the status; none: the client left before an answer";
    let mut metric = to.encode_descriptor("gateway_requests", help, None, MetricType::Counter)?;
    for (place, requests) in &places {
        let [parent, listener, route] = place.clone();
        for (class, count) in CLASSES.iter().zip(&requests.classes) {
            let labels = [
                parent.clone(),
                listener.clone(),
                route.clone(),
                ("class", (*class).to_owned()),
            ];
            counter(&mut metric, &labels, count)?;
        }
    }
    let help = "Time from a request's head to the end of its response, in seconds";
    let name = "gateway_request_duration_seconds";
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (place, requests) in &places {
        if requests.classes.iter().any(|count| count.load(Relaxed) > 0) {
            histogram(metric.encode_family(place)?, &requests.duration)?;
        }
    }
    let bytes: [Sum<Requests>; 2] = [
        (
            "gateway_request_body_bytes",
            "Bytes of requests' bodies",
            |of| &of.received,
        ),
        (
            "gateway_response_body_bytes",
            "Bytes of responses' bodies",
            |of| &of.sent,
        ),
    ];
    for (name, help, of) in bytes {
        let mut metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (place, requests) in &places {
            counter(&mut metric, place, of(requests))?;
        }
    }
    let help = "Requests by why they were answered so";
    let mut metric = to.encode_descriptor("gateway_answers", help, None, MetricType::Counter)?;
    for (reason, count) in names.reasons.read() {
        let labels = [("reason", reason)];
        ConstCounter::new(count).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

/// What is counted by virtual cluster, where there are any.
fn clusters(names: &Names, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let mut all = Vec::new();
    for (id, listener) in &names.listeners {
        for (name, requests) in &listener.clusters {
            let labels = [
                ("parent", object(&id.parent)),
                ("listener", id.name.as_str().to_owned()),
                ("cluster", name.to_string()),
            ];
            all.push((labels, &**requests));
        }
    }
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let help = "Requests by listener, virtual cluster and class of the status";
    let name = "gateway_virtual_cluster_requests";
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, requests) in &all {
        let [parent, listener, cluster] = labels.clone();
        for (class, count) in CLASSES.iter().zip(&requests.classes) {
            let labels = [
                parent.clone(),
                listener.clone(),
                cluster.clone(),
                ("class", (*class).to_owned()),
            ];
            counter(&mut metric, &labels, count)?;
        }
    }
    Ok(())
}

fn connections(names: &Names, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let listeners = names.listeners.iter().map(|(id, listener)| {
        let parent = ("parent", object(&id.parent));
        let name = ("listener", id.name.as_str().to_owned());
        ([parent, name], &*listener.connections)
    });
    let other = [
        ("parent", "other".to_owned()),
        ("listener", "other".to_owned()),
    ];
    let mut all: Vec<_> = listeners
        .chain([(other, &*names.other_connections)])
        .collect();
    // Most listeners have requests instead.
    all.retain(|(_, connections)| connections.ends.iter().any(|count| count.load(Relaxed) > 0));
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let help = "TCP connections that were passed on, by listener and how they ended";
    let mut metric =
        to.encode_descriptor("gateway_connections", help, None, MetricType::Counter)?;
    for (labels, connections) in &all {
        let [parent, listener] = labels.clone();
        for (end, count) in ENDS.iter().zip(&connections.ends) {
            let labels = [
                parent.clone(),
                listener.clone(),
                ("ended", (*end).to_owned()),
            ];
            counter(&mut metric, &labels, count)?;
        }
    }
    let bytes: [Sum<Connections>; 2] = [
        (
            "gateway_connection_received_bytes",
            "Bytes from clients",
            |of| &of.received,
        ),
        ("gateway_connection_sent_bytes", "Bytes to clients", |of| {
            &of.sent
        }),
    ];
    for (name, help, of) in bytes {
        let help = format!("{help}, of TCP connections that were passed on");
        let mut metric = to.encode_descriptor(name, &help, None, MetricType::Counter)?;
        for (labels, connections) in &all {
            counter(&mut metric, labels, of(connections))?;
        }
    }
    Ok(())
}

/// What is open to the backends of one name.
#[derive(Debug, Default)]
struct Open {
    requests: usize,
    connections: usize,
}

impl Metrics {
    /// What is open to backends now.
    /// What was lost of access logs.
    fn lost(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let lines = self.lost_lines.get().map_or(0, |lost| lost.load(Relaxed));
        let entries = self.forwarder();
        let entries = entries.map_or(0, |forwarder| forwarder.log_entries_lost());
        for (name, help, count) in [
            (
                "gateway_access_log_lines_lost",
                "Lines of the access log that were lost, since it was not written fast enough",
                lines,
            ),
            (
                "gateway_access_log_entries_lost",
                "Entries of access logs of listeners that a server did not take in time",
                entries,
            ),
        ] {
            let metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(metric)?;
        }
        Ok(())
    }

    fn forwarder(&self) -> Option<Arc<Forwarder<Upstreams>>> {
        self.forwarder
            .get()
            .and_then(|forwarder| forwarder.upgrade())
    }

    fn upstreams(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let backends = self.forwarder();
        let backends = backends
            .map(|forwarder| forwarder.backends())
            .unwrap_or_default();
        // A port of a Service may be several backends, which Gateways show other certificates to.
        let mut loads = BTreeMap::<String, Open>::new();
        for (id, upstream) in &backends {
            let name = match loads.len() < MOST_BACKENDS {
                true => backend(id),
                false => "other".to_owned(),
            };
            let Usage {
                requests,
                connections,
                ..
            } = upstream.usage();
            let open = loads.entry(name).or_default();
            open.requests += requests;
            open.connections += connections;
        }
        let mut open = |name, help, of: fn(&Open) -> usize| {
            let mut metric = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (name, open) in &loads {
                let (name, count) = (name.as_str(), of(open));
                let labels = [("backend", name)];
                gauge(
                    &mut metric,
                    &labels,
                    i64::try_from(count).unwrap_or(i64::MAX),
                )?;
            }
            Ok(())
        };
        let name = "gateway_upstream_connections";
        open(name, "Connections that are open to a backend", |open| {
            open.connections
        })?;
        let name = "gateway_upstream_requests";
        open(name, "Requests that are under way to a backend", |open| {
            open.requests
        })
    }

    fn reloads(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Versions of the resources that were applied, or refused as a whole";
        let mut metric =
            to.encode_descriptor("gateway_reloads", help, None, MetricType::Counter)?;
        for (result, count) in [("ok", &self.reloads.ok), ("failed", &self.reloads.failed)] {
            counter(&mut metric, &[("result", result)], count)?;
        }
        let help = "Time that resolution took, in seconds";
        let name = "gateway_resolve_duration_seconds";
        let metric = to.encode_descriptor(name, help, None, MetricType::Histogram)?;
        histogram(metric, &self.resolve)
    }

    fn audits(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Times that what is served was held against a whole resolution";
        let metric = to.encode_descriptor("gateway_audits", help, None, MetricType::Counter)?;
        ConstCounter::new(self.audits.done.load(Relaxed)).encode(metric)?;
        let help = "What differed then: a defect of this program";
        let name = "gateway_audit_differences";
        let metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(self.audits.differences.load(Relaxed)).encode(metric)
    }

    fn certificate_expiry(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "When a certificate, or one of its chain, expires, in seconds since 1970";
        let name = "gateway_certificate_expiry_timestamp_seconds";
        let mut metric = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (certificate, expiry) in self.certificates().expiries() {
            let certificate = object(&certificate.0);
            gauge(
                &mut metric,
                &[("certificate", certificate.as_str())],
                expiry,
            )?;
        }
        Ok(())
    }
}

/// A name, what it says, and where its number is.
type Sum<T> = (&'static str, &'static str, fn(&T) -> &AtomicU64);

type Labels<'l, K, V, const N: usize> = &'l [(K, V); N];

fn counter<V, const N: usize>(
    metric: &mut MetricEncoder<'_>,
    labels: Labels<'_, &'static str, V, N>,
    count: &AtomicU64,
) -> fmt::Result
where
    V: prometheus_client::encoding::EncodeLabelValue,
{
    ConstCounter::new(count.load(Relaxed)).encode(metric.encode_family(labels)?)
}

fn gauge(
    metric: &mut MetricEncoder<'_>,
    labels: &[(&'static str, &str); 1],
    value: i64,
) -> fmt::Result {
    ConstGauge::new(value).encode(metric.encode_family(labels)?)
}

fn histogram(mut metric: MetricEncoder<'_>, histogram: &Histogram) -> fmt::Result {
    let read = histogram.read();
    metric.encode_histogram::<NoLabelSet>(read.seconds, read.count, &read.buckets, None)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::{Metrics, Page};

    /// The documentation lists the metrics that there are, and no others.
    #[test]
    fn every_metric_is_documented() {
        let page = Page::of(&Arc::new(Metrics::default())).render();
        let helps = page.lines().filter_map(|line| line.strip_prefix("# HELP "));
        let there: BTreeSet<_> = helps.filter_map(|help| help.split(' ').next()).collect();
        let documented = include_str!("../../../../docs/logs-and-metrics.md");
        let (_, table) = documented.split_once("| Metric |").unwrap();
        let documented = table
            .lines()
            .filter_map(|line| line.strip_prefix("| `gateway_"));
        let documented = documented.filter_map(|line| line.split('`').next());
        let documented: BTreeSet<_> = documented.map(|name| format!("gateway_{name}")).collect();
        assert!(!there.is_empty());
        assert_eq!(there, documented.iter().map(String::as_str).collect());
    }
}
