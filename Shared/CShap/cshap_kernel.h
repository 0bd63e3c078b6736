// The loops, written once over vectors; cshap.c includes this with VECTOR, LANES and the function attribute of each instruction set.
// Every lane does the same operations in the same order whatever the width, and nothing is contracted, so all give the same bits.
// What a node reads lies at byte offsets worked out beforehand: the loops are short of instructions, not of memory.

#define AT(base, offset) ((VECTOR *)((char *)(base) + (offset)))
#define SIDE_OF(answer) ((int64_t)((answer) & 32))

static inline __attribute__((always_inline)) void LOOPS(
    const cshap_plan *restrict plan, const cshap_answer *restrict all_answers, double *restrict weights, double *restrict expectations,
    double *restrict all_sums, const int64_t parts)
{
#pragma STDC FP_CONTRACT OFF
    const int64_t slot_bytes = parts * (int64_t)sizeof(VECTOR);
    const double *restrict factors = plan->factors;
    for (int32_t g = 0; g < plan->grove_count; g++) {
        const cshap_grove grove = plan->groves[g];
        const char *restrict nodes = (const char *)(plan->nodes + grove.node_first);
        const char *restrict twigs = (const char *)(plan->twigs + grove.twig_first);
        const cshap_leaf *restrict leaves = plan->leaves + grove.leaf_first;
        const cshap_answer *restrict answers = all_answers + grove.node_first;
        const cshap_answer *restrict below = all_answers + plan->node_count + grove.twig_first;
        double *restrict sums = (double *)((char *)all_sums + grove.output * plan->feature_count * slot_bytes);
        const int64_t node_count = grove.node_count;

        // Down: how likely each node is reached.
        for (int64_t i = 0; i < grove.root_count * parts; i++) *(AT(weights, 2 * node_count * slot_bytes) + i) = (VECTOR){0} + 1.0;
        for (int64_t i = 0; i < node_count; i++) {
            const int64_t answer = answers[i], side = SIDE_OF(answer);
            const cshap_node *node = (const cshap_node *)(nodes + i * 64);
            const double share = *(const double *)(nodes + i * 64 + side);
            const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, node->side[0].slot);
            const int64_t near_slot = 2 * i * slot_bytes + side * (slot_bytes / 32);
            VECTOR *near = AT(weights, near_slot), *far = AT(weights, near_slot ^ slot_bytes);
            for (int64_t p = 0; p < parts; p++) {
                const VECTOR whole = weight[p];
                const VECTOR other = whole * (factor[p] * share);
                near[p] = whole - other;
                far[p] = other;
            }
        }
        for (int64_t i = 0; i < grove.leaf_count; i++)
            for (int64_t p = 0; p < parts; p++) AT(expectations, leaves[i].slot)[p] = (VECTOR){0} + leaves[i].value;
        for (int64_t i = 0; i < grove.twig_count; i++) {
            const int64_t answer = below[i], side = SIDE_OF(answer);
            const cshap_twig *twig = (const cshap_twig *)(twigs + i * 64);
            const double value = *(const double *)(twigs + i * 64 + side);
            const double difference = *(const double *)(twigs + i * 64 + side + 8);
            const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, twig->side[0].slot);
            VECTOR *expectation = AT(expectations, twig->side[0].slot), *sum = AT(sums, twig->side[0].sum);
            for (int64_t p = 0; p < parts; p++) {
                expectation[p] = value - factor[p] * difference;
                sum[p] += weight[p] * (factor[parts + p] * difference);
            }
        }
        // Up: what is expected below each node, and what knowing its feature changes.
        for (int64_t i = node_count - 1; i >= 0; i--) {
            const int64_t answer = answers[i], side = SIDE_OF(answer);
            const cshap_node *node = (const cshap_node *)(nodes + i * 64);
            const double share = *(const double *)(nodes + i * 64 + side);
            const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, node->side[0].slot);
            const int64_t near_slot = 2 * i * slot_bytes + side * (slot_bytes / 32);
            const VECTOR *near = AT(expectations, near_slot), *far = AT(expectations, near_slot ^ slot_bytes);
            VECTOR *expectation = AT(expectations, node->side[0].slot), *sum = AT(sums, node->side[0].sum);
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
    if (plan->lane_count == LANES) LOOPS(plan, answers, weights, expectations, sums, 1);
    else LOOPS(plan, answers, weights, expectations, sums, plan->lane_count / LANES);
}

#undef AT
#undef SIDE_OF
