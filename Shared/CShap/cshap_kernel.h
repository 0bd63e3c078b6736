// The loops, written once over vectors; cshap.c includes this with VECTOR, LANES, the function attribute of each instruction set and its
// SUFFIX. Every lane does the same operations in the same order whatever the width, and nothing is contracted, so all give the same bits.
// What a node reads lies at byte offsets worked out beforehand: the loops are short of instructions, not of memory. Each loop is a function
// of its own, since together they ask for more registers than there are, and moves between them cost a quarter of the time.

#define AT(base, offset) ((VECTOR *)((char *)(base) + (offset)))
#define SIDE_OF(answer) ((int64_t)((answer) & 8))
#define PASTE(name, suffix) name##_##suffix
#define PASTE_VALUE(name, suffix) PASTE(name, suffix)
#define NAME(name) PASTE_VALUE(name, SUFFIX)
#if LANES == 4
#define IN_ALL_LANES(value) ((VECTOR){value, value, value, value})
#else
#define IN_ALL_LANES(value) ((VECTOR){value, value, value, value, value, value, value, value})
#endif
#define LOOP ATTRIBUTES static __attribute__((noinline)) void
#define BODY static inline __attribute__((always_inline)) void

// Down: how likely each node is reached.
BODY NAME(down)(
    const cshap_node *restrict nodes, int64_t node_count, const cshap_answer *restrict answers, const double *restrict factors,
    double *restrict weights, VECTOR *restrict turns, const int64_t parts)
{
#pragma STDC FP_CONTRACT OFF
    static const double ones_and_zeros[16] __attribute__((aligned(64))) = {[0 ... LANES - 1] = 1};
    for (int64_t i = 0; i < node_count; i++) {
        const int64_t answer = answers[i], side = SIDE_OF(answer);
        const double spread = *(const double *)((const char *)nodes[i].spread + side);
        const VECTOR here = *AT(ones_and_zeros, side * (int64_t)(sizeof(VECTOR) / 8));
        const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, nodes[i].slot);
        VECTOR *child = (VECTOR *)weights + 2 * i * parts, *turn = turns + 2 * i * parts;
        for (int64_t p = 0; p < parts; p++) {
            const VECTOR whole = weight[p], left = factor[p] * spread + here, near = whole * left;
            turn[p] = left;
            turn[parts + p] = whole * (factor[parts + p] * spread);
            child[p] = near;
            child[parts + p] = whole - near;
        }
    }
}

BODY NAME(twigs)(
    const cshap_twig *restrict twigs, int64_t twig_count, const cshap_answer *restrict answers, const double *restrict factors,
    const double *restrict weights, double *restrict expectations, double *restrict sums, const int64_t parts)
{
#pragma STDC FP_CONTRACT OFF
    for (int64_t i = 0; i < twig_count; i++) {
        const int64_t answer = answers[i], side = SIDE_OF(answer);
        const double value = *(const double *)((const char *)twigs[i].value + side);
        const double difference = *(const double *)((const char *)twigs[i].difference + side);
        const int64_t slot = twigs[i].slot;
        const VECTOR *factor = AT(factors, answer - side), *weight = AT(weights, slot);
        VECTOR *expectation = AT(expectations, slot), *sum = AT(sums, twigs[i].sum);
        for (int64_t p = 0; p < parts; p++) {
            expectation[p] = value - factor[p] * difference;
            sum[p] += weight[p] * (factor[parts + p] * difference);
        }
    }
}

BODY NAME(leaves)(const cshap_leaf *restrict leaves, int64_t leaf_count, double *restrict expectations, const int64_t parts)
{
    for (int64_t i = 0; i < leaf_count; i++) {
        const double value = leaves[i].value;
        for (int64_t p = 0; p < parts; p++) AT(expectations, leaves[i].slot)[p] = IN_ALL_LANES(value);
    }
}

// Up: what is expected below each node, and what knowing its feature changes.
BODY NAME(up)(
    const cshap_node *restrict nodes, int64_t node_count, const VECTOR *restrict turns, double *restrict expectations,
    double *restrict sums, const int64_t parts)
{
#pragma STDC FP_CONTRACT OFF
    for (int64_t i = node_count - 1; i >= 0; i--) {
        const VECTOR *child = (const VECTOR *)expectations + 2 * i * parts, *turn = turns + 2 * i * parts;
        VECTOR *expectation = AT(expectations, nodes[i].slot), *sum = AT(sums, nodes[i].sum);
        for (int64_t p = 0; p < parts; p++) {
            const VECTOR difference = child[p] - child[parts + p];
            expectation[p] = child[parts + p] + turn[p] * difference;
            sum[p] -= turn[parts + p] * difference;
        }
    }
}

// A vector a node where the plan's lanes are one vector, as many as it takes elsewhere.
LOOP NAME(down_one)(
    const cshap_node *nodes, int64_t count, const cshap_answer *answers, const double *factors, double *weights, VECTOR *turns)
{
    NAME(down)(nodes, count, answers, factors, weights, turns, 1);
}
LOOP NAME(down_many)(
    const cshap_node *nodes, int64_t count, const cshap_answer *answers, const double *factors, double *weights, VECTOR *turns,
    int64_t parts)
{
    NAME(down)(nodes, count, answers, factors, weights, turns, parts);
}
LOOP NAME(twigs_one)(
    const cshap_twig *twigs, int64_t count, const cshap_answer *answers, const double *factors, const double *weights,
    double *expectations, double *sums)
{
    NAME(twigs)(twigs, count, answers, factors, weights, expectations, sums, 1);
}
LOOP NAME(twigs_many)(
    const cshap_twig *twigs, int64_t count, const cshap_answer *answers, const double *factors, const double *weights,
    double *expectations, double *sums, int64_t parts)
{
    NAME(twigs)(twigs, count, answers, factors, weights, expectations, sums, parts);
}
LOOP NAME(leaves_one)(const cshap_leaf *leaves, int64_t count, double *expectations)
{
    NAME(leaves)(leaves, count, expectations, 1);
}
LOOP NAME(leaves_many)(const cshap_leaf *leaves, int64_t count, double *expectations, int64_t parts)
{
    NAME(leaves)(leaves, count, expectations, parts);
}
LOOP NAME(up_one)(const cshap_node *nodes, int64_t count, const VECTOR *turns, double *expectations, double *sums)
{
    NAME(up)(nodes, count, turns, expectations, sums, 1);
}
LOOP NAME(up_many)(const cshap_node *nodes, int64_t count, const VECTOR *turns, double *expectations, double *sums, int64_t parts)
{
    NAME(up)(nodes, count, turns, expectations, sums, parts);
}

ATTRIBUTES static void NAME(add)(
    const cshap_plan *plan, const cshap_answer *all_answers, const cshap_scratch *scratch, double *all_sums)
{
    const int64_t parts = plan->lane_count / LANES, slot_bytes = parts * (int64_t)sizeof(VECTOR);
    double *weights = scratch->weights, *expectations = scratch->expectations;
    VECTOR *turns = (VECTOR *)scratch->turns;
    for (int32_t g = 0; g < plan->grove_count; g++) {
        const cshap_grove grove = plan->groves[g];
        const cshap_node *nodes = plan->nodes + grove.node_first;
        const cshap_twig *twigs = plan->twigs + grove.twig_first;
        const cshap_leaf *leaves = plan->leaves + grove.leaf_first;
        const cshap_answer *answers = all_answers + grove.node_first;
        const cshap_answer *below = all_answers + plan->node_count + grove.twig_first;
        double *sums = (double *)((char *)all_sums + grove.output * plan->sum_count * slot_bytes);

        VECTOR *roots = AT(weights, 2 * grove.node_count * slot_bytes);
        for (int64_t i = 0; i < grove.root_count * parts; i++) roots[i] = IN_ALL_LANES(1);
        if (parts == 1) NAME(down_one)(nodes, grove.node_count, answers, plan->factors, weights, turns);
        else NAME(down_many)(nodes, grove.node_count, answers, plan->factors, weights, turns, parts);
        if (parts == 1) {
            NAME(leaves_one)(leaves, grove.leaf_count, expectations);
            NAME(twigs_one)(twigs, grove.twig_count, below, plan->factors, weights, expectations, sums);
            NAME(up_one)(nodes, grove.node_count, turns, expectations, sums);
        } else {
            NAME(leaves_many)(leaves, grove.leaf_count, expectations, parts);
            NAME(twigs_many)(twigs, grove.twig_count, below, plan->factors, weights, expectations, sums, parts);
            NAME(up_many)(nodes, grove.node_count, turns, expectations, sums, parts);
        }
    }
}

#undef AT
#undef SIDE_OF
#undef PASTE
#undef PASTE_VALUE
#undef NAME
#undef LOOP
#undef BODY
#undef IN_ALL_LANES
