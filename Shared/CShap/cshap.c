#include "cshap.h"

typedef double vector4 __attribute__((vector_size(32)));
typedef double vector8 __attribute__((vector_size(64)));

#define ATTRIBUTES
#define VECTOR vector4
#define LANES 4
#define LOOPS loops_4
#define ADD add_4
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef LOOPS
#undef ADD
#define VECTOR vector8
#define LANES 8
#define LOOPS loops_8
#define ADD add_8
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef LOOPS
#undef ADD
#undef ATTRIBUTES

#if defined(__x86_64__)
#define ATTRIBUTES __attribute__((target("avx2")))
#define VECTOR vector4
#define LANES 4
#define LOOPS loops_4_avx2
#define ADD add_4_avx2
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef LOOPS
#undef ADD
#define VECTOR vector8
#define LANES 8
#define LOOPS loops_8_avx2
#define ADD add_8_avx2
#include "cshap_kernel.h"
#undef LOOPS
#undef ADD
#undef ATTRIBUTES
#define ATTRIBUTES __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define LOOPS loops_8_avx512
#define ADD add_8_avx512
#include "cshap_kernel.h"
#undef VECTOR
#undef LANES
#undef LOOPS
#undef ADD
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

static inline __attribute__((always_inline)) void answer_all(
    const cshap_test *tests, int64_t test_count, const int32_t *columns, cshap_answer *answers)
{
    for (int64_t i = 0; i < test_count; i++) answers[i] = columns[tests[i].column] > tests[i].rank;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void answer_all_avx2(
    const cshap_test *tests, int64_t test_count, const int32_t *columns, cshap_answer *answers)
{
    answer_all(tests, test_count, columns, answers);
}
#endif

void cshap_answer_all(
    int level, const cshap_test *tests, int64_t test_count, const cshap_repeat *repeats, int64_t repeat_count, const int32_t *columns,
    cshap_answer *answers)
{
#if defined(__x86_64__)
    if (level > 0) answer_all_avx2(tests, test_count, columns, answers);
    else
#endif
        answer_all(tests, test_count, columns, answers);
    for (int64_t i = 0; i < repeat_count; i++) {
        const cshap_answer earlier = answers[repeats[i].earlier >> 1];
        const int dead = (earlier >> 1) | ((earlier ^ repeats[i].earlier) & 1);
        answers[repeats[i].node] |= (cshap_answer)(dead << 1);
    }
}

void cshap_add(
    int level, const cshap_plan *plan, const cshap_answer *node_answers, const cshap_answer *twig_answers, double *weights,
    double *expectations, double *sums)
{
#if defined(__x86_64__)
    if (plan->lane_count == 4 && level > 0) {
        add_4_avx2(plan, node_answers, twig_answers, weights, expectations, sums);
        return;
    }
    if (plan->lane_count != 4 && level > 0) {
        if (level > 1) add_8_avx512(plan, node_answers, twig_answers, weights, expectations, sums);
        else add_8_avx2(plan, node_answers, twig_answers, weights, expectations, sums);
        return;
    }
#endif
    if (plan->lane_count == 4) add_4(plan, node_answers, twig_answers, weights, expectations, sums);
    else add_8(plan, node_answers, twig_answers, weights, expectations, sums);
}
