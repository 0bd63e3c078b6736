-- What every stage shares: progress with its lease, replicas, snapshots, activations, digests and incidents.
-- docs/architecture.md, "The commit protocol", says how each column is used.

CREATE SCHEMA pipeline;

CREATE TABLE pipeline.progress (
    stage        text        NOT NULL,
    partition    integer     NOT NULL,
    topic        text        NOT NULL,
    cluster_id   text        NOT NULL,
    next_offset  bigint      NOT NULL,
    epoch        bigint      NOT NULL DEFAULT 0,
    lease        uuid,
    owner        text,
    deadline     timestamptz,
    lanes        bytea       NOT NULL DEFAULT '',
    chain        bytea       NOT NULL DEFAULT decode(repeat('00', 16), 'hex'),
    accepted     bigint      NOT NULL DEFAULT 0,
    repeated     bigint      NOT NULL DEFAULT 0,
    active       bytea,
    source_time  timestamptz,
    committed_at timestamptz,
    PRIMARY KEY (stage, partition),
    CHECK (next_offset >= 0),
    CHECK (octet_length(chain) = 16)
) WITH (fillfactor = 50);
COMMENT ON TABLE pipeline.progress IS 'One row per stage and input partition: the commit point of the suite.';
COMMENT ON COLUMN pipeline.progress.next_offset IS 'First offset of the input partition whose outputs are not committed yet.';
COMMENT ON COLUMN pipeline.progress.lease IS 'Random name of the ownership in force; a commit must carry it.';
COMMENT ON COLUMN pipeline.progress.owner IS 'Replica that holds, or last held, the lease.';
COMMENT ON COLUMN pipeline.progress.lanes IS 'Next sequence number of every lane that comes in and of every lane that goes out.';
COMMENT ON COLUMN pipeline.progress.chain IS 'Hash chain over accepted records: H(chain, lane, sequence, output).';
COMMENT ON COLUMN pipeline.progress.accepted IS 'Records accepted since the beginning.';
COMMENT ON COLUMN pipeline.progress.repeated IS 'Records dropped because their lane number had been accepted before.';
COMMENT ON COLUMN pipeline.progress.active IS 'Content hash of the version (model, feature set) in force at next_offset.';

-- How far each unit has come in source time, for keeping in step. Advisory: losing it costs time, not truth.
CREATE TABLE pipeline.frontier (
    stage     text    NOT NULL,
    partition integer NOT NULL,
    step      bigint  NOT NULL,
    position  bigint  NOT NULL,
    PRIMARY KEY (stage, partition)
) WITH (fillfactor = 50);
COMMENT ON COLUMN pipeline.frontier.step IS 'No output of an earlier step of source time will come from this unit any more.';
COMMENT ON COLUMN pipeline.frontier.position IS 'Offset below which all outputs are acknowledged by the broker.';

CREATE TABLE pipeline.replica (
    stage      text        NOT NULL,
    owner      text        NOT NULL,
    deadline   timestamptz NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    loaded     bytea[]     NOT NULL DEFAULT '{}',
    PRIMARY KEY (stage, owner)
) WITH (fillfactor = 50);
COMMENT ON COLUMN pipeline.replica.loaded IS 'Content hashes of the versions this replica can switch to.';

CREATE TABLE pipeline.snapshot (
    stage       text        NOT NULL,
    partition   integer     NOT NULL,
    next_offset bigint      NOT NULL,
    code        text        NOT NULL,
    checksum    bytea       NOT NULL,
    content     bytea       NOT NULL,
    taken_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stage, partition, next_offset)
);
ALTER TABLE pipeline.snapshot ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE pipeline.genesis (
    stage    text        PRIMARY KEY,
    artifact bytea       NOT NULL,
    set_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pipeline.genesis IS 'The version a stage began with; set once, before its first record is folded.';

CREATE TABLE pipeline.activation (
    stage      text        NOT NULL,
    sequence   bigint      NOT NULL,
    artifact   bytea       NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_by   text        NOT NULL DEFAULT session_user,
    sent_at    timestamptz,
    PRIMARY KEY (stage, sequence)
);
COMMENT ON TABLE pipeline.activation IS 'Control records, by their number in the control lane of the stage''s input partitions.';

CREATE TABLE pipeline.digest (
    stage     text    NOT NULL,
    day       date    NOT NULL,
    partition integer NOT NULL,
    records   bigint  NOT NULL,
    digest    numeric(39) NOT NULL,
    PRIMARY KEY (stage, day, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE pipeline.digest IS 'Sum modulo 2^128 of the content hashes of a day: equal for runs that said the same, in whatever order.';

CREATE TABLE pipeline.incident (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    stage     text        NOT NULL,
    partition integer,
    replica   text        NOT NULL,
    kind      text        NOT NULL,
    detail    text        NOT NULL
);
