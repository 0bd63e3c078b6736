// Times scoring functions of other libraries from C, the way `Ours/main.swift` times ours: calls too short for the clock by the hundred,
// 0.4 s for each figure; then one by one with the caches emptied before each.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

typedef void (*score_function)(void *context, const double *rows, long row_count, long feature_count, double *scores);

static int64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

enum { SAMPLES_MAX = 20000, COLD_SAMPLES_MAX = 200, EVICTED_WORDS = 8 << 20 };

/// Results: p1, p50, p99 warm, p50, p99 cold, in nanoseconds a row; cold is 0 for batches of more than 1,000.
void measure(
    score_function score, void *context, const double *rows, long row_count, long feature_count, long batch, double *scores,
    double *result) {
    static uint64_t *evicted;
    if (!evicted) evicted = calloc(EVICTED_WORDS, sizeof *evicted);
    double *times = malloc(SAMPLES_MAX * sizeof *times);
    long count = batch < row_count ? batch : row_count, first = 0, samples = 0;
    long per_sample = batch >= 1000 ? 1 : batch <= 10 ? 100 : 1000 / batch;
    int64_t budget = nanoseconds() + 400000000;
    while (samples < SAMPLES_MAX && nanoseconds() < budget) {
        int64_t begin = nanoseconds();
        for (long i = 0; i < per_sample; i++) {
            if (first + count > row_count) first = 0;
            score(context, rows + first * feature_count, count, feature_count, scores + first);
            first += count;
        }
        times[samples++] = (double)(nanoseconds() - begin) / (per_sample * count);
    }
    qsort(times, samples, sizeof *times, ascending);
    result[0] = times[samples / 100], result[1] = times[samples / 2], result[2] = times[samples * 99 / 100];
    result[3] = result[4] = 0;
    samples = 0;
    budget = nanoseconds() + 400000000;
    while (batch <= 1000 && samples < COLD_SAMPLES_MAX && nanoseconds() < budget) {
        for (long i = 0; i < EVICTED_WORDS; i += 8) evicted[i]++;
        if (first + count > row_count) first = 0;
        int64_t begin = nanoseconds();
        score(context, rows + first * feature_count, count, feature_count, scores + first);
        times[samples++] = (double)(nanoseconds() - begin) / count;
        first += count;
    }
    if (samples) {
        qsort(times, samples, sizeof *times, ascending);
        result[3] = times[samples / 2], result[4] = times[samples * 99 / 100];
    }
    free(times);
}

/// lleaves: `forest_root(rows, scores, first, end)`.
void score_lleaves(void *context, const double *rows, long row_count, long feature_count, double *scores) {
    (void)feature_count;
    ((void (*)(const double *, double *, int, int))context)(rows, scores, 0, (int)row_count);
}

/// tl2cgen: one row a call; its entry is a union of the value and a mark for missing ones, of the value's size.
void score_tl2cgen(void *context, const double *rows, long row_count, long feature_count, double *scores) {
    for (long row = 0; row < row_count; row++) {
        scores[row] = 0;
        ((void (*)(const double *, int, double *))context)(rows + row * feature_count, 1, scores + row);
    }
}

/// LightGBM: the prepared call for one row, the matrix call for more.
struct lightgbm {
    void *booster;
    void *fast_config;
    int (*predict_row)(void *, const void *, int64_t *, double *);
    int (*predict_matrix)(void *, const void *, int, int32_t, int32_t, int, int, int, int, const char *, int64_t *, double *);
};

void score_lightgbm(void *context, const double *rows, long row_count, long feature_count, double *scores) {
    struct lightgbm *library = context;
    int64_t length;
    if (row_count == 1) {
        library->predict_row(library->fast_config, rows, &length, scores);
    } else {
        // Float64, row-major, raw scores, all trees.
        library->predict_matrix(
            library->booster, rows, 1, (int32_t)row_count, (int32_t)feature_count, 1, 1, 0, -1, "num_threads=1", &length, scores);
    }
}
