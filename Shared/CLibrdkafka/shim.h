#ifndef ASSAY_CLIBRDKAFKA_SHIM_H
#define ASSAY_CLIBRDKAFKA_SHIM_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* rd_kafka_producev takes a variable argument list, which Swift cannot call. Key and value are copied; a null value is a
 * null record, an empty one must come with a pointer. Takes the headers over when it answers 0, else they stay the caller's. */
static inline rd_kafka_resp_err_t shim_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
                                               const void *key, size_t key_length, const void *value, size_t value_length,
                                               rd_kafka_headers_t *headers, int64_t timestamp_ms, void *opaque) {
    if (headers)
        return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_length),
                                 RD_KAFKA_V_VALUE((void *)value, value_length), RD_KAFKA_V_HEADERS(headers),
                                 RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_length),
                             RD_KAFKA_V_VALUE((void *)value, value_length), RD_KAFKA_V_TIMESTAMP(timestamp_ms),
                             RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
}

#endif
