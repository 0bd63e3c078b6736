#include "cshap.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef double vector4 __attribute__((vector_size(32)));
typedef double vector8 __attribute__((vector_size(64)));

#define ATTRIBUTES
#define VECTOR vector4
#define LANES 4
#define SUFFIX 4
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef SUFFIX
#define VECTOR vector8
#define LANES 8
#define SUFFIX 8
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef SUFFIX
#undef ATTRIBUTES

#if defined(__x86_64__)
#define ATTRIBUTES __attribute__((target("avx2")))
#define VECTOR vector4
#define LANES 4
#define SUFFIX 4_avx2
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef SUFFIX
#define VECTOR vector8
#define LANES 8
#define SUFFIX 8_avx2
#include "cshap_kernel.h"
#undef SUFFIX
#undef ATTRIBUTES
#define ATTRIBUTES __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define SUFFIX 8_avx512
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
        && __builtin_cpu_supports("avx512bw"))
        return 2;
    if (__builtin_cpu_supports("avx2")) return 1;
#endif
    return 0;
}

enum { BLOCK = 32, COLUMNS_MAX = 32, RANK_MAX = 32766 };

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
    const int64_t count = (int64_t)plan->node_count + plan->twig_count;
    for (int64_t i = 0; i < (count + BLOCK - 1) / BLOCK * BLOCK; i++) {
        cshap_block *block = blocks + i / BLOCK;
        const int64_t place = i % BLOCK, test = i < count ? i : count - 1;
        const int32_t column = tests.columns[test], pair = tests.factors[test] / (plan->lane_count * 16);
        if (column >= COLUMNS_MAX || pair > UINT16_MAX) return 0;
        if (!pack_rank(tests.ranks[test], &block->ranks[place]) || !pack_rank(tests.lows[test], &block->lows[place])
            || !pack_rank(tests.highs[test], &block->highs[place]))
            return 0;
        block->factors[place] = (uint16_t)pair;
        // Eights 1 and 2 change places.
        const int64_t eight = place / 8;
        block->columns[(eight == 1 ? 2 : eight == 2 ? 1 : eight) * 8 + place % 8] = (uint8_t)column;
    }
    return 1;
}

static void answer_tests(const cshap_plan *plan, const int32_t *columns, cshap_answer *answers, int64_t first)
{
    const cshap_tests tests = plan->tests;
    const int64_t count = (int64_t)plan->node_count + plan->twig_count;
    const cshap_answer past = plan->lane_count * 16;
    for (int64_t i = first; i < count; i++) {
        const int32_t value = columns[tests.columns[i]];
        const int32_t is_past = (value <= tests.lows[i]) | (value > tests.highs[i]);
        answers[i] = (value > tests.ranks[i]) << 3 | (is_past ? past : tests.factors[i]);
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void answer_tests_avx2(const cshap_plan *plan, const int32_t *columns, cshap_answer *answers)
{
    const cshap_tests tests = plan->tests;
    const int64_t count = (int64_t)plan->node_count + plan->twig_count;
    const __m256i past = _mm256_set1_epi32(plan->lane_count * 16), right = _mm256_set1_epi32(8);
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
#define LOAD(array) _mm256_loadu_si256((const __m256i *)((array) + i))
        const __m256i values = _mm256_i32gather_epi32(columns, LOAD(tests.columns), 4);
        const __m256i side = _mm256_and_si256(_mm256_cmpgt_epi32(values, LOAD(tests.ranks)), right);
        const __m256i is_here = _mm256_andnot_si256(
            _mm256_cmpgt_epi32(values, LOAD(tests.highs)), _mm256_cmpgt_epi32(values, LOAD(tests.lows)));
        const __m256i factor = _mm256_blendv_epi8(past, LOAD(tests.factors), is_here);
        _mm256_storeu_si256((__m256i *)(answers + i), _mm256_or_si256(side, factor));
#undef LOAD
    }
    answer_tests(plan, columns, answers, i);
}

// Sixteen answers of ranks that lie in order.
__attribute__((target("avx2"))) static inline void answer_sixteen(
    __m256i values, const cshap_block *block, int64_t first, __m256i factor_bytes, cshap_answer *answers)
{
#define LOAD(array) _mm256_loadu_si256((const __m256i *)((array) + first))
    const __m256i side = _mm256_and_si256(_mm256_cmpgt_epi16(values, LOAD(block->ranks)), _mm256_set1_epi16(8));
    const __m256i is_here = _mm256_andnot_si256(
        _mm256_cmpgt_epi16(values, LOAD(block->highs)), _mm256_cmpgt_epi16(values, LOAD(block->lows)));
    const __m256i pair = _mm256_blendv_epi8(_mm256_set1_epi16(1), LOAD(block->factors), is_here);
#undef LOAD
#define WIDE(value, half) _mm256_cvtepu16_epi32(_mm256_extracti128_si256(value, half))
    _mm256_storeu_si256(
        (__m256i *)(answers + first), _mm256_or_si256(_mm256_mullo_epi32(WIDE(pair, 0), factor_bytes), WIDE(side, 0)));
    _mm256_storeu_si256(
        (__m256i *)(answers + first + 8), _mm256_or_si256(_mm256_mullo_epi32(WIDE(pair, 1), factor_bytes), WIDE(side, 1)));
#undef WIDE
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
    const __m256i factor_bytes = _mm256_set1_epi32(plan->lane_count * 16);
    const int64_t count = (int64_t)plan->node_count + plan->twig_count;
    for (int64_t first = 0; first < count; first += BLOCK) {
        const cshap_block *block = plan->blocks + first / BLOCK;
        const __m256i place = _mm256_loadu_si256((const __m256i *)block->columns);
        __m256i lows = _mm256_shuffle_epi8(low, place), highs = _mm256_shuffle_epi8(high, place);
        if (column_count > 16) {
            const __m256i is_second = _mm256_cmpgt_epi8(place, _mm256_set1_epi8(15));
            lows = _mm256_blendv_epi8(lows, _mm256_shuffle_epi8(low2, place), is_second);
            highs = _mm256_blendv_epi8(highs, _mm256_shuffle_epi8(high2, place), is_second);
        }
        answer_sixteen(_mm256_unpacklo_epi8(lows, highs), block, 0, factor_bytes, answers + first);
        answer_sixteen(_mm256_unpackhi_epi8(lows, highs), block, 16, factor_bytes, answers + first);
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
    const cshap_answer past = plan->lane_count * 16;
    for (int64_t i = 0; i < plan->repeat_count; i++) {
        const cshap_repeat repeat = plan->repeats[i];
        const cshap_answer earlier = answers[repeat.earlier >> 1], answer = answers[repeat.node];
        const int32_t is_past = ((earlier & ~8) == past) | ((earlier >> 3 ^ repeat.earlier) & 1);
        answers[repeat.node] = (answer & (is_past - 1)) | ((past | (answer & 8)) & -is_past);
    }
}

void cshap_add(int level, const cshap_plan *plan, const cshap_answer *answers, const cshap_scratch *scratch, double *sums)
{
#if defined(__x86_64__)
    if (level > 0) {
        if (plan->lane_count == 4) add_4_avx2(plan, answers, scratch, sums);
        else if (level > 1) add_8_avx512(plan, answers, scratch, sums);
        else add_8_avx2(plan, answers, scratch, sums);
        return;
    }
#endif
    if (plan->lane_count == 4) add_4(plan, answers, scratch, sums);
    else add_8(plan, answers, scratch, sums);
}
