// What a Consul agent answers about a service, read.
#include "discovery/consul/parse_health.hpp"
#include "perf/micro/measure.hpp"
#include "perf/micro/rooms.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace cardea::micro {
namespace {

void append(std::string& body, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) {
        body += part;
    }
}

/// `/v1/health/service/web` as Consul 1.x writes it, about 1 kB an instance.
std::string health_of(int instances) {
    std::string body = "[";
    for (int i = 0; i < instances; ++i) {
        const std::string node = "node" + std::to_string(i % 500);
        const std::string ip = "10." + std::to_string(i % 200) + "." + std::to_string(i / 200 % 250) + ".7";
        const std::string number = std::to_string(100'000 + i), port = std::to_string(20'000 + i);
        append(body, {i == 0 ? "" : ",", R"({"Node":{"ID":"0f5a0b3c-0000-0000-0000-000000)", number, R"(","Node":")", node,
                      R"(","Address":")", ip, R"(","Datacenter":"dc1","TaggedAddresses":{"lan":")", ip, R"(","lan_ipv4":")", ip,
                      R"(","wan":")", ip, R"("},"Meta":{"consul-network-segment":""},"CreateIndex":11,"ModifyIndex":13},)"});
        append(body, {R"("Service":{"ID":")", node, ":web-", number, R"(:80","Service":"web","Tags":["v1","http"],"Address":")", ip,
                      R"(","TaggedAddresses":{"lan_ipv4":{"Address":")", ip, R"(","Port":32768}},"Meta":{"version":"1"},"Port":)", port,
                      R"(,"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,"Proxy":{"MeshGateway":{},"Expose":{}},)",
                      R"("Connect":{},"CreateIndex":)", number, R"(,"ModifyIndex":)", number, "},"});
        append(body, {R"("Checks":[{"Node":")", node, R"(","CheckID":"serfHealth","Name":"Serf Health Status","Status":"passing",)",
                      R"("Notes":"","Output":"Agent alive and reachable","ServiceID":"","ServiceName":"","ServiceTags":[],)",
                      R"("Definition":{},"CreateIndex":11,"ModifyIndex":11}]})"});
    }
    return body + "]";
}

}  // namespace

void add_consul() {
    for (const int instances : {4, 10'000}) {
        add("consul/parse_health/" + std::to_string(instances) + "_instances", [instances](benchmark::State& state) {
            const std::string body = health_of(instances);
            const consul::EntryRules rules{.source = "consul"};
            measure(state, [&] {
                const auto answer = consul::parse_health(body, rules);
                if (!answer || answer->facts.size() != static_cast<std::size_t>(instances)) {
                    state.SkipWithError("not every instance was understood");
                }
                return answer.has_value();
            });
            state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
        });
    }
}

}  // namespace cardea::micro
