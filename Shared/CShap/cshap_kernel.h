// The loops, written once over vectors; cshap.c includes this with VECTOR, LANES and the function attribute of each instruction set.
// Every lane does the same operations in the same order whatever the width, and nothing is contracted, so all give the same bits.

static inline __attribute__((always_inline)) void LOOPS(
    const cshap_plan *restrict plan, const cshap_answer *restrict all_answers, VECTOR *restrict weights, VECTOR *restrict expectations,
    VECTOR *restrict all_sums, const int64_t parts)
{
#pragma STDC FP_CONTRACT OFF
    const VECTOR *restrict factors = (const VECTOR *)plan->factors;
    for (int32_t g = 0; g < plan->grove_count; g++) {
        const cshap_grove grove = plan->groves[g];
        const cshap_node *restrict nodes = plan->nodes + grove.node_first;
        const cshap_twig *restrict twigs = plan->twigs + grove.twig_first;
        const cshap_leaf *restrict leaves = plan->leaves + grove.leaf_first;
        const cshap_answer *restrict answers = all_answers + grove.node_first;
        const cshap_answer *restrict below = all_answers + plan->node_count + grove.twig_first;
        VECTOR *restrict sums = all_sums + (int64_t)grove.output * plan->feature_count * parts;
        const int64_t node_count = grove.node_count;

        // Down: how likely each node is reached.
        for (int64_t i = 0; i < grove.root_count * parts; i++) weights[2 * node_count * parts + i] = (VECTOR){0} + 1.0;
        for (int64_t i = 0; i < node_count; i++) {
            const int64_t answer = answers[i], side = answer & 1, pair = answer & ~1;
            const double share = nodes[i].other_share[side];
            const VECTOR *restrict weight = weights + nodes[i].slot * parts;
            const VECTOR *restrict factor = factors + pair * parts;
            VECTOR *near = weights + (2 * i + side) * parts, *far = weights + (2 * i + (side ^ 1)) * parts;
            for (int64_t p = 0; p < parts; p++) {
                const VECTOR other = weight[p] * (factor[p] * share);
                near[p] = weight[p] - other;
                far[p] = other;
            }
        }
        for (int64_t i = 0; i < grove.leaf_count; i++)
            for (int64_t p = 0; p < parts; p++) expectations[leaves[i].slot * parts + p] = (VECTOR){0} + leaves[i].value;
        for (int64_t i = 0; i < grove.twig_count; i++) {
            const int64_t answer = below[i], side = answer & 1, pair = answer & ~1;
            const double value = twigs[i].value[side];
            const double difference = twigs[i].difference[side];
            const VECTOR *restrict weight = weights + twigs[i].slot * parts;
            const VECTOR *restrict factor = factors + pair * parts;
            VECTOR *restrict expectation = expectations + twigs[i].slot * parts;
            VECTOR *restrict sum = sums + twigs[i].feature * parts;
            for (int64_t p = 0; p < parts; p++) {
                expectation[p] = value - factor[p] * difference;
                sum[p] += weight[p] * (factor[parts + p] * difference);
            }
        }
        // Up: what is expected below each node, and what knowing its feature changes.
        for (int64_t i = node_count - 1; i >= 0; i--) {
            const int64_t answer = answers[i], side = answer & 1, pair = answer & ~1;
            const double share = nodes[i].other_share[side];
            const VECTOR *restrict weight = weights + nodes[i].slot * parts;
            const VECTOR *restrict factor = factors + pair * parts;
            const VECTOR *near = expectations + (2 * i + side) * parts, *far = expectations + (2 * i + (side ^ 1)) * parts;
            VECTOR *expectation = expectations + nodes[i].slot * parts;
            VECTOR *restrict sum = sums + nodes[i].feature * parts;
            for (int64_t p = 0; p < parts; p++) {
                const VECTOR difference = (near[p] - far[p]) * share;
                expectation[p] = near[p] - factor[p] * difference;
                sum[p] += weight[p] * (factor[parts + p] * difference);
            }
        }
    }
}

ATTRIBUTES static void ADD(
    const cshap_plan *plan, const cshap_answer *answers, double *weights, double *expectations, double *sums)
{
    VECTOR *w = (VECTOR *)weights, *e = (VECTOR *)expectations, *s = (VECTOR *)sums;
    if (plan->lane_count == LANES) LOOPS(plan, answers, w, e, s, 1);
    else LOOPS(plan, answers, w, e, s, plan->lane_count / LANES);
}
