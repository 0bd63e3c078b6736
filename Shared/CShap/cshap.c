#include "cshap.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors are passed between functions of this file alone, all of which are inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef double vector4 __attribute__((vector_size(32)));
typedef double vector8 __attribute__((vector_size(64)));

#define ATTRIBUTES
#define VECTOR vector4
#define LANES 4
#define SUFFIX portable
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef SUFFIX
#undef ATTRIBUTES

#if defined(__x86_64__)
#define ATTRIBUTES __attribute__((target("avx2,fma")))
#define VECTOR vector4
#define LANES 4
#define SUFFIX avx2
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef SUFFIX
#undef ATTRIBUTES
#define ATTRIBUTES __attribute__((target("fma,avx512f,avx512vl,avx512dq,avx512bw")))
#define VECTOR vector8
#define LANES 8
#define SUFFIX avx512
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef SUFFIX
#undef ATTRIBUTES
#endif

int cshap_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
    return 0;
}

int32_t cshap_rank(const double *thresholds, int64_t count, double value)
{
    // The answer lies in base...base + length.
    int64_t base = 0, length = count;
    while (length > 0) {
        const int64_t half = (length + 1) / 2;
        int64_t is_less = -(int64_t)(thresholds[base + half - 1] < value);
        // What a compiler does not see through it does not turn into a branch, which would be guessed wrongly every other time.
        __asm__("" : "+r"(is_less));
        base += half & is_less;
        length = length - half;
    }
    return (int32_t)base;
}

enum { BLOCK = 32, COLUMNS_MAX = 32, RANK_MAX = 32766, RIGHT = 8, PAST = 16 };

// A rank that may be open to one side, which becomes the least or the greatest number.
static _Bool pack_rank(int32_t rank, int16_t *packed)
{
    if (rank == INT32_MIN) *packed = INT16_MIN;
    else if (rank == INT32_MAX) *packed = INT16_MAX;
    else if (rank < 0 || rank > RANK_MAX) return 0;
    else *packed = (int16_t)rank;
    return 1;
}

_Bool cshap_pack(const cshap_plan *plan, cshap_block *blocks)
{
    const cshap_tests tests = plan->tests;
    const int64_t count = plan->node_count;
    for (int64_t i = 0; i < (count + BLOCK - 1) / BLOCK * BLOCK; i++) {
        cshap_block *block = blocks + i / BLOCK;
        const int64_t place = i % BLOCK, test = i < count ? i : count - 1;
        const int32_t column = tests.columns[test];
        if (column >= COLUMNS_MAX) return 0;
        if (!pack_rank(tests.ranks[test], &block->ranks[place]) || !pack_rank(tests.lows[test], &block->lows[place])
            || !pack_rank(tests.highs[test], &block->highs[place]))
            return 0;
        // Eights 1 and 2 change places.
        const int64_t eight = place / 8;
        block->columns[(eight == 1 ? 2 : eight == 2 ? 1 : eight) * 8 + place % 8] = (uint8_t)column;
    }
    return 1;
}

static void answer_tests(const cshap_plan *plan, const int32_t *columns, cshap_answer *answers, int64_t first)
{
    const cshap_tests tests = plan->tests;
    for (int64_t i = first; i < plan->node_count; i++) {
        const int32_t value = columns[tests.columns[i]];
        const int32_t is_past = (value <= tests.lows[i]) | (value > tests.highs[i]);
        answers[i] = is_past ? PAST : value > tests.ranks[i] ? RIGHT : 0;
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void answer_tests_avx2(const cshap_plan *plan, const int32_t *columns, cshap_answer *answers)
{
    const cshap_tests tests = plan->tests;
    const __m256i past = _mm256_set1_epi32(PAST), right = _mm256_set1_epi32(RIGHT);
    int64_t i = 0;
    for (; i + 8 <= plan->node_count; i += 8) {
#define LOAD(array) _mm256_loadu_si256((const __m256i *)((array) + i))
        const __m256i values = _mm256_i32gather_epi32(columns, LOAD(tests.columns), 4);
        const __m256i side = _mm256_and_si256(_mm256_cmpgt_epi32(values, LOAD(tests.ranks)), right);
        const __m256i is_here = _mm256_andnot_si256(
            _mm256_cmpgt_epi32(values, LOAD(tests.highs)), _mm256_cmpgt_epi32(values, LOAD(tests.lows)));
#undef LOAD
        const __m256i eight = _mm256_blendv_epi8(past, side, is_here);
        const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
        _mm_storel_epi64((__m128i *)(answers + i), _mm_packus_epi16(words, words));
    }
    answer_tests(plan, columns, answers, i);
}

// Sixteen answers of ranks that lie in order.
__attribute__((target("avx2"))) static inline __m256i answer_sixteen(__m256i values, const cshap_block *block, int64_t first)
{
#define LOAD(array) _mm256_loadu_si256((const __m256i *)((array) + first))
    const __m256i side = _mm256_and_si256(_mm256_cmpgt_epi16(values, LOAD(block->ranks)), _mm256_set1_epi16(RIGHT));
    const __m256i is_here = _mm256_andnot_si256(
        _mm256_cmpgt_epi16(values, LOAD(block->highs)), _mm256_cmpgt_epi16(values, LOAD(block->lows)));
#undef LOAD
    return _mm256_blendv_epi8(_mm256_set1_epi16(PAST), side, is_here);
}

__attribute__((target("avx2"))) static void answer_blocks_avx2(
    const cshap_plan *plan, const int32_t *columns, int32_t column_count, cshap_answer *answers)
{
    // Low and high bytes of all ranks; what is above every rank that is asked for may as well be the next one.
    uint8_t bytes[2][COLUMNS_MAX] = {{0}};
    for (int32_t column = 0; column < column_count && column < COLUMNS_MAX; column++) {
        const int32_t value = columns[column] > RANK_MAX ? RANK_MAX + 1 : columns[column];
        bytes[0][column] = (uint8_t)value;
        bytes[1][column] = (uint8_t)(value >> 8);
    }
#define TABLE(byte, first) _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(bytes[byte] + first)))
    const __m256i low = TABLE(0, 0), high = TABLE(1, 0), low2 = TABLE(0, 16), high2 = TABLE(1, 16);
#undef TABLE
    for (int64_t first = 0; first < plan->node_count; first += BLOCK) {
        const cshap_block *block = plan->blocks + first / BLOCK;
        const __m256i place = _mm256_loadu_si256((const __m256i *)block->columns);
        __m256i lows = _mm256_shuffle_epi8(low, place), highs = _mm256_shuffle_epi8(high, place);
        if (column_count > 16) {
            const __m256i is_second = _mm256_cmpgt_epi8(place, _mm256_set1_epi8(15));
            lows = _mm256_blendv_epi8(lows, _mm256_shuffle_epi8(low2, place), is_second);
            highs = _mm256_blendv_epi8(highs, _mm256_shuffle_epi8(high2, place), is_second);
        }
        // Narrowing works by halves of a register, so the middle quarters change places.
        const __m256i narrow = _mm256_packus_epi16(
            answer_sixteen(_mm256_unpacklo_epi8(lows, highs), block, 0), answer_sixteen(_mm256_unpackhi_epi8(lows, highs), block, 16));
        _mm256_storeu_si256((__m256i *)(answers + first), _mm256_permute4x64_epi64(narrow, 0xd8));
    }
}
#endif

void cshap_answer_all(int level, const cshap_plan *plan, const int32_t *columns, int32_t column_count, cshap_answer *answers)
{
#if defined(__x86_64__)
    if (level > 0 && plan->blocks) answer_blocks_avx2(plan, columns, column_count, answers);
    else if (level > 0) answer_tests_avx2(plan, columns, answers);
    else
#endif
        answer_tests(plan, columns, answers, 0);
    for (int64_t i = 0; i < plan->repeat_count; i++) {
        const cshap_repeat repeat = plan->repeats[i];
        const cshap_answer earlier = answers[repeat.earlier >> 1];
        if (earlier == PAST || (earlier == RIGHT) != (repeat.earlier & 1)) answers[repeat.node] = PAST;
    }
}

void cshap_add(
    int level, const cshap_plan *plan, const cshap_answer *answers, const cshap_scratch *scratch, int64_t outputs, double *contributions)
{
#if defined(__x86_64__)
    if (level > 1 && plan->lane_count > 4) {
        add_avx512(plan, answers, scratch, outputs, contributions);
        return;
    }
    if (level > 0) {
        add_avx2(plan, answers, scratch, outputs, contributions);
        return;
    }
#endif
    add_portable(plan, answers, scratch, outputs, contributions);
}
