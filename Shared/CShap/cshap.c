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
#endif

void cshap_answer_all(int level, const cshap_plan *plan, const int32_t *columns, cshap_answer *answers)
{
#if defined(__x86_64__)
    if (level > 0) answer_tests_avx2(plan, columns, answers);
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
