// Idea: four levels of a tree are one step. A record of a cache line holds the fifteen tests of a subtree of four levels; all are made
// at once, whichever the row needs, by a byte permute that finds the ranks, a compare and a mask. Three levels of the answer come from
// a table of 128 entries, the fourth is a bit of the mask, and the row leaves by one of sixteen exits. Nothing is gathered, which is what
// makes this faster than one tree a lane on processors whose gathers are slow.
//
// The first four levels of sixteen trees go together, a tree in each lane, since there a step needs no address: what the next level
// asks for is picked among the few words there are. Then every tree of a group makes its second step before any makes its third, so that
// none waits for another.
//
// Ranks lie as two tables of bytes, low and high halves, for sixteen columns each; a rank is held less 32,768, for compares are signed.
#include "CForestKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define INLINE static inline __attribute__((always_inline))

// MARK: Ranks

// What a rank is found with, for four values of the same or of four columns.
typedef struct {
    __m256d zero_limit, replacement, low, scale, last_bucket;
    __m128i bucket_base, threshold_base, threshold_count;
} Columns;

AVX2 INLINE Columns four_columns(const assay_forest_ranks *ranks, int32_t column) {
    return (Columns){
        _mm256_loadu_pd(ranks->zero_limit + column),
        _mm256_loadu_pd(ranks->replacement + column),
        _mm256_loadu_pd(ranks->low + column),
        _mm256_loadu_pd(ranks->scale + column),
        _mm256_loadu_pd(ranks->last_bucket + column),
        _mm_loadu_si128((const __m128i *)(ranks->bucket_base + column)),
        _mm_loadu_si128((const __m128i *)(ranks->threshold_base + column)),
        _mm_loadu_si128((const __m128i *)(ranks->threshold_count + column)),
    };
}

AVX2 INLINE Columns one_column(const assay_forest_ranks *ranks, int32_t column) {
    return (Columns){
        _mm256_set1_pd(ranks->zero_limit[column]),
        _mm256_set1_pd(ranks->replacement[column]),
        _mm256_set1_pd(ranks->low[column]),
        _mm256_set1_pd(ranks->scale[column]),
        _mm256_set1_pd(ranks->last_bucket[column]),
        _mm_set1_epi32(ranks->bucket_base[column]),
        _mm_set1_epi32(ranks->threshold_base[column]),
        _mm_set1_epi32(ranks->threshold_count[column]),
    };
}

// Four ranks, as the AVX-512 kernel finds eight.
AVX2 INLINE __m128i rank_of_four(const assay_forest_ranks *ranks, __m256d x, Columns columns, int32_t steps) {
    if (ranks->rounds_to_float) x = _mm256_cvtps_pd(_mm256_cvtpd_ps(x));
    __m256d missing = _mm256_cmp_pd(x, x, _CMP_UNORD_Q);
    if (ranks->has_zero_limits) {
        __m256d magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), x);
        missing = _mm256_or_pd(missing, _mm256_cmp_pd(magnitude, columns.zero_limit, _CMP_LE_OQ));
    }
    x = _mm256_blendv_pd(x, columns.replacement, missing);
    // The maximum's second operand is the result where the first is NaN, so every value has a bucket.
    __m256d place = _mm256_mul_pd(_mm256_sub_pd(x, columns.low), columns.scale);
    place = _mm256_min_pd(_mm256_max_pd(place, _mm256_setzero_pd()), columns.last_bucket);
    __m128i entry = _mm_add_epi32(_mm256_cvttpd_epi32(place), columns.bucket_base);
    __m128i start = _mm_and_si128(_mm_i32gather_epi32((const int *)ranks->bucket, entry, 2), _mm_set1_epi32(0xffff));
    __m256i position = _mm256_cvtepu32_epi64(_mm_add_epi32(start, columns.threshold_base));
    for (int32_t step = 1 << steps >> 1; step > 0; step >>= 1) {
        __m256d value = _mm256_i64gather_pd(ranks->threshold + (step - 1), position, 8);
        __m256i above = _mm256_castpd_si256(_mm256_cmp_pd(x, value, _CMP_NLE_UQ));
        position = _mm256_add_epi64(position, _mm256_and_si256(above, _mm256_set1_epi64x(step)));
    }
    const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    __m128i rank = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(position, even));
    rank = _mm_sub_epi32(rank, columns.threshold_base);
    __m256d right_of_all = _mm256_cmp_pd(x, x, _CMP_UNORD_Q);
    if (_mm256_movemask_pd(right_of_all)) {
        __m128i is_right = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(_mm256_castpd_si256(right_of_all), even));
        rank = _mm_blendv_epi8(rank, columns.threshold_count, is_right);
    }
    return rank;
}

AVX2 INLINE __m128i rank_eight_columns(const assay_forest_ranks *ranks, const double *row, int32_t column) {
    __m128i half[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
        int32_t at = column + 4 * i;
        const int32_t *feature = ranks->feature + at;
        __m256d x = _mm256_setr_pd(row[feature[0]], row[feature[1]], row[feature[2]], row[feature[3]]);
        half[i] = rank_of_four(ranks, x, four_columns(ranks, at), ranks->steps_of_four[at / 4]);
    }
    return _mm_packus_epi32(half[0], half[1]);
}

// Rows whose values and buckets are found before the first threshold is looked at.
enum { RANK_ROWS = 64 };

// Values, and the buckets where their searches begin. What is right of all begins there: behind the last bucket stands one that
// holds the rank right of all, and minus infinity goes no further.
AVX2 INLINE void place(
    Columns columns, bool rounds_to_float, bool has_zero_limit, bool is_right, const double *from, ptrdiff_t stride, ptrdiff_t count,
    double *value, int32_t *entry) {
    ptrdiff_t second = stride, third = 2 * stride, fourth = 3 * stride;
    for (ptrdiff_t row = 0; row < count; row += 4, from += 4 * stride) {
        if (count - row < 4) {
            // Lanes behind the last row repeat it.
            second = count - row > 1 ? stride : 0;
            third = count - row > 2 ? 2 * stride : second;
            fourth = third;
        }
        __m256d x = _mm256_setr_pd(from[0], from[second], from[third], from[fourth]);
        if (rounds_to_float) x = _mm256_cvtps_pd(_mm256_cvtpd_ps(x));
        __m256d missing = _mm256_cmp_pd(x, x, _CMP_UNORD_Q);
        if (has_zero_limit) {
            __m256d magnitude = _mm256_andnot_pd(_mm256_set1_pd(-0.0), x);
            missing = _mm256_or_pd(missing, _mm256_cmp_pd(magnitude, columns.zero_limit, _CMP_LE_OQ));
        }
        x = _mm256_blendv_pd(x, is_right ? _mm256_set1_pd(-__builtin_inf()) : columns.replacement, missing);
        // The maximum's second operand is the result where the first is NaN, so every value has a bucket.
        __m256d place = _mm256_mul_pd(_mm256_sub_pd(x, columns.low), columns.scale);
        place = _mm256_min_pd(_mm256_max_pd(place, _mm256_setzero_pd()), columns.last_bucket);
        if (is_right) place = _mm256_blendv_pd(place, _mm256_add_pd(columns.last_bucket, _mm256_set1_pd(1)), missing);
        _mm256_storeu_pd(value + row, x);
        _mm_storeu_si128((__m128i *)(entry + row), _mm256_cvttpd_epi32(place));
    }
}

INLINE void search(
    const uint16_t *bucket, const double *threshold, int32_t steps, const double *value, const int32_t *entry, ptrdiff_t count,
    uint16_t *to) {
    for (ptrdiff_t row = 0; row < count; row++) {
        double x = value[row];
        uint64_t position = bucket[(uint32_t)entry[row]];
        for (uint64_t step = (uint64_t)1 << steps >> 1; step > 0; step >>= 1) {
            // A sum, for the compiler would make a branch of a choice, and nobody can foretell it.
            position += (uint64_t)(x > threshold[position + step - 1]) * step;
        }
        to[row] = (uint16_t)position;
    }
}

// Gathers cost these processors more than loads one by one, so only what comes before them is done four at a time.
AVX2 void assay_forest_rank_block_avx2(
    const assay_forest_ranks *ranks, const double *rows, ptrdiff_t stride, ptrdiff_t count, uint16_t *result) {
    double value[RANK_ROWS];
    int32_t entry[RANK_ROWS];
    for (int32_t column = 0; column < ranks->column_count; column++) {
        const double *values = rows + ranks->feature[column];
        Columns tables = one_column(ranks, column);
        const uint16_t *bucket = ranks->bucket + ranks->bucket_base[column];
        const double *threshold = ranks->threshold + ranks->threshold_base[column];
        bool is_right = ranks->replacement[column] != ranks->replacement[column];
        bool is_plain = !ranks->rounds_to_float && !ranks->has_zero_limits && !is_right;
        int32_t steps = ranks->steps[column];
        for (ptrdiff_t first = 0; first < count; first += RANK_ROWS) {
            ptrdiff_t part = count - first < RANK_ROWS ? count - first : RANK_ROWS;
            const double *from = values + first * stride;
            if (is_plain) place(tables, false, false, false, from, stride, part, value, entry);
            else place(tables, ranks->rounds_to_float, ranks->has_zero_limits, is_right, from, stride, part, value, entry);
            uint16_t *to = result + (ptrdiff_t)column * ASSAY_FOREST_BLOCK_ROWS + first;
            switch (steps) {
            case 1: search(bucket, threshold, 1, value, entry, part, to); break;
            case 2: search(bucket, threshold, 2, value, entry, part, to); break;
            case 3: search(bucket, threshold, 3, value, entry, part, to); break;
            default: search(bucket, threshold, steps, value, entry, part, to);
            }
        }
    }
}

// MARK: Walk

// Ranks of sixteen columns, by halves.
typedef struct {
    __m128i low[4], high[4];
} Ranks;

AVX2 INLINE void set_ranks(Ranks *ranks, int table, __m128i first, __m128i second) {
    __m128i bytes = _mm_set1_epi16(0xff), bias = _mm_set1_epi8((char)0x80);
    ranks->low[table] = _mm_packus_epi16(_mm_and_si128(first, bytes), _mm_and_si128(second, bytes));
    ranks->high[table] = _mm_xor_si128(_mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8)), bias);
}

AVX2 INLINE __m128i look_up(const __m128i *bytes, __m128i column, int tables) {
    __m128i found = _mm_shuffle_epi8(bytes[0], column);
    if (tables == 1) return found;
    // A column's bits 4 and 5 choose the table; the permute looks at its lower four, the blend at the highest of the byte.
    __m128i bit4 = _mm_slli_epi16(column, 3);
    found = _mm_blendv_epi8(found, _mm_shuffle_epi8(bytes[1], column), bit4);
    if (tables == 2) return found;
    __m128i upper = _mm_blendv_epi8(_mm_shuffle_epi8(bytes[2], column), _mm_shuffle_epi8(bytes[3], column), bit4);
    return _mm_blendv_epi8(found, upper, _mm_slli_epi16(column, 2));
}

// MARK: The first four levels

_Static_assert(sizeof(assay_forest_subtree_top) == ASSAY_FOREST_SUBTREE_TOP_BYTES, "Swift writes these bytes");
_Static_assert(sizeof(assay_forest_subtree) == 64, "a record is a cache line");

typedef struct {
    __m256i threshold;
    __m128i column;
} Tests;

// Which of sixteen lanes go right, as words and as bytes.
typedef struct {
    __m256i words;
    __m128i bytes;
} Turns;

AVX2 INLINE Tests tests_at(const assay_forest_subtree_top *top, int place) {
    return (Tests){_mm256_load_si256((const __m256i *)top->threshold[place]), _mm_load_si128((const __m128i *)top->column[place])};
}

AVX2 INLINE Tests pick(Tests left, Tests right, Turns turns) {
    return (Tests){
        _mm256_blendv_epi8(left.threshold, right.threshold, turns.words), _mm_blendv_epi8(left.column, right.column, turns.bytes)};
}

AVX2 INLINE Turns turn(Tests tests, const Ranks *ranks, int tables) {
    __m128i low = look_up(ranks->low, tests.column, tables), high = look_up(ranks->high, tests.column, tables);
    __m256i rank = _mm256_set_m128i(_mm_unpackhi_epi8(low, high), _mm_unpacklo_epi8(low, high));
    __m256i words = _mm256_cmpgt_epi16(rank, tests.threshold);
    return (Turns){words, _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1))};
}

// The exits of sixteen trees' first subtrees.
AVX2 INLINE void first_exits(const assay_forest_subtree_top *top, const Ranks *ranks, int tables, uint8_t *exits) {
    Turns first = turn(tests_at(top, 0), ranks, tables);
    Turns second = turn(pick(tests_at(top, 1), tests_at(top, 2), first), ranks, tables);
    Tests third_tests = pick(
        pick(tests_at(top, 3), tests_at(top, 4), second), pick(tests_at(top, 5), tests_at(top, 6), second), first);
    Turns third = turn(third_tests, ranks, tables);
    Tests left = pick(pick(tests_at(top, 7), tests_at(top, 8), third), pick(tests_at(top, 9), tests_at(top, 10), third), second);
    Tests right = pick(pick(tests_at(top, 11), tests_at(top, 12), third), pick(tests_at(top, 13), tests_at(top, 14), third), second);
    Turns fourth = turn(pick(left, right, first), ranks, tables);
    __m128i exit = _mm_and_si128(first.bytes, _mm_set1_epi8(8));
    exit = _mm_or_si128(exit, _mm_and_si128(second.bytes, _mm_set1_epi8(4)));
    exit = _mm_or_si128(exit, _mm_and_si128(third.bytes, _mm_set1_epi8(2)));
    exit = _mm_or_si128(exit, _mm_and_si128(fourth.bytes, _mm_set1_epi8(1)));
    _mm_storeu_si128((__m128i *)exits, exit);
}

// MARK: Further levels

// By the outcomes of the first three levels' seven tests: which of the eight tests below is the row's, counted from the root's 0.
#define PATH(OUTCOMES)                                                                                                             \
    (7 + 4 * ((OUTCOMES) & 1) + 2 * ((OUTCOMES) >> (1 + ((OUTCOMES) & 1)) & 1)                                                     \
     + ((OUTCOMES) >> (3 + 2 * ((OUTCOMES) & 1) + ((OUTCOMES) >> (1 + ((OUTCOMES) & 1)) & 1)) & 1))
#define PATH4(N) PATH(N), PATH(N + 1), PATH(N + 2), PATH(N + 3)
#define PATH32(N) PATH4(N), PATH4(N + 4), PATH4(N + 8), PATH4(N + 12), PATH4(N + 16), PATH4(N + 20), PATH4(N + 24), PATH4(N + 28)
static const uint8_t path[128] = {PATH32(0), PATH32(32), PATH32(64), PATH32(96)};

// Where a row goes from a subtree; a leaf's place is told by its complement.
AVX2 INLINE int32_t descend(const uint64_t *memory, int32_t place, const Ranks *ranks, int tables) {
    const assay_forest_subtree *subtree = (const assay_forest_subtree *)(memory + place);
    __m128i column = _mm_load_si128((const __m128i *)subtree->column);
    __m128i low = look_up(ranks->low, column, tables), high = look_up(ranks->high, column, tables);
    const __m128i *threshold = (const __m128i *)subtree->threshold;
    __m128i first = _mm_cmpgt_epi16(_mm_unpacklo_epi8(low, high), threshold[0]);
    __m128i second = _mm_cmpgt_epi16(_mm_unpackhi_epi8(low, high), threshold[1]);
    uint64_t outcomes = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(first, second));
    // Test i stands in bit i, and the exits of test i are 2 i - 14 and the one after.
    uint64_t test = path[outcomes & 127];
    int8_t exit = (subtree->exit - 14)[2 * test + (outcomes >> test & 1)];
    // The compiler would take the base out of the vector of thresholds, which costs more.
    const int16_t *base_at = subtree->threshold + 15;
    __asm__("" : "+r"(base_at));
    int32_t to = place + 8 * *base_at + exit;
    return exit < 0 ? ~to : to;
}

enum { GROUP = ASSAY_FOREST_SUBTREE_GROUP };

AVX2 INLINE double walk_group(
    const assay_forest_subtrees *trees, int32_t first, const Ranks *ranks, int tables, double sum, int32_t *numbers) {
    uint8_t exits[GROUP] __attribute__((aligned(16)));
    int32_t places[GROUP];
    const uint64_t *memory = trees->memory;
    int32_t count = trees->tree_count - first < GROUP ? trees->tree_count - first : GROUP;
    for (int32_t tree = 0; tree < count; tree += 16) first_exits(trees->top + (first + tree) / 16, ranks, tables, exits + tree);
    const int8_t *exit_of = trees->exit + 16 * (ptrdiff_t)first;
    for (int32_t tree = 0; tree < count; tree++) {
        int8_t exit = exit_of[16 * tree + exits[tree]];
        int32_t to = trees->base[first + tree] + exit;
        places[tree] = exit < 0 ? ~to : to;
    }
    // Leaves that come early are rare where a forest is as deep as it may be; for others a guess that fails costs no more than a step.
    for (int32_t step = trees->steps[first / GROUP]; step > 1; step--) {
        for (int32_t tree = 0; tree < count; tree++) {
            if (__builtin_expect(places[tree] >= 0, 1)) places[tree] = descend(memory, places[tree], ranks, tables);
        }
    }
    for (int32_t tree = 0; tree < count; tree++) {
        int32_t place = places[tree];
        if (__builtin_expect(place >= 0, 1)) place = descend(memory, place, ranks, tables);
        if (numbers) numbers[first + tree] = (int32_t)memory[~place];
        else sum += *(const double *)(memory + ~place);
    }
    return sum;
}

AVX2 INLINE double score(
    const assay_forest_ranks *columns, const assay_forest_subtrees *trees, const double *row, double sum, int tables) {
    Ranks ranks;
#pragma clang loop unroll(full)
    for (int table = 0; table < tables; table++) {
        __m128i half[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
        for (int i = 0; i < 2; i++) {
            int32_t first = 16 * table + 8 * i;
            if (first < columns->column_count) half[i] = rank_eight_columns(columns, row, first);
        }
        set_ranks(&ranks, table, half[0], half[1]);
    }
    for (int32_t first = 0; first < trees->tree_count; first += GROUP) sum = walk_group(trees, first, &ranks, tables, sum, NULL);
    return sum;
}

AVX2 double assay_forest_subtrees_score_avx2(
    const assay_forest_ranks *ranks, const assay_forest_subtrees *trees, const double *row, double sum) {
    switch (trees->table_count) {
    case 1: return score(ranks, trees, row, sum, 1);
    case 2: return score(ranks, trees, row, sum, 2);
    default: return score(ranks, trees, row, sum, 4);
    }
}

AVX2 INLINE void walk_rows(
    const assay_forest_subtrees *trees, const uint16_t *rows, ptrdiff_t row_count, int tables, double *sums, int32_t *numbers) {
    // A group's records serve all rows before the next group's are touched.
    for (int32_t first = 0; first < trees->tree_count; first += GROUP) {
        for (ptrdiff_t row = 0; row < row_count; row++) {
            Ranks ranks;
#pragma clang loop unroll(full)
            for (int table = 0; table < tables; table++) {
                const __m128i *from = (const __m128i *)(rows + 16 * (tables * row + table));
                set_ranks(&ranks, table, _mm_loadu_si128(from), _mm_loadu_si128(from + 1));
            }
            double sum = walk_group(trees, first, &ranks, tables, numbers ? 0 : sums[row], numbers);
            if (!numbers) sums[row] = sum;
        }
    }
}

AVX2 void assay_forest_subtrees_sums_avx2(
    const assay_forest_subtrees *trees, const uint16_t *ranks, ptrdiff_t row_count, double *sums) {
    switch (trees->table_count) {
    case 1: walk_rows(trees, ranks, row_count, 1, sums, NULL); break;
    case 2: walk_rows(trees, ranks, row_count, 2, sums, NULL); break;
    default: walk_rows(trees, ranks, row_count, 4, sums, NULL);
    }
}

AVX2 void assay_forest_subtrees_leaves_avx2(const assay_forest_subtrees *trees, const uint16_t *ranks, int32_t *numbers) {
    switch (trees->table_count) {
    case 1: walk_rows(trees, ranks, 1, 1, NULL, numbers); break;
    case 2: walk_rows(trees, ranks, 1, 2, NULL, numbers); break;
    default: walk_rows(trees, ranks, 1, 4, NULL, numbers);
    }
}
#endif
