-- Versions (models, feature sets) by content hash, and what the scorer said of every record.

CREATE SCHEMA model;

CREATE TABLE model.artifact (
    hash     bytea       PRIMARY KEY CHECK (octet_length(hash) = 32),
    kind     text        NOT NULL CHECK (kind IN ('model', 'feature_set', 'schema')),
    name     text        NOT NULL,
    content  bytea       NOT NULL,
    features text[],
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (hash = sha256(content))
);
COMMENT ON COLUMN model.artifact.features IS 'Names of the feature vector''s places, in order (models and feature sets).';

CREATE SCHEMA scoring;

CREATE TABLE scoring.score (
    event_time           timestamptz      NOT NULL,
    source_partition     integer          NOT NULL,
    source_offset        bigint           NOT NULL,
    source_time          timestamptz      NOT NULL,
    transaction_id       text             NOT NULL,
    entities             text[]           NOT NULL,
    amount_minor         bigint           NOT NULL,
    currency             text             NOT NULL,
    pass_partitions      integer[]        NOT NULL,
    pass_offsets         bigint[]         NOT NULL,
    pass_slots           integer[]        NOT NULL,
    marker               smallint         NOT NULL,
    features             double precision[] NOT NULL,
    score                double precision NOT NULL,
    decision             smallint         NOT NULL,
    reason_features      smallint[]       NOT NULL,
    reason_contributions double precision[] NOT NULL,
    model                bytea            NOT NULL,
    feature_set          bytea            NOT NULL,
    latency_micros       integer          NOT NULL,
    stored_at            timestamptz      NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (event_time);
CREATE INDEX score_entity ON scoring.score ((entities[1]), event_time);
CREATE INDEX score_alert ON scoring.score (event_time) WHERE decision > 1;
COMMENT ON TABLE scoring.score IS 'One row per scored transaction, never rewritten. Partitioned by the UTC day of the event time.';
COMMENT ON COLUMN scoring.score.pass_offsets IS 'With pass_partitions and pass_slots: where each pass and the scorer accepted the record.';
COMMENT ON COLUMN scoring.score.decision IS '1 approve, 2 review, 3 decline.';
COMMENT ON COLUMN scoring.score.reason_features IS 'Places in the feature vector (from 0) that raised the score most, at most four.';
COMMENT ON COLUMN scoring.score.reason_contributions IS 'How much each of them added to the score.';
COMMENT ON COLUMN scoring.score.latency_micros IS 'From the producer''s timestamp to the score.';

CREATE TABLE scoring.marker (
    event_time       timestamptz NOT NULL,
    topic            smallint    NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    source_time      timestamptz NOT NULL,
    transaction_id   text        NOT NULL,
    entities         text[]      NOT NULL,
    pass_partitions  integer[]   NOT NULL,
    pass_offsets     bigint[]    NOT NULL,
    pass_slots       integer[]   NOT NULL,
    marker           smallint    NOT NULL,
    feature_set      bytea       NOT NULL,
    stored_at        timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (event_time);
CREATE INDEX marker_transaction_id ON scoring.marker (transaction_id);
COMMENT ON TABLE scoring.marker IS 'One row per record that was not scored: repeats, conflicts and outcomes.';
COMMENT ON COLUMN scoring.marker.marker IS '1 duplicate, 2 conflict, 3 label folded, 4 label unmatched, 5 label repeated, 7 activation.';

CREATE TABLE scoring.activation (
    partition      integer     NOT NULL,
    message_offset bigint      NOT NULL,
    sequence       bigint      NOT NULL,
    artifact       bytea       NOT NULL,
    folded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partition, sequence)
);
COMMENT ON TABLE scoring.activation IS 'Where in each input partition of the scorer a version took effect.';

CREATE SCHEMA scaling;

CREATE TABLE scaling.decision (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    service  text        NOT NULL,
    action   text        NOT NULL,
    replicas integer     NOT NULL,
    desired  integer     NOT NULL,
    reason   text        NOT NULL,
    inputs   jsonb       NOT NULL
);
COMMENT ON TABLE scaling.decision IS 'What the autoscaler decided, when, and from which inputs. Append only.';
