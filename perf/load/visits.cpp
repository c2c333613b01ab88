#include "perf/load/visits.hpp"

#include "perf/load/checksum.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>

namespace cardea::load {

namespace {

constexpr auto connect_pause = std::chrono::milliseconds(2);  // after a refused connect, so that a dead target is not spun on

// A body that belongs to its key and to no other.
std::string keyed_body(std::string_view key, std::size_t bytes) {
    std::string body;
    body.reserve(bytes + key.size());
    while (body.size() < bytes) {
        body += key;
        body += ' ';
    }
    body.resize(bytes);
    return body;
}

}  // namespace

Visits::Visits(const VisitPlan& plan, int epoll, Diary& diary)
    : plan_(plan),
      epoll_(epoll),
      diary_(diary),
      clients_(plan.connections),
      schedules_(plan.visits.size()),
      buffer_(std::size_t{256} * 1024) {
    const auto now = Clock::now();
    for (auto& client : clients_) {
        client.home = this;
        waiting_.push_back(&client);
    }
    for (auto& schedule : schedules_) {
        schedule.next = now;
    }
}

Visits::~Visits() {
    for (auto& client : clients_) {
        if (client.socket >= 0) {
            close(client.socket);
        }
    }
}

std::size_t Visits::next_due() const {
    std::size_t best = schedules_.size();
    for (std::size_t i = 0; i < schedules_.size(); ++i) {
        if (plan_.visits[i].rate > 0 && (best == schedules_.size() || schedules_[i].next < schedules_[best].next)) {
            best = i;
        }
    }
    return best;
}

Clock::time_point Visits::due() const {
    const auto visit = next_due();
    if (finishing_ || waiting_.empty() || visit == schedules_.size()) {
        return Clock::time_point::max();
    }
    return std::max(schedules_[visit].next, waiting_.front()->not_before);
}

void Visits::tick(Clock::time_point now) {
    for (auto& client : clients_) {
        if (client.asking && now - client.asked_at > plan_.timeout) {
            end(client, "timeout");
        }
    }
    while (due() <= now) {
        const auto visit = next_due();
        auto& schedule = schedules_[visit];
        auto& client = *waiting_.front();
        waiting_.pop_front();
        const auto due = schedule.next;
        ++schedule.issued;
        schedule.next += std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / plan_.visits[visit].rate));
        ask(client, visit, due, now);
    }
}

void Visits::ask(Client& client, std::size_t visit, Clock::time_point due, Clock::time_point now) {
    const auto& what = plan_.visits[visit];
    client.visit = &what;
    client.key = plan_.prefix + "-" + static_cast<char>(what.method.front() | 0x20) + std::to_string(visit) + "." +
                 std::to_string(schedules_[visit].issued);
    const auto body = keyed_body(client.key, what.body);
    Checksum sum;
    sum.add(body);
    client.expected = " " + client.key + " " + std::to_string(body.size()) + " " + sum.text() + "\n";
    client.out = what.method + " /key/" + client.key + "/" + std::to_string(plan_.answer) + " HTTP/1.1\r\n" + plan_.fields;
    if (what.method != "GET") {
        client.out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    client.out += "\r\n" + body;
    client.asking = true;
    client.repeated = false;
    client.due = due;
    client.asked_at = now;
    if (client.state == Client::State::idle) {
        send(client);
    } else {
        connect(client);
    }
}

void Visits::connect(Client& client) {
    client.carried = 0;
    client.reader.start(false);
    client.socket = start_connect(plan_.target);
    if (client.socket < 0) {
        end(client, errno == ECONNREFUSED ? "refused" : "connect");
        return;
    }
    client.state = Client::State::connecting;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = static_cast<Watched*>(&client);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &event);
}

void Visits::send(Client& client) {
    client.state = Client::State::busy;
    client.out_sent = 0;
    client.reader.start(false);
    on_event(client, EPOLLOUT);
}

void Visits::on_event(Client& client, std::uint32_t events) {
    if (client.state == Client::State::connecting) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(client.socket, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) {
            end(client, error == ECONNREFUSED ? "refused" : "connect");
        } else if ((events & EPOLLOUT) != 0) {
            send(client);
        }
        return;
    }
    if (client.state == Client::State::busy && (events & EPOLLOUT) != 0) {
        while (client.out_sent < client.out.size()) {
            const auto sent = ::send(client.socket, client.out.data() + client.out_sent, client.out.size() - client.out_sent, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno != EAGAIN && (events & EPOLLIN) == 0) {
                    lost(client, errno);
                    return;
                }
                break;
            }
            client.out_sent += static_cast<std::size_t>(sent);
        }
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        receive(client);
    }
}

void Visits::receive(Client& client) {
    while (client.socket >= 0) {
        const auto count = recv(client.socket, buffer_.data(), buffer_.size(), 0);
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        if (client.state != Client::State::busy) {
            disconnect(client, count == 0 ? "idle" : "idle_reset");
            return;
        }
        if (count < 0) {
            lost(client, errno);
            return;
        }
        if (count == 0) {
            if (client.reader.begun() && client.reader.end() == ResponseReader::Outcome::done) {
                end(client, verdict(client));
            } else {
                lost(client, 0);
            }
            return;
        }
        const auto outcome = client.reader.feed({buffer_.data(), static_cast<std::size_t>(count)});
        if (outcome != ResponseReader::Outcome::more) {
            end(client, outcome == ResponseReader::Outcome::done ? verdict(client) : "malformed");
            return;
        }
    }
}

std::string_view Visits::verdict(const Client& client) const {
    if (client.reader.status() != 200) {
        return "status";
    }
    const auto line = client.reader.body_start();
    const auto name = std::min(line.find(' '), line.size());
    const bool whole = client.reader.body_bytes() == name + client.expected.size() + plan_.answer;
    return whole && line.substr(name).starts_with(client.expected) ? "ok" : "wrong_body";
}

// The connection broke under a request; `error` is 0 when it was closed in order.
void Visits::lost(Client& client, int error) {
    if (client.visit->method == "GET" && client.carried > 0 && !client.reader.begun() && !client.repeated) {
        client.repeated = true;
        disconnect(client, "broken");
        connect(client);
        return;
    }
    end(client, !client.reader.begun() ? "reset_before" : error != 0 ? "reset_after" : "truncated");
}

void Visits::end(Client& client, std::string_view outcome) {
    const auto now = Clock::now();
    const bool answered = outcome == "ok" || outcome == "wrong_body";
    const auto line = client.reader.body_start();
    const auto status = static_cast<std::uint64_t>(client.reader.begun() ? client.reader.status() : 0);
    diary_.note('R', diary_.wall(client.due), diary_.wall(now), client.visit->method, client.key, outcome, status,
                answered ? line.substr(0, line.find(' ')) : std::string_view{}, client.reader.reason(), client.carried,
                client.repeated ? "repeated" : "once");
    client.asking = false;
    ++client.carried;
    if (outcome == "refused" || outcome == "connect") {
        client.not_before = now + connect_pause;
        disconnect(client, "");
    } else if (outcome != "ok" && outcome != "status") {
        disconnect(client, "broken");
    } else if (!client.reader.keep()) {
        disconnect(client, "announced");
    } else {
        client.state = Client::State::idle;
    }
    waiting_.push_back(&client);
}

// `how` the peer ended it; nothing for a connection that never was.
void Visits::disconnect(Client& client, std::string_view how) {
    if (client.socket >= 0) {
        close(client.socket);
        if (!how.empty()) {
            diary_.note('C', diary_.wall(Clock::now()), how, client.carried);
        }
    }
    client.socket = -1;
    client.state = Client::State::unconnected;
}

}  // namespace cardea::load
