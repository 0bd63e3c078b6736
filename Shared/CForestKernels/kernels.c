#define _POSIX_C_SOURCE 199309L
#include "CForestKernels.h"

#include <time.h>

int64_t assay_forest_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi,bmi2,fma,popcnt")))
#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))

__attribute__((target("xsave"))) static uint64_t enabled_states(void) { return __builtin_ia32_xgetbv(0); }

static bool has_leaf7_bits(uint32_t bits, uint64_t states) {
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return false;
    if ((enabled_states() & states) != states) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    return (b & bits) == bits;
}

// The operating system keeps the wide registers too: XMM and YMM (6), mask and ZMM ones (0xe0).
bool assay_forest_has_avx512(void) {
    return has_leaf7_bits(bit_AVX2 | bit_BMI2 | bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL, 0xe6);
}
bool assay_forest_has_avx2(void) { return has_leaf7_bits(bit_AVX2 | bit_BMI2, 6); }
#else
bool assay_forest_has_avx512(void) { return false; }
bool assay_forest_has_avx2(void) { return false; }
#endif

#define INLINE static inline __attribute__((always_inline))

// MARK: Sieve

// A block's vectors that have rows: a smaller block costs less.
INLINE int vectors_of(ptrdiff_t row_count) { return (int)((row_count + 63) / 64); }

#define VECTOR_BYTES 32
#include "sieve_tiles.h"
#undef VECTOR_BYTES
#define VECTOR_BYTES 64
#include "sieve_tiles.h"
#undef VECTOR_BYTES

INLINE void sieve_group(const assay_forest_sieve_trees *trees, int32_t group, uint8_t *region, ptrdiff_t row_count) {
    if (row_count <= 32) sieve_group_32(trees, group, region, 1);
    else sieve_group_64(trees, group, region, vectors_of(row_count));
}

INLINE void sieve_columns(
    const assay_forest_sieve_column *columns, ptrdiff_t column_count, const uint16_t *ranks, int8_t *result, ptrdiff_t row_count) {
    int rows = 64 * vectors_of(row_count);
    for (ptrdiff_t column = 0; column < column_count; column++) {
        const uint16_t *from = ranks + (ptrdiff_t)columns[column].column * ASSAY_FOREST_BLOCK_ROWS;
        int8_t *to = result + column * ASSAY_FOREST_BLOCK_ROWS;
        int32_t base = columns[column].base;
        for (int row = 0; row < rows; row++) {
            int32_t rank = (int32_t)from[row] - base;
            rank = rank < 0 ? 0 : rank > 255 ? 255 : rank;
            to[row] = (int8_t)(rank - 128);
        }
    }
}

INLINE void add_leaves(
    assay_forest_sieve_numbers numbers, const double *leaves, const uint8_t *region, double *sums, ptrdiff_t row_count) {
    const uint8_t *number = region + numbers.low;
    if (numbers.high < 0) {
        for (ptrdiff_t row = 0; row < row_count; row++) sums[row] += leaves[number[row]];
    } else {
        const uint8_t *upper = region + numbers.high;
        for (ptrdiff_t row = 0; row < row_count; row++) sums[row] += leaves[number[row] | (uint32_t)upper[row] << 8];
    }
}

// Four trees of one byte at a time, so that a row's sum is read and written once for all.
INLINE void add_leaves_of_trees(
    const assay_forest_sieve_trees *trees, const assay_forest_sieve_group *group, const uint8_t *region, double *sums,
    ptrdiff_t row_count) {
    int32_t tree = group->first_tree, end = tree + group->tree_count;
    const assay_forest_sieve_numbers *numbers = trees->numbers;
    while (tree < end) {
        const assay_forest_sieve_numbers *n = numbers + tree;
        const int32_t *base = trees->leaf_base + tree;
        if (end - tree >= 4 && (n[0].high & n[1].high & n[2].high & n[3].high) < 0) {
            const uint8_t *n0 = region + n[0].low, *n1 = region + n[1].low, *n2 = region + n[2].low, *n3 = region + n[3].low;
            const double *l0 = trees->leaves + base[0], *l1 = trees->leaves + base[1];
            const double *l2 = trees->leaves + base[2], *l3 = trees->leaves + base[3];
#pragma clang loop vectorize(disable) unroll_count(2)
            for (ptrdiff_t row = 0; row < row_count; row++) {
                double sum = sums[row];
                sum += l0[n0[row]];
                sum += l1[n1[row]];
                sum += l2[n2[row]];
                sum += l3[n3[row]];
                sums[row] = sum;
            }
            tree += 4;
        } else {
            add_leaves(*n, trees->leaves + *base, region, sums, row_count);
            tree++;
        }
    }
}

#define SIEVE(NAME, TARGET, ADD)                                                                                                   \
    TARGET static void NAME##_group(                                                                                               \
        const assay_forest_sieve_trees *trees, int32_t group, uint8_t *region, ptrdiff_t row_count) {                              \
        sieve_group(trees, group, region, row_count);                                                                              \
    }                                                                                                                              \
    TARGET static void NAME##_columns(                                                                                             \
        const assay_forest_sieve_column *columns, ptrdiff_t column_count, const uint16_t *ranks, int8_t *result,                   \
        ptrdiff_t row_count) {                                                                                                     \
        sieve_columns(columns, column_count, ranks, result, row_count);                                                            \
    }                                                                                                                              \
    TARGET static void NAME##_sums(                                                                                                \
        const assay_forest_sieve_trees *trees, uint8_t *region, double *sums, ptrdiff_t row_count) {                               \
        for (int32_t group = 0; group < trees->group_count; group++) {                                                             \
            NAME##_group(trees, group, region, row_count);                                                                         \
            ADD(trees, trees->groups + group, region, sums, row_count);                                                            \
        }                                                                                                                          \
    }

SIEVE(sieve128, , add_leaves_of_trees)

#if defined(__x86_64__)
AVX512 INLINE void add_leaves_avx512(
    const assay_forest_sieve_trees *trees, const assay_forest_sieve_group *group, const uint8_t *region, double *sums,
    ptrdiff_t row_count) {
    for (int32_t tree = group->first_tree; tree < group->first_tree + group->tree_count; tree++) {
        const double *leaves = trees->leaves + trees->leaf_base[tree];
        const uint8_t *number = region + trees->numbers[tree].low;
        if (trees->numbers[tree].high < 0) {
#pragma clang loop unroll_count(4)
            for (ptrdiff_t row = 0; row < row_count; row += 8) {
                __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(number + row)));
                __m512d value = _mm512_i32gather_pd(index, leaves, 8);
                _mm512_storeu_pd(sums + row, _mm512_add_pd(_mm512_loadu_pd(sums + row), value));
            }
        } else {
            const uint8_t *upper = region + trees->numbers[tree].high;
            for (ptrdiff_t row = 0; row < row_count; row += 8) {
                __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(number + row)));
                __m256i bits = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(upper + row)));
                __m512d value = _mm512_i32gather_pd(_mm256_or_si256(index, _mm256_slli_epi32(bits, 8)), leaves, 8);
                _mm512_storeu_pd(sums + row, _mm512_add_pd(_mm512_loadu_pd(sums + row), value));
            }
        }
    }
}

SIEVE(sieve256, AVX2, add_leaves_of_trees)
SIEVE(sieve512, AVX512, add_leaves_avx512)

#define DISPATCH(SUFFIX, ...)                                                                                                      \
    do {                                                                                                                           \
        if (vector_bits >= 512) sieve512_##SUFFIX(__VA_ARGS__);                                                                    \
        else if (vector_bits >= 256) sieve256_##SUFFIX(__VA_ARGS__);                                                               \
        else sieve128_##SUFFIX(__VA_ARGS__);                                                                                       \
    } while (0)
#else
#define DISPATCH(SUFFIX, ...) sieve128_##SUFFIX(__VA_ARGS__)
#endif

void assay_forest_sieve(
    const assay_forest_sieve_trees *trees, int32_t group, uint8_t *region, ptrdiff_t row_count, int32_t vector_bits) {
    (void)vector_bits;
    DISPATCH(group, trees, group, region, row_count);
}

void assay_forest_sieve_columns(
    const assay_forest_sieve_column *columns, ptrdiff_t column_count, const uint16_t *ranks, int8_t *result, ptrdiff_t row_count,
    int32_t vector_bits) {
    (void)vector_bits;
    DISPATCH(columns, columns, column_count, ranks, result, row_count);
}

void assay_forest_sieve_sums(
    const assay_forest_sieve_trees *trees, uint8_t *region, double *sums, ptrdiff_t row_count, int32_t vector_bits) {
    (void)vector_bits;
    DISPATCH(sums, trees, region, sums, row_count);
}

// MARK: Ranks

#if defined(__x86_64__)
// Eight values of columns whose tables are given lane by lane.
AVX512 INLINE __m256i rank_of_eight(
    __m512d x, bool rounds_to_float, bool has_zero_limit, __m512d zero_limit, __m512d replacement, __m512d low, __m512d scale, __m512d last_bucket,
    __m256i bucket_base, __m256i threshold_base, __m256i threshold_count, int32_t steps, const uint16_t *bucket, const double *threshold) {
    if (rounds_to_float) x = _mm512_cvtps_pd(_mm512_cvtpd_ps(x));
    __mmask8 missing = _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q);
    if (has_zero_limit) missing |= _mm512_cmp_pd_mask(_mm512_abs_pd(x), zero_limit, _CMP_LE_OQ);
    x = _mm512_mask_mov_pd(x, missing, replacement);
    // The maximum's second operand is the result where the first is NaN, so every value has a bucket.
    __m512d place = _mm512_mul_pd(_mm512_sub_pd(x, low), scale);
    place = _mm512_min_pd(_mm512_max_pd(place, _mm512_setzero_pd()), last_bucket);
    __m256i entry = _mm256_add_epi32(_mm512_cvttpd_epi32(place), bucket_base);
    __m256i position = _mm256_and_si256(_mm256_i32gather_epi32((const int *)bucket, entry, 2), _mm256_set1_epi32(0xffff));
    position = _mm256_add_epi32(position, threshold_base);
    for (int32_t step = 1 << steps >> 1; step > 0; step >>= 1) {
        __m512d value = _mm512_i32gather_pd(position, threshold + (step - 1), 8);
        __mmask8 above = _mm512_cmp_pd_mask(x, value, _CMP_NLE_UQ);
        position = _mm256_mask_add_epi32(position, above, position, _mm256_set1_epi32(step));
    }
    position = _mm256_sub_epi32(position, threshold_base);
    if (missing) position = _mm256_mask_mov_epi32(position, _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q), threshold_count);
    return position;
}

// Ranks of eight columns of one row.
AVX512 INLINE __m128i rank_columns(const assay_forest_ranks *ranks, const double *row, int32_t column) {
    __m256i rank = rank_of_eight(
        _mm512_i32gather_pd(_mm256_loadu_si256((const __m256i *)(ranks->feature + column)), row, 8), ranks->rounds_to_float, ranks->has_zero_limits,
        _mm512_loadu_pd(ranks->zero_limit + column), _mm512_loadu_pd(ranks->replacement + column), _mm512_loadu_pd(ranks->low + column),
        _mm512_loadu_pd(ranks->scale + column), _mm512_loadu_pd(ranks->last_bucket + column),
        _mm256_loadu_si256((const __m256i *)(ranks->bucket_base + column)),
        _mm256_loadu_si256((const __m256i *)(ranks->threshold_base + column)),
        _mm256_loadu_si256((const __m256i *)(ranks->threshold_count + column)), ranks->steps_of_eight[column / 8], ranks->bucket,
        ranks->threshold);
    return _mm256_cvtepi32_epi16(rank);
}

// Up to 32 columns from `first`: a register is put together from eights, for a load would wait for all their stores.
AVX512 INLINE __m512i rank_register(const assay_forest_ranks *ranks, const double *row, int32_t first) {
    int32_t count = ranks->column_count - first;
    __m512i result = _mm512_setzero_si512();
    if (count > 0) result = _mm512_zextsi128_si512(rank_columns(ranks, row, first));
    if (count > 8) result = _mm512_inserti32x4(result, rank_columns(ranks, row, first + 8), 1);
    if (count > 16) result = _mm512_inserti32x4(result, rank_columns(ranks, row, first + 16), 2);
    if (count > 24) result = _mm512_inserti32x4(result, rank_columns(ranks, row, first + 24), 3);
    return result;
}

AVX512 void assay_forest_rank_block_avx512(
    const assay_forest_ranks *ranks, const double *rows, ptrdiff_t stride, ptrdiff_t count, uint16_t *result) {
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (int32_t column = 0; column < ranks->column_count; column++) {
        const double *values = rows + ranks->feature[column];
        uint16_t *to = result + (ptrdiff_t)column * ASSAY_FOREST_BLOCK_ROWS;
        __m512d zero_limit = _mm512_set1_pd(ranks->zero_limit[column]), replacement = _mm512_set1_pd(ranks->replacement[column]);
        __m512d low = _mm512_set1_pd(ranks->low[column]), scale = _mm512_set1_pd(ranks->scale[column]);
        __m512d last_bucket = _mm512_set1_pd(ranks->last_bucket[column]);
        __m256i bucket_base = _mm256_set1_epi32(ranks->bucket_base[column]);
        __m256i threshold_base = _mm256_set1_epi32(ranks->threshold_base[column]);
        __m256i threshold_count = _mm256_set1_epi32(ranks->threshold_count[column]);
        int32_t steps = ranks->steps[column];
        __m512i offset = _mm512_mullo_epi64(_mm512_cvtepi32_epi64(lanes), _mm512_set1_epi64(stride));
        for (ptrdiff_t row = 0; row < count; row += 8) {
            if (count - row < 8) {
                // Lanes behind the last row repeat it.
                __m256i lane = _mm256_min_epi32(lanes, _mm256_set1_epi32((int32_t)(count - row - 1)));
                offset = _mm512_mullo_epi64(_mm512_cvtepi32_epi64(lane), _mm512_set1_epi64(stride));
            }
            __m512d x = _mm512_i64gather_pd(offset, values + row * stride, 8);
            __m256i rank = rank_of_eight(
                x, ranks->rounds_to_float, ranks->has_zero_limits, zero_limit, replacement, low, scale, last_bucket, bucket_base, threshold_base,
                threshold_count, steps, ranks->bucket, ranks->threshold);
            _mm_storeu_si128((__m128i *)(to + row), _mm256_cvtepi32_epi16(rank));
        }
    }
}

// MARK: Walk

// The row's ranks as one or two registers of 32.
typedef struct {
    __m512i low, high;
} Ranks;

AVX512 INLINE Ranks load_ranks(const uint16_t *values, int column_bits) {
    return (Ranks){_mm512_loadu_si512(values), column_bits == 6 ? _mm512_loadu_si512(values + 32) : _mm512_setzero_si512()};
}

// Moves to the child and says which lanes went right.
AVX512 INLINE __mmask16 step(__m512i *node, __m512i word, Ranks ranks, bool is_wide, int column_bits) {
    // The column's number goes to the upper half of its word, so its rank comes to where the threshold's is; lower bits are 0, so a
    // word is smaller than the rank's just where its threshold is.
    __m512i column = _mm512_slli_epi32(word, 16);
    __m512i rank = is_wide ? _mm512_maskz_permutex2var_epi16(0xaaaaaaaa, ranks.low, column, ranks.high)
                           : _mm512_maskz_permutexvar_epi16(0xaaaaaaaa, column, ranks.low);
    __mmask16 goes_right = _mm512_cmpgt_epu32_mask(rank, word);
    __mmask16 is_inner = _mm512_cmplt_epu32_mask(word, _mm512_set1_epi32((int32_t)0xffff0000));
    __m512i next = _mm512_mask_add_epi32(*node, is_inner, *node, _mm512_srli_epi32(column, 16 + column_bits));
    *node = _mm512_mask_sub_epi32(next, goes_right, next, _mm512_set1_epi32(-1));
    return goes_right;
}

AVX512 INLINE __m512i pick(__mmask16 second, const uint32_t *words) {
    return _mm512_mask_loadu_epi32(_mm512_loadu_si512(words), second, words + 16);
}

// Trees are walked in groups of up to four sixteens, to hide what a gather takes; meanwhile the leaves of the group before are summed, one
// after the other, as the order of the sum demands. A group's nodes serve all rows before the next group's are touched. The first
// three levels are at hand without a gather: few enough to pick from.
typedef struct {
    double *sum;
    const int32_t *leaf, *end;
} Waiting;

AVX512 INLINE void walk_group(
    const assay_forest_walk *tables, int32_t first, int sixteens, Ranks ranks, int column_bits, Waiting waiting, int32_t *reached) {
    bool is_wide = column_bits == 6;
    __m512i node[4], word[4];
    const uint32_t *top = tables->top + (ptrdiff_t)first * 7;
    for (int i = 0; i < sixteens; i++) {
        const uint32_t *words = top + 16 * 7 * i;
        node[i] = _mm512_loadu_si512(tables->root + first + 16 * i);
        __mmask16 right = step(&node[i], _mm512_loadu_si512(words), ranks, is_wide, column_bits);
        __mmask16 right2 = step(&node[i], pick(right, words + 16), ranks, is_wide, column_bits);
        // By the first turn then by the second.
        __m512i left_words = pick(right2, words + 48), right_words = pick(right2, words + 80);
        step(&node[i], _mm512_mask_mov_epi32(left_words, right, right_words), ranks, is_wide, column_bits);
        word[i] = _mm512_i32gather_epi32(node[i], tables->nodes, 4);
    }
    double sum = *waiting.sum;
    const double *leaves = tables->leaves;
    int32_t depth = tables->depth[first / ASSAY_FOREST_WALK_TREES] - 3;
    ptrdiff_t per_step = depth > 0 ? (waiting.end - waiting.leaf + depth - 1) / depth : 0;
    for (int32_t level = 0; level < depth; level++) {
        for (int i = 0; i < sixteens; i++) {
            step(&node[i], word[i], ranks, is_wide, column_bits);
            word[i] = _mm512_i32gather_epi32(node[i], tables->nodes, 4);
        }
        const int32_t *until = waiting.end - waiting.leaf > per_step ? waiting.leaf + per_step : waiting.end;
        for (; waiting.leaf < until; waiting.leaf++) sum += leaves[*waiting.leaf];
    }
    for (; waiting.leaf < waiting.end; waiting.leaf++) sum += leaves[*waiting.leaf];
    *waiting.sum = sum;
    for (int i = 0; i < sixteens; i++) {
        __m512i number = _mm512_and_si512(word[i], _mm512_set1_epi32(0xffff));
        number = _mm512_add_epi32(number, _mm512_loadu_si512(tables->leaf_base + first + 16 * i));
        _mm512_storeu_si512(reached + 16 * i, number);
    }
}

AVX512 INLINE void walk(
    const assay_forest_walk *tables, Ranks only, const uint16_t *rows, ptrdiff_t row_count, int column_bits, double *sums,
    int32_t *result) {
    int32_t reached[2][ASSAY_FOREST_WALK_TREES] __attribute__((aligned(64)));
    double nothing = 0;
    Waiting waiting = {&nothing, reached[1], reached[1]};
    int side = 0;
    for (int32_t first = 0; first < tables->tree_count; first += ASSAY_FOREST_WALK_TREES) {
        int32_t count = tables->tree_count - first < ASSAY_FOREST_WALK_TREES ? tables->tree_count - first : ASSAY_FOREST_WALK_TREES;
        for (ptrdiff_t row = 0; row < row_count; row++, side ^= 1) {
            Ranks ranks = rows ? load_ranks(rows + (row << column_bits), column_bits) : only;
            int32_t *to = result ? result + first : reached[side];
            switch ((count + 15) / 16) {
            case 1: walk_group(tables, first, 1, ranks, column_bits, waiting, to); break;
            case 2: walk_group(tables, first, 2, ranks, column_bits, waiting, to); break;
            case 3: walk_group(tables, first, 3, ranks, column_bits, waiting, to); break;
            default: walk_group(tables, first, 4, ranks, column_bits, waiting, to);
            }
            if (!result) waiting = (Waiting){sums + row, to, to + count};
        }
    }
    double sum = *waiting.sum;
    for (; waiting.leaf < waiting.end; waiting.leaf++) sum += tables->leaves[*waiting.leaf];
    *waiting.sum = sum;
}

AVX512 void assay_forest_walk_sums_avx512(
    const assay_forest_walk *tables, const uint16_t *ranks, ptrdiff_t row_count, double *sums) {
    Ranks none = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    if (tables->column_bits == 5) walk(tables, none, ranks, row_count, 5, sums, NULL);
    else walk(tables, none, ranks, row_count, 6, sums, NULL);
}

AVX512 void assay_forest_walk_leaves_avx512(const assay_forest_walk *tables, const uint16_t *ranks, int32_t *result) {
    if (tables->column_bits == 5) walk(tables, load_ranks(ranks, 5), NULL, 1, 5, NULL, result);
    else walk(tables, load_ranks(ranks, 6), NULL, 1, 6, NULL, result);
}

AVX512 double assay_forest_walk_score_avx512(
    const assay_forest_ranks *ranks, const assay_forest_walk *tables, const double *row, double sum) {
    if (tables->column_bits == 5) {
        walk(tables, (Ranks){rank_register(ranks, row, 0), _mm512_setzero_si512()}, NULL, 1, 5, &sum, NULL);
    } else {
        walk(tables, (Ranks){rank_register(ranks, row, 0), rank_register(ranks, row, 32)}, NULL, 1, 6, &sum, NULL);
    }
    return sum;
}
#endif
