//! Families as they are written, one after the other.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use super::family::{Family, Kind};

/// Labels with their values.
pub(super) type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// Where families are written. One without a row is left out.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

impl<'a> Page<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// Writes an info.
    pub(super) fn info(&mut self, family: &Family, labels: &BTreeMap<String, String>) -> fmt::Result {
        if labels.is_empty() {
            return Ok(());
        }
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.family(family, |mut encoder| encoder.encode_info(&labels))
    }

    /// Writes a gauge without labels, where it is known.
    pub(super) fn single(&mut self, family: &Family, value: Option<f64>) -> fmt::Result {
        self.gauges(family, value.map(|value| ([], value) as (Labels<0>, f64)).into_iter())
    }

    /// Writes a counter.
    pub(super) fn counters<'l, const N: usize>(
        &mut self,
        family: &Family,
        rows: impl Iterator<Item = (Labels<'l, N>, u64)>,
    ) -> fmt::Result {
        self.rows(family, rows, |many, encoder| ConstCounter::new(many).encode(encoder))
    }

    /// Writes a gauge.
    pub(super) fn gauges<'l, const N: usize>(
        &mut self,
        family: &Family,
        rows: impl Iterator<Item = (Labels<'l, N>, f64)>,
    ) -> fmt::Result {
        self.rows(family, rows, |value, encoder| ConstGauge::new(value).encode(encoder))
    }

    /// Writes a histogram.
    pub(super) fn histograms<'l, const N: usize>(
        &mut self,
        family: &Family,
        rows: impl Iterator<Item = (Labels<'l, N>, &'l Histogram)>,
    ) -> fmt::Result {
        self.rows(family, rows, Histogram::encode)
    }

    fn rows<'l, T, const N: usize>(
        &mut self,
        family: &Family,
        rows: impl Iterator<Item = (Labels<'l, N>, T)>,
        write: impl Fn(T, MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        self.family(family, |mut encoder| {
            rows.try_for_each(|(labels, value)| write(value, encoder.encode_family(&labels)?))
        })
    }

    fn family(&mut self, family: &Family, write: impl FnOnce(MetricEncoder<'_>) -> fmt::Result) -> fmt::Result {
        let unit = (!family.unit.is_empty()).then(|| Unit::Other(family.unit.to_owned()));
        let kind = match family.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram => MetricType::Histogram,
            Kind::Info => MetricType::Info,
        };
        write(self.0.encode_descriptor(family.stem, family.help, unit.as_ref(), kind)?)
    }
}
