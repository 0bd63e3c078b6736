// A JSON document as a flat list of tokens, made by simdjson. No C++ exception crosses this interface.
#ifndef ASSAY_CSIMDJSON_H
#define ASSAY_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ASSAY_JSON_OBJECT = 1,
    ASSAY_JSON_ARRAY = 2,
    ASSAY_JSON_KEY = 3,
    ASSAY_JSON_STRING = 4,
    ASSAY_JSON_NUMBER = 5,
    ASSAY_JSON_TRUE = 6,
    ASSAY_JSON_FALSE = 7,
    ASSAY_JSON_NULL = 8,
};

enum {
    ASSAY_JSON_OK = 0,
    ASSAY_JSON_EMPTY = 1,
    ASSAY_JSON_TOO_LARGE = 2,
    ASSAY_JSON_TOO_DEEP = 3,
    ASSAY_JSON_INVALID_UTF8 = 4,
    ASSAY_JSON_CONTROL_CHARACTER = 5,
    ASSAY_JSON_DUPLICATE_KEY = 6,
    ASSAY_JSON_LONE_SURROGATE = 7,
    ASSAY_JSON_NOT_FINITE = 8,
    ASSAY_JSON_BYTE_ORDER_MARK = 9,
    ASSAY_JSON_MALFORMED = 10,
    ASSAY_JSON_NO_MEMORY = 11,
};

// An object's key token is followed by its value's tokens; an array's elements follow one another.
typedef struct {
    // Text of a key or string, unescaped; a number as it was written; null for the rest.
    const char *text;
    // Bytes of `text`.
    uint32_t length;
    // Byte of the document where the token starts.
    uint32_t start;
    // Tokens of this value, all inside it included; 1 for a key.
    uint32_t span;
    // Members of an object, elements of an array.
    uint32_t count;
    uint8_t kind;
} assay_json_token;

typedef struct assay_json_parser assay_json_parser;

// A parser that keeps its buffers between documents; NULL when there is no memory.
assay_json_parser *assay_json_create(void);
void assay_json_destroy(assay_json_parser *parser);

// Parses and validates a whole document. On success the tokens are valid until the next call.
// On failure `failure_offset` is about where it was noticed, and the tokens are those read before it.
int assay_json_parse(
    assay_json_parser *parser, const void *bytes, size_t byte_count, size_t byte_count_max, uint32_t depth_max,
    const assay_json_token **tokens, size_t *token_count, size_t *failure_offset);

// Writes the shortest decimal text that reads back as `value`, which must be finite. At most 32 bytes; returns how many.
size_t assay_json_write_double(double value, char *target);

// Reads a decimal number, correctly rounded; infinite when it is too large, 0 when too small. Returns 0 when it is not a number.
int assay_json_read_double(const char *text, size_t length, double *value);

#ifdef __cplusplus
}
#endif

#endif
