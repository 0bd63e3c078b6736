// The loops, written once over vectors; cshap.c includes this with VECTOR, LANES and the function attribute of each instruction set.
// Every lane does the same operations in the same order whatever the width, and nothing is contracted, so all give the same bits.
#pragma STDC FP_CONTRACT OFF

static inline __attribute__((always_inline)) void LOOPS(
    const cshap_plan *plan, const cshap_answer *node_answers, const cshap_answer *twig_answers, VECTOR *weights,
    VECTOR *expectations, VECTOR *sums, const int parts)
{
    const VECTOR *factors = (const VECTOR *)plan->factors;
    for (int32_t t = 0; t < plan->tree_count; t++) {
        const cshap_tree *tree = &plan->trees[t];
        const cshap_node *nodes = plan->nodes + tree->node_first;
        const cshap_twig *twigs = plan->twigs + tree->twig_first;
        const cshap_leaf *leaves = plan->leaves + tree->leaf_first;
        const cshap_answer *answers = node_answers + tree->node_first;
        const cshap_answer *below = twig_answers + tree->twig_first;
        VECTOR *sum = sums + (int64_t)tree->output * plan->feature_count * parts;

        // Down: how likely each node is reached.
        for (int p = 0; p < parts; p++) weights[tree->root_slot * parts + p] = (VECTOR){0} + 1.0;
        for (int32_t i = 0; i < tree->node_count; i++) {
            const int side = answers[i] & 1;
            const int32_t factor = answers[i] & 2 ? 1 : nodes[i].factor;
            const double share = nodes[i].other_share[side];
            for (int p = 0; p < parts; p++) {
                const VECTOR weight = weights[nodes[i].slot * parts + p];
                const VECTOR other = weight * (factors[2 * factor * parts + p] * share);
                weights[(2 * i + side) * parts + p] = weight - other;
                weights[(2 * i + (side ^ 1)) * parts + p] = other;
            }
        }
        for (int32_t i = 0; i < tree->leaf_count; i++)
            for (int p = 0; p < parts; p++) expectations[leaves[i].slot * parts + p] = (VECTOR){0} + leaves[i].value;
        for (int32_t i = 0; i < tree->twig_count; i++) {
            const int side = below[i] & 1;
            const int32_t factor = below[i] & 2 ? 1 : twigs[i].factor;
            const double value = twigs[i].value[side];
            const double difference = twigs[i].difference[side];
            for (int p = 0; p < parts; p++) {
                expectations[twigs[i].slot * parts + p] = value - factors[2 * factor * parts + p] * difference;
                sum[twigs[i].feature * parts + p] +=
                    weights[twigs[i].slot * parts + p] * factors[(2 * factor + 1) * parts + p] * difference;
            }
        }
        // Up: what is expected below each node, and what knowing its feature changes.
        for (int32_t i = tree->node_count - 1; i >= 0; i--) {
            const int side = answers[i] & 1;
            const int32_t factor = answers[i] & 2 ? 1 : nodes[i].factor;
            const double share = nodes[i].other_share[side];
            for (int p = 0; p < parts; p++) {
                const VECTOR near = expectations[(2 * i + side) * parts + p];
                const VECTOR difference = (near - expectations[(2 * i + (side ^ 1)) * parts + p]) * share;
                expectations[nodes[i].slot * parts + p] = near - factors[2 * factor * parts + p] * difference;
                sum[nodes[i].feature * parts + p] +=
                    weights[nodes[i].slot * parts + p] * factors[(2 * factor + 1) * parts + p] * difference;
            }
        }
    }
}

ATTRIBUTES static void ADD(
    const cshap_plan *plan, const cshap_answer *node_answers, const cshap_answer *twig_answers, double *weights, double *expectations,
    double *sums)
{
    VECTOR *w = (VECTOR *)weights, *e = (VECTOR *)expectations, *s = (VECTOR *)sums;
    if (plan->lane_count == LANES) LOOPS(plan, node_answers, twig_answers, w, e, s, 1);
    else LOOPS(plan, node_answers, twig_answers, w, e, s, plan->lane_count / LANES);
}
