// simdjson's On-Demand interface walks the document; its first stage has by then checked UTF-8, quotes and control
// characters of all of it. On-Demand leaves the numbers' text alone, which the DOM does not.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "CSimdjson.h"

using namespace simdjson;

struct assay_json_parser {
    ondemand::parser parser;
    std::unique_ptr<char[]> buffer;
    size_t buffer_capacity = 0;
    std::vector<assay_json_token> tokens;
    std::vector<uint32_t> keys;
    uint32_t depth_max = 0;
    size_t failure_offset = 0;

    int parse(const void *bytes, size_t byte_count);

private:
    int value(ondemand::value value, uint32_t depth);
    int object(ondemand::object object, uint32_t depth);
    int scalar(std::string_view raw);
    int string(simdjson_result<std::string_view> text, const char *start, uint8_t kind);
    int check_keys(size_t object_index);

    uint32_t push(const char *start, uint8_t kind, std::string_view text = {}) {
        auto index = uint32_t(tokens.size());
        tokens.push_back({text.data(), uint32_t(text.size()), uint32_t(start - buffer.get()), 1, 0, kind});
        return index;
    }
    int fail(int code, const char *at) {
        failure_offset = size_t(at - buffer.get());
        return code;
    }
    int fail(error_code error, const char *at) {
        switch (error) {
        case UTF8_ERROR: return fail(ASSAY_JSON_INVALID_UTF8, at);
        case UNESCAPED_CHARS: return fail(ASSAY_JSON_CONTROL_CHARACTER, at);
        case EMPTY: return fail(ASSAY_JSON_EMPTY, at);
        case DEPTH_ERROR: return fail(ASSAY_JSON_TOO_DEEP, at);
        case MEMALLOC: return fail(ASSAY_JSON_NO_MEMORY, at);
        default: return fail(ASSAY_JSON_MALFORMED, at);
        }
    }
};

static std::string_view trimmed(std::string_view raw) {
    auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (!raw.empty() && is_space(raw.back())) raw.remove_suffix(1);
    while (!raw.empty() && is_space(raw.front())) raw.remove_prefix(1);
    return raw;
}

// RFC 8259, section 6.
static bool is_number(std::string_view text) {
    size_t at = 0;
    auto digits = [&] {
        size_t from = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') at++;
        return at - from;
    };
    if (at < text.size() && text[at] == '-') at++;
    bool leading_zero = at < text.size() && text[at] == '0';
    size_t whole = digits();
    if (whole == 0 || (leading_zero && whole > 1)) return false;
    if (at < text.size() && text[at] == '.') {
        at++;
        if (digits() == 0) return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) at++;
        if (digits() == 0) return false;
    }
    return at == text.size();
}

// What other languages' writers put where JSON has no word.
static bool is_not_finite(std::string_view text) {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    for (std::string_view word : {"NaN", "nan", "NAN", "Infinity", "infinity", "Inf", "inf", "INF"}) {
        if (text == word) return true;
    }
    return false;
}

// Whether a string with a bad escape, which starts at its quote, names half of a character. The first stage has found its
// closing quote.
static bool has_surrogate_escape(const char *start) {
    for (const char *at = start + 1; *at != '"'; at++) {
        if (*at != '\\') continue;
        at++;
        if (at[0] == 'u' && (at[1] == 'd' || at[1] == 'D') && strchr("89abcdefABCDEF", at[2])) return true;
    }
    return false;
}

int assay_json_parser::scalar(std::string_view raw) {
    auto text = trimmed(raw);
    const char *start = text.data();
    if (is_number(text)) return push(start, ASSAY_JSON_NUMBER, text), ASSAY_JSON_OK;
    if (text == "true") return push(start, ASSAY_JSON_TRUE), ASSAY_JSON_OK;
    if (text == "false") return push(start, ASSAY_JSON_FALSE), ASSAY_JSON_OK;
    if (text == "null") return push(start, ASSAY_JSON_NULL), ASSAY_JSON_OK;
    return fail(is_not_finite(text) ? ASSAY_JSON_NOT_FINITE : ASSAY_JSON_MALFORMED, start);
}

int assay_json_parser::string(simdjson_result<std::string_view> result, const char *start, uint8_t kind) {
    std::string_view text;
    if (auto error = std::move(result).get(text)) return has_surrogate_escape(start) ? fail(ASSAY_JSON_LONE_SURROGATE, start) : fail(error, start);
    // An escaped lone surrogate comes out as three bytes ED A0..BF xx, which no UTF-8 has.
    for (size_t at = 0; (at = text.find('\xED', at)) != std::string_view::npos; at++) {
        if (at + 1 < text.size() && uint8_t(text[at + 1]) >= 0xA0) return fail(ASSAY_JSON_LONE_SURROGATE, start);
    }
    push(start, kind, text);
    return ASSAY_JSON_OK;
}

int assay_json_parser::value(ondemand::value value, uint32_t depth) {
    auto raw = value.raw_json_token();
    switch (raw.empty() ? 0 : raw.front()) {
    case '{': {
        if (depth >= depth_max) return fail(ASSAY_JSON_TOO_DEEP, raw.data());
        ondemand::object members;
        auto index = push(raw.data(), ASSAY_JSON_OBJECT);
        if (auto error = value.get_object().get(members)) return fail(error, raw.data());
        auto code = object(members, depth + 1);
        tokens[index].span = uint32_t(tokens.size()) - index;
        return code ? code : check_keys(index);
    }
    case '[': {
        if (depth >= depth_max) return fail(ASSAY_JSON_TOO_DEEP, raw.data());
        ondemand::array elements;
        auto index = push(raw.data(), ASSAY_JSON_ARRAY);
        if (auto error = value.get_array().get(elements)) return fail(error, raw.data());
        for (auto element : elements) {
            ondemand::value next;
            if (auto error = element.get(next)) return fail(error, raw.data());
            tokens[index].count++;
            if (auto code = this->value(next, depth + 1)) return code;
        }
        tokens[index].span = uint32_t(tokens.size()) - index;
        return ASSAY_JSON_OK;
    }
    case '"': return string(value.get_string(), raw.data(), ASSAY_JSON_STRING);
    default: return scalar(raw);
    }
}

int assay_json_parser::object(ondemand::object members, uint32_t depth) {
    auto index = tokens.size() - 1;
    for (auto member : members) {
        ondemand::field field;
        const char *object_start = buffer.get() + tokens[index].start;
        if (auto error = std::move(member).get(field)) return fail(error, object_start);
        const char *key_start = field.key().raw() - 1;
        if (auto code = string(field.unescaped_key(), key_start, ASSAY_JSON_KEY)) return code;
        tokens[index].count++;
        if (auto code = value(field.value(), depth)) return code;
    }
    return ASSAY_JSON_OK;
}

static bool same_text(const assay_json_token &a, const assay_json_token &b) {
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

// Few keys are compared pairwise, many are sorted, so that a hostile object costs n log n.
int assay_json_parser::check_keys(size_t object_index) {
    keys.clear();
    const uint32_t end = uint32_t(object_index) + tokens[object_index].span;
    for (uint32_t at = uint32_t(object_index) + 1; at < end; at += 1 + tokens[at + 1].span) keys.push_back(at);
    size_t duplicate = 0;
    if (keys.size() <= 16) {
        for (size_t later = 1; later < keys.size() && !duplicate; later++) {
            for (size_t earlier = 0; earlier < later; earlier++) {
                if (same_text(tokens[keys[earlier]], tokens[keys[later]])) duplicate = keys[later];
            }
        }
    } else {
        std::sort(keys.begin(), keys.end(), [this](uint32_t a, uint32_t b) {
            const auto &left = tokens[a], &right = tokens[b];
            auto order = memcmp(left.text, right.text, std::min(left.length, right.length));
            if (order) return order < 0;
            return left.length != right.length ? left.length < right.length : a < b;
        });
        for (size_t at = 1; at < keys.size(); at++) {
            if (same_text(tokens[keys[at - 1]], tokens[keys[at]]) && (!duplicate || keys[at] < duplicate)) duplicate = keys[at];
        }
    }
    if (!duplicate) return ASSAY_JSON_OK;
    // The key is left as the last token, where the caller finds its name.
    size_t offset = tokens[duplicate].start;
    tokens.resize(duplicate + 1);
    return fail(ASSAY_JSON_DUPLICATE_KEY, buffer.get() + offset);
}

// Nothing but white space follows what was read.
static bool at_end(ondemand::document &document) { return document.current_location().error() == OUT_OF_BOUNDS; }

int assay_json_parser::parse(const void *bytes, size_t byte_count) {
    tokens.clear();
    failure_offset = 0;
    if (byte_count >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) return ASSAY_JSON_BYTE_ORDER_MARK;
    if (buffer_capacity < byte_count + SIMDJSON_PADDING) {
        size_t capacity = std::max<size_t>(1024, 2 * (byte_count + SIMDJSON_PADDING));
        buffer.reset(new (std::nothrow) char[capacity]);
        buffer_capacity = buffer ? capacity : 0;
        if (!buffer) return ASSAY_JSON_NO_MEMORY;
    }
    char *text = buffer.get();
    if (byte_count) memcpy(text, bytes, byte_count);
    memset(text + byte_count, ' ', SIMDJSON_PADDING);
    auto whole = trimmed({text, byte_count});
    if (whole.empty()) return ASSAY_JSON_EMPTY;

    ondemand::document document;
    if (auto error = parser.iterate(text, byte_count, buffer_capacity).get(document)) return fail(error, text);
    if (whole.front() != '{' && whole.front() != '[') {
        // A document that is one scalar: all of it must be that scalar.
        if (whole.front() != '"') return scalar(whole);
        if (auto code = string(document.get_string(), whole.data(), ASSAY_JSON_STRING)) return code;
        return at_end(document) ? ASSAY_JSON_OK : fail(ASSAY_JSON_MALFORMED, whole.data());
    }
    ondemand::value root;
    if (auto error = document.get_value().get(root)) return fail(error, whole.data());
    if (auto code = value(root, 0)) return code;
    return at_end(document) ? ASSAY_JSON_OK : fail(ASSAY_JSON_MALFORMED, whole.data());
}

extern "C" assay_json_parser *assay_json_create(void) { return new (std::nothrow) assay_json_parser; }

extern "C" void assay_json_destroy(assay_json_parser *parser) { delete parser; }

extern "C" int assay_json_parse(
    assay_json_parser *parser, const void *bytes, size_t byte_count, size_t byte_count_max, uint32_t depth_max,
    const assay_json_token **tokens, size_t *token_count, size_t *failure_offset
) {
    int code;
    if (byte_count > byte_count_max || byte_count > UINT32_MAX / 2) {
        parser->tokens.clear();
        parser->failure_offset = 0;
        code = ASSAY_JSON_TOO_LARGE;
    } else {
        parser->depth_max = depth_max;
        try {
            code = parser->parse(bytes, byte_count);
        } catch (...) {
            code = ASSAY_JSON_NO_MEMORY;  // only the vectors throw, and only for memory
        }
    }
    *tokens = parser->tokens.data();
    *token_count = parser->tokens.size();
    *failure_offset = parser->failure_offset;
    return code;
}

extern "C" size_t assay_json_write_double(double value, char *target) {
    return size_t(std::to_chars(target, target + 32, value).ptr - target);
}

extern "C" int assay_json_read_double(const char *text, size_t length, double *value) {
    auto [end, error] = std::from_chars(text, text + length, *value);
    if (error == std::errc::invalid_argument || end != text + length) return 0;
    if (error == std::errc::result_out_of_range) {
        // from_chars says only "out of range"; strtod says which side. Rare, so the copy does not matter.
        try {
            *value = strtod(std::string(text, length).c_str(), nullptr);
        } catch (...) {
            return 0;
        }
    }
    return 1;
}
