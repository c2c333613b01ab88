#include "proxy/observe/exposition.hpp"

#include <prometheus/text_serializer.h>
#include <limits>

namespace cardea::observe {

namespace {

prometheus::MetricType metric_type(Family::Kind kind) {
    switch (kind) {
        case Family::Kind::counter:
            return prometheus::MetricType::Counter;
        case Family::Kind::gauge:
            return prometheus::MetricType::Gauge;
        case Family::Kind::histogram:
            return prometheus::MetricType::Histogram;
        case Family::Kind::summary:
            return prometheus::MetricType::Summary;
    }
    return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric client_metric(Family::Kind kind, const Sample& sample) {
    prometheus::ClientMetric out;
    for (const auto& [name, value] : sample.labels) {
        out.label.push_back({name, value});
    }
    switch (kind) {
        case Family::Kind::counter:
            out.counter.value = sample.value;
            break;
        case Family::Kind::gauge:
            out.gauge.value = sample.value;
            break;
        case Family::Kind::histogram:
            out.histogram.sample_sum = sample.value;
            out.histogram.sample_count = sample.count;
            for (const auto& [bound, cumulative] : sample.buckets) {
                out.histogram.bucket.push_back({cumulative, bound});
            }
            out.histogram.bucket.push_back({sample.count, std::numeric_limits<double>::infinity()});
            break;
        case Family::Kind::summary:
            out.summary.sample_sum = sample.value;
            out.summary.sample_count = sample.count;
            break;
    }
    return out;
}

}  // namespace

Family single(Family::Kind kind, std::string name, std::string help, double value) {
    return {std::move(name), std::move(help), kind, {Sample{{}, value, 0, {}}}};
}

std::string exposition(const Families& families) {
    std::vector<prometheus::MetricFamily> out;
    out.reserve(families.size());
    for (const auto& family : families) {
        prometheus::MetricFamily made{family.name, family.help, metric_type(family.kind), {}};
        made.metric.reserve(family.samples.size());
        for (const auto& sample : family.samples) {
            made.metric.push_back(client_metric(family.kind, sample));
        }
        out.push_back(std::move(made));
    }
    return prometheus::TextSerializer().Serialize(out);
}

}  // namespace cardea::observe
