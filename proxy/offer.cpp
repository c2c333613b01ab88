#include "proxy/offer.hpp"

#include <algorithm>

namespace cardea::proxy {

namespace {

constexpr std::size_t sockets_a_part = 64;
constexpr std::size_t items_a_part = 200;
constexpr std::size_t services_max = 2'000;  // all parts wait in the channel's buffer until the new process reads them

class OfferWriter {
public:
    void add(accept::HandoverSocket socket, int descriptor) {
        OfferPart& part = current();
        part.message.sockets.push_back(std::move(socket));
        part.descriptors.push_back(descriptor);
    }
    void add_source(const std::string& name) { current().message.sources.push_back(name); }
    void add_service(const std::string& name, std::uint64_t eligible) { current().message.services.push_back({name, eligible}); }
    void add_drain(control::DrainView order) {
        current().message.drains.push_back({std::move(order.service), std::move(order.endpoint),
                                            std::chrono::duration_cast<std::chrono::milliseconds>(order.since.time_since_epoch()).count(),
                                            std::move(order.instances)});
    }
    [[nodiscard]] std::vector<OfferPart> finish() {
        current().message.last = true;
        return std::move(parts_);
    }

private:
    OfferPart& current() {
        const auto full = [](const OfferPart& part) {
            const auto& message = part.message;
            return message.sockets.size() >= sockets_a_part ||
                   message.sources.size() + message.services.size() + message.drains.size() >= items_a_part;
        };
        if (parts_.empty() || full(parts_.back())) {
            parts_.emplace_back();
        }
        return parts_.back();
    }
    std::vector<OfferPart> parts_{};
};

}  // namespace

std::vector<OfferPart> make_offer(const Doors& doors, const admin::Admin& admin, const control::Control& control) {
    using Use = accept::HandoverSocket::Use;
    OfferWriter writer;
    for (const auto& door : doors.offer()) {
        writer.add({door.id, Use::listener, door.name, door.configured, door.foreign}, door.descriptor);
    }
    for (const auto& [address, descriptor] : admin.sockets()) {
        writer.add({0, Use::admin, "admin", address, false}, descriptor);
    }
    for (const auto& source : control.sources()) {
        if (source.synced) {
            writer.add_source(source.name);
        }
    }
    for (auto& order : control.drains()) {
        writer.add_drain(std::move(order));
    }
    std::size_t told = 0;
    for (const auto& service : control.services()) {
        if (service.eligible != 0 && told++ < services_max) {
            writer.add_service(service.name, service.eligible);
        }
    }
    return writer.finish();
}

}  // namespace cardea::proxy
