// The loops, written once over vectors; cshap.c includes this with VECTOR, LANES and the function attribute of each instruction set.
// Every lane does the same operations in the same order whatever the width, and nothing is contracted, so all give the same bits.
// What a node reads lies at byte offsets worked out beforehand: the loops are short of instructions, not of memory.

#define AT(base, offset) ((VECTOR *)((char *)(base) + (offset)))
#define SIDE_OF(answer) ((int64_t)((answer) & 8))

static inline __attribute__((always_inline)) void LOOPS(
    const cshap_plan *restrict plan, const cshap_answer *restrict all_answers, const cshap_scratch *scratch, double *restrict all_sums,
    const int64_t parts)
{
#pragma STDC FP_CONTRACT OFF
    double *restrict weights = scratch->weights, *restrict expectations = scratch->expectations;
    VECTOR *restrict lefts = (VECTOR *)scratch->lefts, *restrict worths = (VECTOR *)scratch->worths;
    static const double ones_and_zeros[16] __attribute__((aligned(64))) = {[0 ... LANES - 1] = 1};
    const int64_t slot_bytes = parts * (int64_t)sizeof(VECTOR);
    const double *restrict factors = plan->factors;
    for (int32_t g = 0; g < plan->grove_count; g++) {
        const cshap_grove grove = plan->groves[g];
        const cshap_node *restrict nodes = plan->nodes + grove.node_first;
        const cshap_twig *restrict twigs = plan->twigs + grove.twig_first;
        const cshap_leaf *restrict leaves = plan->leaves + grove.leaf_first;
        const cshap_answer *restrict answers = all_answers + grove.node_first;
        const cshap_answer *restrict below = all_answers + plan->node_count + grove.twig_first;
        double *restrict sums = (double *)((char *)all_sums + grove.output * plan->sum_count * slot_bytes);
        const int64_t node_count = grove.node_count;

        // Down: how likely each node is reached.
        for (int64_t i = 0; i < grove.root_count * parts; i++) *(AT(weights, 2 * node_count * slot_bytes) + i) = (VECTOR){0} + 1.0;
        for (int64_t i = 0; i < node_count; i++) {
            const int64_t answer = answers[i], side = SIDE_OF(answer);
            const double spread = *(const double *)((const char *)nodes[i].spread + side);
            const VECTOR here = *AT(ones_and_zeros, side * (int64_t)(sizeof(VECTOR) / 8));
            const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, nodes[i].slot);
            VECTOR *child = AT(weights, 2 * i * slot_bytes);
            for (int64_t p = 0; p < parts; p++) {
                const VECTOR whole = weight[p], left = factor[p] * spread + here, near = whole * left;
                const VECTOR worth = whole * (factor[parts + p] * spread);
                lefts[i * parts + p] = left;
                worths[i * parts + p] = worth;
                child[p] = near;
                child[parts + p] = whole - near;
            }
        }
        for (int64_t i = 0; i < grove.leaf_count; i++)
            for (int64_t p = 0; p < parts; p++) AT(expectations, leaves[i].slot)[p] = (VECTOR){0} + leaves[i].value;
        for (int64_t i = 0; i < grove.twig_count; i++) {
            const int64_t answer = below[i], side = SIDE_OF(answer);
            const double value = *(const double *)((const char *)twigs[i].value + side);
            const double difference = *(const double *)((const char *)twigs[i].difference + side);
            const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, twigs[i].slot);
            VECTOR *expectation = AT(expectations, twigs[i].slot), *sum = AT(sums, twigs[i].sum);
            for (int64_t p = 0; p < parts; p++) {
                expectation[p] = value - factor[p] * difference;
                sum[p] += weight[p] * (factor[parts + p] * difference);
            }
        }
        // Up: what is expected below each node, and what knowing its feature changes.
        for (int64_t i = node_count - 1; i >= 0; i--) {
            const VECTOR *child = AT(expectations, 2 * i * slot_bytes);
            VECTOR *expectation = AT(expectations, nodes[i].slot), *sum = AT(sums, nodes[i].sum);
            for (int64_t p = 0; p < parts; p++) {
                const VECTOR difference = child[p] - child[parts + p];
                expectation[p] = child[parts + p] + lefts[i * parts + p] * difference;
                sum[p] -= worths[i * parts + p] * difference;
            }
        }
    }
}

ATTRIBUTES static void ADD(const cshap_plan *plan, const cshap_answer *answers, const cshap_scratch *scratch, double *sums)
{
    if (plan->lane_count == LANES) LOOPS(plan, answers, scratch, sums, 1);
    else LOOPS(plan, answers, scratch, sums, plan->lane_count / LANES);
}

#undef AT
#undef SIDE_OF
