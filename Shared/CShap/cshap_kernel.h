// The loops, written once over vectors; cshap.c includes this with VECTOR, LANES, the function attribute of each instruction set and its
// SUFFIX. Every lane does the same operations in the same order whatever the width: multiplications whose product is only added to are
// fused everywhere, others nowhere, so all give the same bits. Each loop is a function of its own, since together they ask for more
// registers than there are, and moves between them cost a quarter of the time.

#pragma STDC FP_CONTRACT OFF
#define PASTE(name, suffix) name##_##suffix
#define PASTE_VALUE(name, suffix) PASTE(name, suffix)
#define NAME(name) PASTE_VALUE(name, SUFFIX)
#define INLINE ATTRIBUTES static inline __attribute__((always_inline))
#define LOOP ATTRIBUTES static __attribute__((noinline)) void
#define AT(base, offset) ((VECTOR *)((char *)(base) + (offset)))
#define FACTOR(offset) ((const VECTOR *)((const char *)factors + (offset)))
#define CHANGE(node, answer) (*(const double *)((const char *)(node)->change + (answer)))
#if LANES == 4
#define ALL(value) ((VECTOR){value, value, value, value})
#else
#define ALL(value) ((VECTOR){value, value, value, value, value, value, value, value})
#endif
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)

INLINE void NAME(set)(VECTOR *vectors, int64_t count, double value)
{
    for (int64_t i = 0; i < count; i++) vectors[i] = ALL(value);
}

// What the walks of a grove read and write. A slot, like a sum, holds `parts` vectors.
typedef struct {
    const cshap_plan *plan;
    const cshap_answer *answers;
    double *weights, *expectations, *sums;
    // By node its probability to go to its first child, then its worth.
    VECTOR *turns;
} NAME(room);

// Down: how likely each node is reached.
INLINE void NAME(down)(const NAME(room) *room, const cshap_range range, const int64_t parts)
{
    const cshap_node *restrict nodes = room->plan->nodes + range.first;
    const int32_t *restrict slots = room->plan->slots + range.first;
    const cshap_answer *restrict answers = room->answers + range.first;
    const double *restrict factors = room->plan->factors;
    double *restrict weights = room->weights;
    VECTOR *restrict turns = room->turns;
    for (int64_t i = 0; i < range.count; i++) {
        const cshap_node *node = nodes + i;
        const double change = CHANGE(node, answers[i]), base = node->base;
        const VECTOR *known = FACTOR(node->factor), *slope = known + parts, *weight = AT(weights, slots[i]);
        VECTOR *child = (VECTOR *)weights + 2 * i * parts, *turn = turns + 2 * i * parts;
        for (int64_t p = 0; p < parts; p++) {
            const VECTOR whole = weight[p], first = MULTIPLY_ADD(known[p], ALL(change), ALL(base)), near = whole * first;
            turn[p] = first;
            turn[parts + p] = whole * (slope[p] * change);
            child[p] = near;
            child[parts + p] = whole - near;
        }
    }
}

INLINE void NAME(leaves)(const NAME(room) *room, const cshap_range range, const int64_t parts)
{
    const cshap_leaf *leaves = room->plan->leaves + range.first;
    for (int64_t i = 0; i < range.count; i++) NAME(set)(AT(room->expectations, leaves[i].slot), parts, leaves[i].value);
}

// Up: what is expected below each node, and what knowing its feature changes.
INLINE void NAME(up)(const NAME(room) *room, const cshap_range range, const int64_t parts)
{
    const cshap_node *restrict nodes = room->plan->nodes + range.first;
    const int32_t *restrict slots = room->plan->slots + range.first;
    const VECTOR *restrict turns = room->turns;
    double *restrict expectations = room->expectations, *restrict sums = room->sums;
    for (int64_t i = range.count - 1; i >= 0; i--) {
        const VECTOR *child = (const VECTOR *)expectations + 2 * i * parts, *turn = turns + 2 * i * parts;
        VECTOR *expectation = AT(expectations, slots[i]), *sum = AT(sums, nodes[i].sum);
        for (int64_t p = 0; p < parts; p++) {
            const VECTOR second = child[parts + p], difference = child[p] - second;
            expectation[p] = MULTIPLY_ADD(turn[p], difference, second);
            sum[p] = MULTIPLY_ADD(turn[parts + p], difference, sum[p]);
        }
    }
}

// A small subtree, of which part p of the lanes is walked.
typedef struct {
    const cshap_node *nodes;
    const double *values;
    const cshap_answer *answers;
    const double *factors;
    double *sums;
    int64_t parts, p;
} NAME(place);

// Down and up again: what is expected below the node. The second child's nodes and values lie behind the first one's.
#define SUBTREE(LETTERS) \
    INLINE VECTOR NAME(subtree_##LETTERS)(const NAME(place) place, const int64_t node, const int64_t value, const VECTOR whole)
#define HERE \
    const cshap_node *here = place.nodes + node; \
    const double *factors = place.factors; \
    const double change = CHANGE(here, place.answers[node]); \
    const VECTOR *factor = FACTOR(here->factor) + place.p; \
    VECTOR *sum = AT(place.sums, here->sum) + place.p;
#define JOIN(LETTERS, FIRST, FIRST_NODES, FIRST_VALUES, SECOND) \
    SUBTREE(LETTERS) \
    { \
        HERE \
        const VECTOR turn = MULTIPLY_ADD(factor[0], ALL(change), ALL(here->base)), near = whole * turn; \
        const VECTOR first = NAME(subtree_##FIRST)(place, node + 1, value, near); \
        const VECTOR second = NAME(subtree_##SECOND)(place, node + 1 + FIRST_NODES, value + FIRST_VALUES, whole - near); \
        const VECTOR difference = first - second; \
        *sum = MULTIPLY_ADD(whole * (factor[place.parts] * change), difference, *sum); \
        return MULTIPLY_ADD(turn, difference, second); \
    }

SUBTREE(L)
{
    return ALL(place.values[value]);
}
SUBTREE(T)
{
    HERE
    *sum = MULTIPLY_ADD(whole, factor[place.parts] * change, *sum);
    return MULTIPLY_ADD(factor[0], ALL(change), ALL(here->base));
}
JOIN(H, T, 1, 0, L)
JOIN(F, T, 1, 0, T)
JOIN(HL, H, 2, 1, L)
JOIN(FL, F, 3, 0, L)
JOIN(HT, H, 2, 1, T)
JOIN(FT, F, 3, 0, T)
JOIN(HH, H, 2, 1, H)
JOIN(FH, F, 3, 0, H)
JOIN(FF, F, 3, 0, F)
#undef SUBTREE
#undef HERE
#undef JOIN

#define SHAPE(LETTERS, NODES, VALUES) \
    INLINE void NAME(all_##LETTERS)(const NAME(room) *room, const cshap_range range, const int64_t parts) \
    { \
        const cshap_plan *plan = room->plan; \
        const int64_t first = plan->shape_nodes[cshap_##LETTERS] + (int64_t)range.first * NODES; \
        const int32_t *slots = plan->slots + plan->shape_slots[cshap_##LETTERS] + range.first; \
        const double *weights = room->weights; \
        double *expectations = room->expectations; \
        NAME(place) place = {.nodes = plan->nodes + first, .answers = room->answers + first, .factors = plan->factors}; \
        place.values = plan->values + plan->shape_values[cshap_##LETTERS] + (int64_t)range.first * VALUES; \
        place.sums = room->sums; \
        place.parts = parts; \
        for (int64_t i = 0; i < range.count; i++) { \
            for (place.p = 0; place.p < parts; place.p++) \
                AT(expectations, slots[i])[place.p] = NAME(subtree_##LETTERS)(place, 0, 0, AT(weights, slots[i])[place.p]); \
            place.nodes += NODES; \
            place.values += VALUES; \
            place.answers += NODES; \
        } \
    }
CSHAP_SHAPES(SHAPE)
#undef SHAPE

// With one part, which is known to the compiler then, and with as many as it takes elsewhere.
#define TWICE(WALK) \
    LOOP NAME(WALK##_one)(const NAME(room) *room, cshap_range range) { NAME(WALK)(room, range, 1); } \
    LOOP NAME(WALK##_many)(const NAME(room) *room, cshap_range range, int64_t parts) { NAME(WALK)(room, range, parts); }
#define SHAPE(LETTERS, NODES, VALUES) TWICE(all_##LETTERS)
TWICE(down)
TWICE(leaves)
TWICE(up)
CSHAP_SHAPES(SHAPE)
#undef SHAPE
#undef TWICE

// The integrals: of each feature's sums, lane by lane in order.
ATTRIBUTES static void NAME(integrate)(const cshap_plan *plan, const double *all_sums, int64_t count, double *contributions)
{
    const int64_t parts = plan->lane_count / LANES;
    const VECTOR *sums = (const VECTOR *)all_sums, *points = (const VECTOR *)plan->points;
    for (int64_t i = 0; i < count; i++) {
        double integral = 0;
        for (int64_t p = 0; p < parts; p++) {
            VECTOR sum = sums[p];
            for (int64_t bank = 1; bank < plan->bank_count; bank++) sum += sums[bank * parts + p];
            sum *= points[p];
            for (int lane = 0; lane < LANES; lane++) integral += sum[lane];
        }
        contributions[i] += integral;
        sums += plan->bank_count * parts;
    }
}

ATTRIBUTES static void NAME(add)(
    const cshap_plan *plan, const cshap_answer *answers, const cshap_scratch *scratch, int64_t outputs, double *contributions)
{
    const int64_t parts = plan->lane_count / LANES, slot_bytes = plan->lane_count * (int64_t)sizeof(double);
    NAME(room) room = {plan, answers, scratch->weights, scratch->expectations, scratch->sums, (VECTOR *)scratch->turns};
    NAME(set)((VECTOR *)scratch->sums, outputs * plan->sum_count * parts, 0);
    for (int32_t g = 0; g < plan->grove_count; g++) {
        const cshap_grove *grove = plan->groves + g;
        room.sums = (double *)AT(scratch->sums, grove->output * plan->sum_count * slot_bytes);
        NAME(set)(AT(room.weights, 2 * grove->nodes.count * slot_bytes), grove->root_count * parts, 1);
        if (parts == 1) {
#define SHAPE(LETTERS, NODES, VALUES) NAME(all_##LETTERS##_one)(&room, grove->shapes[cshap_##LETTERS]);
            NAME(down_one)(&room, grove->nodes);
            NAME(leaves_one)(&room, grove->leaves);
            CSHAP_SHAPES(SHAPE)
            NAME(up_one)(&room, grove->nodes);
#undef SHAPE
        } else {
#define SHAPE(LETTERS, NODES, VALUES) NAME(all_##LETTERS##_many)(&room, grove->shapes[cshap_##LETTERS], parts);
            NAME(down_many)(&room, grove->nodes, parts);
            NAME(leaves_many)(&room, grove->leaves, parts);
            CSHAP_SHAPES(SHAPE)
            NAME(up_many)(&room, grove->nodes, parts);
#undef SHAPE
        }
    }
    NAME(integrate)(plan, scratch->sums, outputs * plan->sum_count / plan->bank_count, contributions);
}

#undef PASTE
#undef PASTE_VALUE
#undef NAME
#undef INLINE
#undef LOOP
#undef AT
#undef FACTOR
#undef CHANGE
#undef ALL
#undef MULTIPLY_ADD
