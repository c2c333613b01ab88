#include "proxy/observe/json_line.hpp"

#include "config/json.hpp"
#include "proxy/observe/combined.hpp"

#include <chrono>
#include <cstring>

namespace cardea::observe {
namespace {

void put_digits(char* at, std::uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

void add(config::json::Writer& line, std::string_view key, std::string_view value) {
    if (value.data() != nullptr) {
        line.member(key, value);
    }
}

/// As received: `GET /x HTTP/1.1` in its parts, as far as it has them.
void add_request(config::json::Writer& line, std::string_view request) {
    const std::size_t method = request.find(' ');
    const std::size_t version = request.rfind(' ');
    if (method == std::string_view::npos || version == method) {
        return add(line, "request", request);
    }
    line.member("method", request.substr(0, method));
    line.member("target", request.substr(method + 1, version - method - 1));
    line.member("protocol", request.substr(version + 1));
}

double milliseconds(std::uint64_t microseconds) {
    return static_cast<double>(microseconds) / 1000.0;
}

}  // namespace

std::string_view UtcTime::text(config::WallTime now) {
    using namespace std::chrono;
    const auto since = now.time_since_epoch();
    const auto whole = floor<seconds>(since);
    if (whole.count() != second_) {
        second_ = whole.count();
        const auto midnight = floor<days>(now);
        const year_month_day date{midnight};
        const auto in_day = static_cast<std::uint64_t>(floor<seconds>(now - midnight).count());
        std::memcpy(room_.data(), "0000-00-00T00:00:00.000Z", room_.size());
        put_digits(&room_[0], static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
        put_digits(&room_[5], static_cast<unsigned>(date.month()), 2);
        put_digits(&room_[8], static_cast<unsigned>(date.day()), 2);
        put_digits(&room_[11], in_day / 3600, 2);
        put_digits(&room_[14], in_day / 60 % 60, 2);
        put_digits(&room_[17], in_day % 60, 2);
    }
    put_digits(&room_[20], static_cast<std::uint64_t>(floor<std::chrono::milliseconds>(since - whole).count()), 3);
    return {room_.data(), room_.size()};
}

void append_json(const Record& record, std::string_view time, std::string& out) {
    config::json::Writer line(out);
    line.begin_object();
    line.member("time", time);
    add(line, "request_id", record.request_id);
    add(line, "client", record.client_ip);
    std::string room;
    add(line, "user", basic_user(record.authorization, room));
    add_request(line, record.request_line);
    add(line, "host", record.host);
    line.member("status", record.status);
    line.member("bytes", record.body_bytes);
    line.member("duration_ms", milliseconds(record.duration_us));
    line.member("outcome", name_of(record.outcome));
    if (record.reason != http::Reason::none) {
        line.member("reason", http::name_of(record.reason));
    }
    if (!record.service.empty()) {
        line.member("service", record.service);
        line.member("attempts", record.attempts);
    }
    if (!record.endpoint.empty()) {
        line.member("endpoint", record.endpoint);
    }
    if (record.moved != 0) {
        line.member("moved", record.moved);
    }
    if (record.queued_us != 0) {
        line.member("queued_ms", milliseconds(record.queued_us));
    }
    if (record.loss != Loss::none) {
        line.member("lost", name_of(record.loss));
    }
    add(line, "referer", record.referer);
    add(line, "user_agent", record.user_agent);
    line.end_object();
    out += '\n';
}

}  // namespace cardea::observe
