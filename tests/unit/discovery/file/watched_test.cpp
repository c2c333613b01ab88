#include "discovery/file/lines.hpp"
#include "discovery/make_provider.hpp"

#include <gtest/gtest.h>

namespace cardea::file {
namespace {

using Strings = std::vector<std::string>;

Strings written(const Lines& lines) {
    Strings out;
    for (const auto& endpoint : lines.endpoints) {
        out.push_back(config::to_string(endpoint.address) + " " + std::to_string(endpoint.weight));
    }
    return out;
}

TEST(EndpointsFile, reads_addresses_weights_and_comments) {
    const auto lines = read_lines("/e",
                                  "\xEF\xBB\xBF# web servers\r\n"
                                  "10.0.0.1:80\r\n"
                                  "\n"
                                  "  [2001:DB8::1]:8080\tweight=5   # strong\n"
                                  "web.internal:80 weight=0\n"
                                  "unix:/run/app.sock");
    EXPECT_EQ(written(lines), (Strings{"10.0.0.1:80 1", "[2001:db8::1]:8080 5", "web.internal:80 0", "unix:/run/app.sock 1"}));
    EXPECT_TRUE(lines.notes.empty());
}

TEST(EndpointsFile, keeps_good_lines_and_says_where_the_bad_ones_are) {
    const auto lines = read_lines("/e",
                                  "10.0.0.1:80\n"
                                  "  10.0.0.1\n"
                                  "10.0.0.2:80 weight=x\n"
                                  "10.0.0.3:80 weight=70000\n"
                                  "10.0.0.4:80 weight=1 weight=2\n"
                                  "10.0.0.5:80 heavy\n"
                                  "10.0.0.1:80\n"
                                  "10.0.0.6:99999\n"
                                  "10.0.0.7:80 # fine\n");
    EXPECT_EQ(written(lines), (Strings{"10.0.0.1:80 1", "10.0.0.7:80 1"}));
    ASSERT_EQ(lines.notes.size(), 7U);
    EXPECT_TRUE(lines.notes[0].starts_with("/e:2:3: ")) << lines.notes[0];
    EXPECT_TRUE(lines.notes[1].starts_with("/e:3:13: ")) << lines.notes[1];
    EXPECT_TRUE(lines.notes[3].starts_with("/e:5:13: ")) << lines.notes[3];
    EXPECT_TRUE(lines.notes[5].starts_with("/e:7:1: ")) << lines.notes[5];
}

TEST(EndpointsFile, bounds_its_complaints) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += "nonsense\n";
    }
    EXPECT_EQ(read_lines("/e", text).notes.size(), 100U);
}

struct FileSource {
    std::unique_ptr<discovery::Provider> provider{discovery::make_file("/e")};
    std::vector<discovery::Publish> said{};
    discovery::SourceStatus status{};

    void tell(const discovery::Event& event) {
        for (auto& action : provider->step(event, {})) {
            if (auto* publish = std::get_if<discovery::Publish>(&action)) {
                said.push_back(*publish);
            } else if (auto* now = std::get_if<discovery::SourceStatus>(&action)) {
                status = *now;
            }
        }
    }
    void content(const std::string& text) { tell(discovery::FileChanged{.path = "/e", .content = text}); }
};

TEST(FileProvider, says_what_the_file_says) {
    FileSource source;
    EXPECT_EQ(source.provider->source(), "file:/e");
    source.tell(discovery::Started{});
    source.content("10.0.0.2:80\n10.0.0.1:80 weight=2\n");
    ASSERT_EQ(source.said.size(), 1U);
    EXPECT_EQ(source.said[0].query, "/e");
    EXPECT_EQ(source.said[0].evidence, discovery::Evidence::strong);
    ASSERT_EQ(source.said[0].facts.size(), 2U);
    EXPECT_EQ(source.said[0].facts[0].key, (discovery::EndpointKey{"file:/e", "10.0.0.1:80"}));
    EXPECT_EQ(source.said[0].facts[0].weight, 2U);
    source.content("# same\n10.0.0.1:80 weight=2\n10.0.0.2:80\n");
    EXPECT_EQ(source.said.size(), 1U);
    source.content("");
    ASSERT_EQ(source.said.size(), 2U);
    EXPECT_TRUE(source.said[1].facts.empty());
}

TEST(FileProvider, keeps_the_last_good_while_the_file_is_missing_or_nonsense) {
    FileSource source;
    source.tell(discovery::FileChanged{.path = "/e", .missing = true});
    EXPECT_TRUE(source.said.empty());
    EXPECT_TRUE(source.status.synced);
    EXPECT_FALSE(source.status.connected);
    source.content("10.0.0.1:80\n");
    EXPECT_TRUE(source.status.connected);
    source.tell(discovery::FileChanged{.path = "/e", .missing = true});
    source.content("<html>");
    EXPECT_EQ(source.said.size(), 1U);
    EXPECT_EQ(source.status.notes.size(), 1U);
    source.tell(discovery::FileChanged{.path = "/another", .content = ""});
    EXPECT_EQ(source.said.size(), 1U);
}

}  // namespace
}  // namespace cardea::file
